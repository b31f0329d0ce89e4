/** The strict grammar of Snort 2.9 rules, after its manual. Its options that are not listed are not used here. */
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
const SERVICES = new Set("dns http ssl smtp ftp imap pop3 ssh telnet".split(" "));

/** Modifiers of the content before them, and whether a fast pattern may stand there. */
const BUFFERS: Readonly<Record<string, boolean>> = {
  http_client_body: true,
  http_cookie: false,
  http_header: true,
  http_method: false,
  http_raw_cookie: false,
  http_raw_header: false,
  http_raw_uri: false,
  http_uri: true,
};

interface Pattern {
  readonly bytes: number;
  readonly isNegated: boolean;
  readonly hasEarlierMatch: boolean;
  readonly limits: Map<string, string>;
  readonly words: Set<string>;
}

interface Reading {
  readonly rule: Rule;
  readonly patterns: Pattern[];
  hasMatch: boolean;
}

export function checkSnort2(line: string): Rule {
  const rule = readRule(line);
  if (!PROTOCOLS.has(rule.protocol)) refuse(`unknown protocol ${rule.protocol}`);
  const reading: Reading = { rule, patterns: [], hasMatch: false };
  for (const option of rule.options) {
    if (isModifier(option)) modify(reading, option);
    else if (Object.hasOwn(OPTIONS, option.name)) OPTIONS[option.name]?.(option.argument, reading);
    else refuse(`unknown option ${option.name}`);
  }
  checkCommon(rule);
  checkPatterns(reading);
  return rule;
}

function isModifier({ name }: Option): boolean {
  return Object.hasOwn(BUFFERS, name) || /^(?:nocase|fast_pattern|offset|depth|distance|within)$/.test(name);
}

function modify({ patterns }: Reading, { name, argument }: Option): void {
  const pattern = patterns.at(-1) ?? refuse(`${name} without a content before it`);
  if (pattern.words.has(name) || pattern.limits.has(name)) refuse(`${name} stands twice`);
  if (/^(?:offset|depth|distance|within)$/.test(name)) {
    pattern.limits.set(name, argument);
    return;
  }
  if (argument !== "" && !(name === "fast_pattern" && argument === "only")) refuse(`${name} does not take ${argument}`);
  pattern.words.add(name);
}

function checkPatterns({ patterns }: Reading): void {
  for (const { bytes, hasEarlierMatch, limits } of patterns) checkPosition(limits, bytes, hasEarlierMatch);
  if (patterns.length === 0) return;
  const fast = patterns.filter(({ words }) => words.has("fast_pattern"));
  if (fast.length !== 1) refuse(`${fast.length} fast patterns`);
  const { words, isNegated } = fast[0] as Pattern;
  if (isNegated) refuse("a negated fast pattern");
  for (const word of words) if (BUFFERS[word] === false) refuse(`a fast pattern on ${word}`);
}

const described = () => {};

const OPTIONS: Readonly<Record<string, (argument: string, reading: Reading) => void>> = {
  msg: described,
  gid: described,
  sid: described,
  rev: described,
  classtype: described,
  reference: described,
  metadata: (text, { rule }) => {
    for (const [, service = ""] of text.matchAll(/(?:^|, )service ([^\s,]+)/g)) {
      if (!SERVICES.has(service)) refuse(`unknown service ${service}`);
      if (rule.protocol === "ip") refuse("a service on the protocol ip");
    }
  },
  flow: checkFlow,
  flowbits: checkFlowbits,
  flags: (argument) => {
    if (!/^[!*+]?[FSRPAU012CE]+(?:,[FSRPAU12CE]+)?$/.test(argument)) refuse(`not flags: ${argument}`);
  },
  ssl_state: (argument) => {
    if (!/^(?:client_hello|server_hello|client_keyx|server_keyx|unknown)$/.test(argument)) {
      refuse(`no state: ${argument}`);
    }
  },
  urilen: (argument) => {
    if (!/^(?:[<>]?\d{1,5}|\d{1,5}<>\d{1,5})(?:,(?:raw|norm))?$/.test(argument)) refuse(`not a urilen: ${argument}`);
  },
  content: (argument, reading) => {
    reading.patterns.push({
      bytes: patternBytes(argument).length,
      isNegated: argument.startsWith("!"),
      hasEarlierMatch: reading.hasMatch,
      limits: new Map(),
      words: new Set(),
    });
    reading.hasMatch = true;
  },
  pcre: (argument, reading) => {
    checkRegex(argument, "ismxAEGROUIPHDMCKSYB");
    reading.hasMatch = true;
  },
  byte_test: (argument) => {
    const [count = "", operator = "", value = "", offset = "", ...words] = argument.split(",");
    if (!isWithin(count, 1, 10)) refuse(`byte_test reads no ${count} bytes`);
    if (!/^!?[<>=&^]$/.test(operator)) refuse(`byte_test has no operator ${operator}`);
    if (!/^(?:0x[0-9A-Fa-f]{1,8}|\d{1,10})$/.test(value)) refuse(`byte_test has no value ${value}`);
    if (!/^-?\d{1,5}$/.test(offset)) refuse(`byte_test has no offset ${offset}`);
    for (const word of words) if (!/^(?:relative|big|little)$/.test(word)) refuse(`byte_test does not take ${word}`);
  },
  byte_jump: (argument, { hasMatch }) => checkByteJump(argument, hasMatch),
};
