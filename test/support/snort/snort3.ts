/** The strict grammar of Snort 3 rules, after its manual and what its parser accepts in silence. */
import {
  checkByteJump,
  checkCommon,
  checkFlow,
  checkFlowbits,
  checkPosition,
  checkRegex,
  isWithin,
  type Option,
  patternBytes,
  type Rule,
  readRule,
  refuse,
} from "./read.ts";

const PROTOCOLS = new Set(["ip", "tcp", "udp", "icmp"]);

/** Services of the stock wizard and binder. Any other word loads and never fires: `tls`, `quic`. */
const SERVICES = new Set(
  (
    "cip dce_http_proxy dce_http_server dcerpc dnp3 dns file ftp ftp-data gtp http http2 http3 iec104 imap mms modbus " +
    "netbios-ssn netflow opcua pop3 s7commplus sip smtp socks ssh ssl sunrpc telnet"
  ).split(" "),
);

const OLD_MODIFIERS = new Set([
  "nocase",
  "offset",
  "depth",
  "distance",
  "within",
  "fast_pattern",
  "rawbytes",
  "urilen",
]);

const URI_PARTS = "(?:scheme|host|port|path|query|fragment)";
/** Buffers of the HTTP inspector and the parameters that each takes. */
const HTTP_BUFFERS: Readonly<Record<string, RegExp>> = {
  http_client_body: /^$/,
  http_cookie: /^$/,
  http_header: /^(?:field [a-z0-9-]+)?$/,
  http_method: /^$/,
  http_raw_cookie: /^$/,
  http_raw_header: /^(?:field [a-z0-9-]+)?$/,
  http_raw_request: /^$/,
  http_raw_uri: new RegExp(`^${URI_PARTS}?$`),
  http_uri: new RegExp(`^${URI_PARTS}?$`),
  http_version: /^$/,
};

/** State while the options are read in order: which buffer, and what was matched in it. */
interface Reading {
  readonly rule: Rule;
  buffer: string;
  fastPatterns: number;
  contents: number;
  hasMatch: boolean;
  pattern?: { readonly bytes: number; readonly isPlaced: boolean };
}

export function checkSnort3(line: string): Rule {
  const rule = readRule(line);
  if (!PROTOCOLS.has(rule.protocol) && !SERVICES.has(rule.protocol)) refuse(`unknown service ${rule.protocol}`);
  const reading: Reading = { rule, buffer: "pkt_data", fastPatterns: 0, contents: 0, hasMatch: false };
  for (const option of rule.options) {
    if (OLD_MODIFIERS.has(option.name)) refuse(`${option.name} is an option of Snort 2; here it stands in content`);
    if (Object.hasOwn(HTTP_BUFFERS, option.name)) enterBuffer(reading, option);
    else if (Object.hasOwn(OPTIONS, option.name)) OPTIONS[option.name]?.(option.argument, reading);
    else refuse(`unknown option ${option.name}`);
  }
  checkCommon(rule);
  if (reading.contents > 0 && reading.fastPatterns !== 1) refuse(`${reading.fastPatterns} fast patterns`);
  return rule;
}

function enterBuffer(reading: Reading, { name, argument }: Option): void {
  if (reading.rule.protocol !== "http") refuse(`${name} without the service http`);
  if (!HTTP_BUFFERS[name]?.test(argument)) refuse(`${name} does not take ${argument}`);
  reading.buffer = name;
  reading.hasMatch = false;
  delete reading.pattern;
}

const described = () => {};

const OPTIONS: Readonly<Record<string, (argument: string, reading: Reading) => void>> = {
  msg: described,
  gid: described,
  sid: described,
  rev: described,
  classtype: described,
  reference: described,
  metadata: described,
  flow: checkFlow,
  flowbits: checkFlowbits,
  flags: (argument) => {
    if (!/^[!*+]?[FSRPAU0CE]+(?:,[FSRPAUCE]+)?$/.test(argument)) refuse(`not flags: ${argument}`);
  },
  ssl_state: (argument, { rule }) => {
    if (rule.protocol !== "ssl") refuse("ssl_state without the service ssl");
    for (const state of argument.split(",")) {
      if (!/^!?(?:client_hello|server_hello|client_keyx|server_keyx|unknown)$/.test(state))
        refuse(`no state: ${state}`);
    }
  },
  content: readContent,
  pcre: (argument, reading) => {
    checkRegex(argument, "ismxAEGRO");
    reading.hasMatch = true;
  },
  byte_jump: (argument, { hasMatch }) => checkByteJump(argument, hasMatch),
  bufferlen: (argument, reading) => {
    if (!isWithin(argument, 1, 65_535)) refuse(`bufferlen is no number: ${argument}`);
    if (reading.buffer === "pkt_data") refuse("bufferlen of the whole packet");
    const { pattern } = reading;
    if (!pattern) refuse("bufferlen without a content before it");
    if (Number(argument) < pattern.bytes) refuse("bufferlen is shorter than its content: it never matches");
    if (!pattern.isPlaced && Number(argument) !== pattern.bytes) refuse("bufferlen is not that of its content");
  },
};

function readContent(argument: string, reading: Reading): void {
  const match = /^(!?"[^"]*")(?:,(.*))?$/.exec(argument);
  if (!match) refuse(`content is not one quoted pattern: ${argument}`);
  const bytes = patternBytes(match[1] as string).length;
  const limits = new Map<string, string>();
  const words = new Set<string>();
  for (const modifier of match[2]?.split(",") ?? []) {
    const [name = "", value, ...more] = modifier.split(" ");
    if (words.has(name)) refuse(`${name} stands twice`);
    words.add(name);
    if (name === "nocase" || name === "fast_pattern") {
      if (value !== undefined) refuse(`${name} takes no value`);
    } else if (["offset", "depth", "distance", "within"].includes(name) && value !== undefined && more.length === 0) {
      limits.set(name, value);
    } else {
      refuse(`content does not take ${modifier}`);
    }
  }
  checkPosition(limits, bytes, reading.hasMatch);
  if (words.has("fast_pattern")) {
    if ((match[1] as string).startsWith("!")) refuse("a negated fast pattern");
    reading.fastPatterns += 1;
  }
  reading.contents += 1;
  reading.hasMatch = true;
  reading.pattern = { bytes, isPlaced: limits.size > 0 };
}

/** A rule that names an inspector's event: no network header, a gid of the inspector. */
export function checkSnort3Stub(line: string): void {
  if (!/^alert \( msg:"RULEWRIGHT [^";\\|]+"; gid:136; sid:[1346]; rev:1; classtype:trojan-activity; \)$/.test(line)) {
    refuse(`not a stub of a reputation event: ${line}`);
  }
}
