/**
 * Reads one line as a Snort rule: header and options, split as both parsers split them, and the checks that Snort 3 and
 * Snort 2.9 share. Every refusal names its cause. Stricter than Snort where Snort is silent about a rule that can never
 * fire or that means something else.
 */
import { isIPv4, isIPv6 } from "node:net";

export interface Option {
  readonly name: string;
  readonly argument: string;
}

export interface Rule {
  readonly protocol: string;
  readonly source: readonly [address: string, port: string];
  readonly destination: readonly [address: string, port: string];
  readonly options: readonly Option[];
}

export class RuleError extends Error {}

export function refuse(cause: string): never {
  throw new RuleError(cause);
}

/** Variables of the stock configuration of both. */
const NETWORKS = new Set(["HOME_NET", "EXTERNAL_NET", "DNS_SERVERS", "SMTP_SERVERS", "HTTP_SERVERS"]);
const PORTS = new Set(["HTTP_PORTS", "FTP_PORTS", "SSH_PORTS", "FILE_DATA_PORTS"]);

/** Classes in the classification that Snort 3 and Snort 2.9 both ship. */
const CLASSTYPES = new Set(
  (
    "attempted-admin attempted-dos attempted-recon attempted-user bad-unknown default-login-attempt denial-of-service " +
    "misc-activity misc-attack network-scan non-standard-protocol not-suspicious policy-violation protocol-command-decode " +
    "shellcode-detect string-detect successful-admin successful-dos successful-user suspicious-login system-call-detect " +
    "trojan-activity unknown web-application-activity web-application-attack"
  ).split(" "),
);

export function readRule(line: string): Rule {
  if (!/^[\x20-\x7e]*$/.test(line)) refuse("not printable ASCII on one line");
  const header = /^(\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) \((.*)\)$/.exec(line);
  if (!header) refuse("no header of seven words and a body in parentheses");
  const [, action, protocol, from, fromPort, direction, to, toPort, body] = header as unknown as string[];
  if (action !== "alert") refuse(`unknown action ${action}`);
  if (direction !== "->" && direction !== "<>") refuse(`unknown direction ${direction}`);
  for (const address of [from, to]) checkAddress(address as string);
  for (const port of [fromPort, toPort]) checkPort(port as string);
  return {
    protocol: protocol as string,
    source: [from as string, fromPort as string],
    destination: [to as string, toPort as string],
    options: splitOptions(body as string),
  };
}

function checkAddress(text: string): void {
  const plain = text.replace(/^!/, "");
  if (plain === "any") return;
  if (plain.startsWith("$")) {
    if (!NETWORKS.has(plain.slice(1))) refuse(`unknown variable ${plain}`);
    return;
  }
  const list = /^\[(.+)\]$/.exec(plain)?.[1]?.split(",") ?? [plain];
  for (const entry of list) {
    const [address = "", bits, ...more] = entry.split("/");
    const version = isIPv4(address) ? 32 : isIPv6(address) ? 128 : refuse(`not an address: ${entry}`);
    if (more.length > 0 || (bits !== undefined && !isWithin(bits, 0, version))) refuse(`no such prefix: ${entry}`);
    if (version === 128 && !plain.startsWith("[")) refuse(`IPv6 without brackets: ${entry}`);
  }
}

function checkPort(text: string): void {
  if (text === "any") return;
  if (text.startsWith("$")) {
    if (!PORTS.has(text.slice(1))) refuse(`unknown variable ${text}`);
    return;
  }
  for (const port of text.replace(/^!|^\[|\]$/g, "").split(/[,:]/)) {
    if (!isWithin(port, 0, 65_535)) refuse(`not a port: ${port}`);
  }
}

export function isWithin(digits: string, lowest: number, highest: number): boolean {
  return /^(?:0|[1-9]\d*)$/.test(digits) && Number(digits) >= lowest && Number(digits) <= highest;
}

/** Options end at a `;` outside quotes; the last one too. */
function splitOptions(body: string): Option[] {
  const options: Option[] = [];
  let rest = body.trim();
  while (rest !== "") {
    const match = /^([a-z_0-9.]+)(?::((?:"[^"]*"|[^";])*))?; */.exec(rest);
    if (!match) refuse(`no option that ends with a semicolon: ${rest.slice(0, 60)}`);
    options.push({ name: match[1] as string, argument: (match[2] ?? "").trim() });
    rest = rest.slice(match[0].length);
  }
  return options;
}

/** Checks that are the same in both: numbers, texts, and what must stand once. */
export function checkCommon({ options }: Rule): void {
  for (const name of ["msg", "sid", "rev", "classtype"]) {
    const count = options.filter((option) => option.name === name).length;
    if (count !== 1) refuse(`${name} stands ${count} times`);
  }
  for (const { name, argument } of options) COMMON[name]?.(argument);
}

