/**
 * A strict reading of Snort 3 and Snort 2.9 rules, written after their manuals: known header services, known options,
 * each with the form of its argument. Snort itself is laxer in places and silent about rules that can never fire, so
 * this refuses what it accepts: unknown services, backslashes in contents, the old modifiers in Snort 3.
 */
import assert from "node:assert/strict";

export interface Option {
  readonly name: string;
  readonly argument: string;
}

export interface Rule {
  readonly protocol: string;
  readonly header: string;
  readonly options: readonly Option[];
}

const CONTENT = String.raw`"(?:[^"\\;|]|\|[0-9a-f]{2}(?: [0-9a-f]{2})*\|)+"`;
const REGEX = String.raw`"/(?:[^"/;\\]|\\[.\[\]drnsx])+/[A-Za-z]*"`;

const COMMON: Readonly<Record<string, RegExp>> = {
  msg: /^"[^";\\|]+"$/,
  flow: /^(?:established,)?to_server$/,
  ssl_state: /^client_hello$/,
  flowbits: /^(?:set|isnotset),[a-z.]+$/,
  reference: /^url,www\.virustotal\.com\/gui\/[^\s;]+$/,
  classtype: /^(?:trojan-activity|bad-unknown)$/,
  sid: /^[1-9]\d{0,9}$/,
  rev: /^[1-9]\d*$/,
  metadata: /^[a-z_]+ [^\s,;]+(?:, [a-z_]+ [^\s,;]+)*$/,
};

const GRAMMARS = {
  snort3: {
    services: ["tcp", "udp", "http", "ssl"],
    options: {
      ...COMMON,
      // Modifiers stand in the content's own argument, separated by commas.
      content: new RegExp(`^${CONTENT}(?:,(?:nocase|fast_pattern|offset \\d+|depth \\d+))*$`),
      pcre: new RegExp(`^${REGEX}$`),
      flags: /^S,CE$/,
      http_header: /^field (?:host|user-agent)$/,
      http_raw_uri: /^$/,
      bufferlen: /^\d+$/,
    } as Readonly<Record<string, RegExp>>,
  },
  snort2: {
    services: ["tcp", "udp"],
    options: {
      ...COMMON,
      content: new RegExp(`^${CONTENT}$`),
      nocase: /^$/,
      fast_pattern: /^$/,
      offset: /^\d+$/,
      depth: /^\d+$/,
      http_header: /^$/,
      http_raw_uri: /^$/,
      urilen: /^\d+,raw$/,
      pcre: new RegExp(`^${REGEX}$`),
      byte_test: /^1,!&,0xF8,[24]$/,
      flags: /^S,12$/,
    } as Readonly<Record<string, RegExp>>,
  },
} as const;

const ADDRESS = String.raw`(?:\$HOME_NET|\$EXTERNAL_NET|any|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])`;
const PORT = String.raw`(?:any|\$HTTP_PORTS|\d{1,5})`;

export function parseRule(line: string, format: string): Rule {
  const grammar = GRAMMARS[format as keyof typeof GRAMMARS];
  assert.match(line, /^[\x20-\x7e]+$/, "not printable ASCII");
  const match = new RegExp(`^alert ([a-z]+) (${ADDRESS} ${PORT} -> ${ADDRESS} ${PORT}) \\((.*)\\)$`).exec(line);
  assert.ok(match, `no rule header: ${line.slice(0, 120)}`);
  const [, protocol = "", header = "", body = ""] = match;
  assert.ok((grammar.services as readonly string[]).includes(protocol), `unknown service ${protocol}`);
  const options = splitOptions(body);
  for (const { name, argument } of options) {
    assert.ok(Object.hasOwn(grammar.options, name), `unknown option ${name}`);
    assert.match(argument, grammar.options[name] as RegExp, `bad argument of ${name}`);
  }
  for (const name of ["msg", "classtype", "sid", "rev", "metadata"]) {
    assert.equal(options.filter((option) => option.name === name).length, 1, `${name} must stand once`);
  }
  assertFastPattern(options, format);
  return { protocol, header, options };
}

/** Options end at `;` outside quotes. */
function splitOptions(body: string): Option[] {
  const options: Option[] = [];
  let rest = body;
  while (rest !== "") {
    const match = /^([a-z_0-9]+)(?::((?:"[^"]*"|[^";])*))?; ?/.exec(rest);
    assert.ok(match, `no option: ${rest.slice(0, 80)}`);
    options.push({ name: match[1] as string, argument: match[2] ?? "" });
    rest = rest.slice(match[0].length);
  }
  return options;
}

/** One fast pattern where there is a content; Snort 2.9 refuses it on raw buffers. */
function assertFastPattern(options: readonly Option[], format: string): void {
  const contents = options.filter(({ name }) => name === "content");
  if (contents.length === 0) return;
  if (format === "snort3") {
    assert.equal(contents.filter(({ argument }) => argument.includes(",fast_pattern")).length, 1);
    return;
  }
  const at = options.findIndex(({ name }) => name === "fast_pattern");
  const start = options.slice(0, at).findLastIndex(({ name }) => name === "content");
  assert.ok(at > 0 && start >= 0, "no fast pattern");
  assert.ok(!options.slice(start, at).some(({ name }) => name === "http_raw_uri"), "fast pattern on a raw buffer");
}