const COMMON: Readonly<Record<string, (argument: string) => void>> = {
  msg: (text) => {
    if (!/^"[^"]*"$/.test(text)) refuse("msg is not one quoted text");
    if (/[;\\|]/.test(text)) refuse("msg holds a character that maps and parsers give a meaning");
  },
  sid: (digits) => {
    if (!isWithin(digits, 1, 2 ** 32 - 1)) refuse(`sid out of range: ${digits}`);
  },
  gid: (digits) => {
    if (!isWithin(digits, 1, 8129)) refuse(`gid out of range: ${digits}`);
  },
  rev: (digits) => {
    if (!isWithin(digits, 1, 2 ** 32 - 1)) refuse(`rev out of range: ${digits}`);
  },
  classtype: (name) => {
    if (!CLASSTYPES.has(name)) refuse(`no stock classtype: ${name}`);
  },
  reference: (text) => {
    if (/^url,https?:\/\//.test(text)) refuse("reference repeats the scheme");
    if (!/^url,[a-z0-9.-]+\/[^\s,]*$/.test(text)) refuse(`not a reference: ${text}`);
  },
  metadata: (text) => {
    for (const entry of text.split(", ")) {
      if (!/^[a-z_-]+ [^\s,]+$/.test(entry)) refuse(`metadata is not a key and a value: ${entry}`);
    }
    checkTokens(text);
  },
};

/** What Snort reads as something else outside quotes, at the start of a token or anywhere. */
function checkTokens(text: string): void {
  if (text.includes("$")) refuse("a $ outside quotes is a variable to Snort 2.9");
  if (text.includes("\\")) refuse("a backslash outside quotes is eaten");
  for (const token of text.split(/[\s(:,;)]+/)) {
    if (/^(?:#|\/\*)/.test(token)) refuse(`Snort 3 reads a comment to its end: ${token}`);
    if (token.startsWith("!")) refuse(`Snort 3 reads a negation: ${token}`);
  }
  if (!/^[^[\]]*(?:\[[^[\]]*\][^[\]]*)*$/.test(text)) refuse("Snort 3 reads an open list to the end of the file");
}

/** Bytes of a content pattern in quotes, `!` before it taken off; hex between bars, no backslash anywhere. */
export function patternBytes(quoted: string): Buffer {
  const text = /^!?"([^"]*)"$/.exec(quoted)?.[1] ?? refuse(`content is not one quoted pattern: ${quoted}`);
  if (text === "") refuse("empty content");
  if (text.includes("\\")) refuse("a backslash in a content is eaten");
  if (text.includes(";")) refuse("a semicolon in a content ends the option in Snort 2.9");
  const parts = text.split("|");
  if (parts.length % 2 === 0) refuse("a bar without its pair");
  const bytes = Buffer.concat(
    parts.map((part, index) => {
      if (index % 2 === 0) return Buffer.from(part, "ascii");
      if (!/^[0-9a-fA-F]{2}(?: ?[0-9a-fA-F]{2})*$/.test(part)) refuse(`not hex bytes: |${part}|`);
      return Buffer.from(part.replaceAll(" ", ""), "hex");
    }),
  );
  if (bytes.length > 2047) refuse("a pattern of more than 2047 bytes");
  return bytes;
}

/** A regular expression between slashes: its body compiles, its flags are among those allowed. */
export function checkRegex(quoted: string, flags: string): void {
  const match = /^!?"\/(.+)\/([A-Za-z]*)"$/.exec(quoted);
  if (!match) refuse(`not a regular expression between slashes: ${quoted}`);
  for (const flag of match[2] as string) if (!flags.includes(flag)) refuse(`unknown pcre flag ${flag}`);
  if ((match[1] as string).includes(";")) refuse("a semicolon in a pcre ends it");
  try {
    new RegExp(match[1] as string);
  } catch {
    refuse(`a regular expression that does not compile: ${match[1]}`);
  }
}

const FLOW = new Set([
  "established",
  "not_established",
  "stateless",
  "to_server",
  "to_client",
  "from_server",
  "from_client",
]);

export function checkFlow(argument: string): void {
  const words = argument.split(",");
  for (const word of words) if (!FLOW.has(word)) refuse(`unknown flow: ${word}`);
  if (words.filter((word) => /^(?:to|from)_/.test(word)).length > 1) refuse("flow names two directions");
}

export function checkFlowbits(argument: string): void {
  if (!/^(?:set|unset|isset|isnotset|noalert)(?:,[a-z0-9._-]+)?$/i.test(argument)) refuse(`not flowbits: ${argument}`);
}

/** Position limits of one content: none twice, absolute and relative not mixed, none shorter than the pattern. */
export function checkPosition(limits: ReadonlyMap<string, string>, length: number, hasEarlierMatch: boolean): void {
  for (const [name, value] of limits) {
    const lowest = name === "depth" || name === "within" ? length : -65_535;
    if (!/^-?\d+$/.test(value) || Number(value) < lowest || Number(value) > 65_535) {
      refuse(`${name} ${value} is out of range for a pattern of ${length} bytes`);
    }
  }
  const isRelative = limits.has("distance") || limits.has("within");
  if (isRelative && (limits.has("offset") || limits.has("depth"))) refuse("absolute and relative position mixed");
  if (isRelative && !hasEarlierMatch) refuse("relative position without an earlier match");
}

/** A jump over as many bytes as the bytes at the cursor say. */
export function checkByteJump(argument: string, hasEarlierMatch: boolean): void {
  const [count = "", offset = "", ...words] = argument.split(",");
  if (!isWithin(count, 1, 10)) refuse(`byte_jump reads no ${count} bytes`);
  if (!/^-?\d{1,5}$/.test(offset)) refuse(`byte_jump has no offset ${offset}`);
  for (const word of words) {
    if (!/^(?:relative|big|little|align|from_beginning)$/.test(word)) refuse(`byte_jump does not take ${word}`);
  }
  if (words.includes("relative") && !hasEarlierMatch) refuse("relative byte_jump without an earlier match");
}
