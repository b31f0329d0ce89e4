/**
 * The subset of the VT Intelligence query language that hunts are written in: words, phrases, `modifier:value`,
 * AND / OR / NOT, parentheses. A space is AND. A modifier that is not listed is an error, so that a query a test relies
 * on is never quietly true.
 *
 * Source: the search modifier pages of docs.virustotal.com. Dates are UTC; `N-` is strictly less.
 */
import { ApiError } from "./api-error.ts";
import type { VtBody, VtDescriptor } from "./objects.ts";

export type Entity = "file" | "domain" | "ip" | "url";

/** What a query is asked of: the object as it is now, and for files what hangs on it. */
export interface Subject {
  readonly object: VtBody;
  readonly reports: readonly VtBody[];
  readonly relationships: Readonly<Record<string, readonly VtDescriptor[]>>;
}

export interface Query {
  readonly entity: Entity;
  matches(subject: Subject): boolean;
}

type Test = (subject: Subject) => boolean;

/** Parses a query; `now` (epoch seconds) is what relative dates count from. Throws BadRequestError. */
export function parseQuery(text: string, now: number): Query {
  const tokens = tokenise(text);
  const entity = entityOf(tokens);
  const rest = tokens.filter((token) => !(token.kind === "term" && token.modifier === "entity"));
  if (rest.length === 0) return { entity, matches: () => true };
  const reader = { tokens: rest, at: 0, entity, now };
  const matches = parseOr(reader);
  if (reader.at < rest.length) throw invalid("unbalanced parenthesis");
  return { entity, matches };
}

function invalid(what: string): ApiError {
  return new ApiError("BadRequestError", `Invalid search query: ${what}`);
}

type Token = { readonly kind: "(" | ")" | "AND" | "OR" | "NOT" } | Term;

interface Term {
  readonly kind: "term";
  readonly modifier?: string;
  readonly value: string;
}

const TOKEN = /\s*(?:([()])|"([^"]*)"|([A-Za-z_0-9-]+):(?:"([^"]*)"([+-]?)|([^\s()]*))|([^\s()"]+))/y;

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  const source = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (!match) throw invalid("unbalanced quotes");
    const [, bracket, phrase, modifier, quoted, sign, plain, word] = match;
    if (bracket) tokens.push({ kind: bracket as "(" | ")" });
    else if (phrase !== undefined) tokens.push({ kind: "term", value: phrase });
    else if (modifier)
      tokens.push({ kind: "term", modifier: modifier.toLowerCase(), value: (quoted ?? plain ?? "") + (sign ?? "") });
    else if (/^(?:and|or|not)$/i.test(word as string)) tokens.push({ kind: (word as string).toUpperCase() as "AND" });
    else tokens.push({ kind: "term", value: word as string });
  }
  return tokens;
}

function entityOf(tokens: readonly Token[]): Entity {
  const named =
    tokens.find((token): token is Term => token.kind === "term" && token.modifier === "entity")?.value ?? "file";
  const entity = named === "ip_address" ? "ip" : named;
  if (entity === "file" || entity === "domain" || entity === "ip" || entity === "url") return entity;
  throw new ApiError("BadRequestError", `Invalid entity "${named}"`);
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
  readonly entity: Entity;
  readonly now: number;
}

function parseOr(reader: Reader): Test {
  const tests = [parseAnd(reader)];
  while (reader.tokens[reader.at]?.kind === "OR") {
    reader.at += 1;
    tests.push(parseAnd(reader));
  }
  return (subject) => tests.some((test) => test(subject));
}

function parseAnd(reader: Reader): Test {
  const tests: Test[] = [];
  for (;;) {
    const kind = reader.tokens[reader.at]?.kind;
    if (kind === "AND") reader.at += 1;
    else if (kind === undefined || kind === "OR" || kind === ")") break;
    else tests.push(parseNot(reader));
  }
  if (tests.length === 0) throw invalid("an operator without a term");
  return (subject) => tests.every((test) => test(subject));
}

function parseNot(reader: Reader): Test {
  const token = reader.tokens[reader.at];
  reader.at += 1;
  if (token?.kind === "NOT") {
    const test = parseNot(reader);
    return (subject) => !test(subject);
  }
  if (token?.kind === "(") {
    const test = parseOr(reader);
    if (reader.tokens[reader.at]?.kind !== ")") throw invalid("unbalanced parenthesis");
    reader.at += 1;
    return test;
  }
  if (token?.kind !== "term") throw invalid("an operator without a term");
  return termTest(token, reader);
}

function termTest({ modifier, value }: Term, { entity, now }: Reader): Test {
  if (modifier === undefined) return wordTest(value);
  const make = (entity === "file" ? FILE_MODIFIERS : NETWORK_MODIFIERS)[modifier] ?? COMMON_MODIFIERS[modifier];
  if (make) return make(value, now);
  if (entity === "file" && ENGINE.test(modifier)) return engineTest(modifier, value);
  throw new ApiError("BadRequestError", `Invalid search modifier "${modifier}"`);
}

type Make = (value: string, now: number) => Test;

const attribute = ({ object }: Subject, name: string): unknown => object.attributes[name];
const lower = (value: unknown): string =>
  (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).toLowerCase();

/** A bare word: a hash, or text in names, tags and labels. */
function wordTest(value: string): Test {
  const wanted = value.toLowerCase();
  return (subject) => {
    const { object } = subject;
    if (object.id === wanted || attribute(subject, "md5") === wanted || attribute(subject, "sha1") === wanted)
      return true;
    return (
      ["names", "meaningful_name", "tags", "type_tags", "popular_threat_classification", "url"].some((name) =>
        lower(attribute(subject, name)).includes(wanted),
      ) || object.id.includes(wanted)
    );
  };
}

/** `5+` at least, `5-` strictly below, `5` exactly; units KB, MB, GB. */
function numberTest(value: string, read: (subject: Subject) => number | undefined): Test {
  const match = /^([0-9]+(?:\.[0-9]+)?)(KB|MB|GB)?([+-]?)$/i.exec(value);
  if (!match) throw invalid(`"${value}" is not a number`);
  const unit = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[(match[2] ?? "").toUpperCase()] ?? 1;
  const wanted = Number(match[1]) * unit;
  return (subject) => {
    const found = read(subject);
    if (found === undefined) return false;
    return match[3] === "+" ? found >= wanted : match[3] === "-" ? found < wanted : found === wanted;
  };
}

const SECONDS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** `2026-10-01+`, `2026-10-01T12:30:00-`, `3d+` (the last three days); without a sign that day or second. */
function dateTest(value: string, now: number, name: string): Test {
  const relative = /^([0-9]+)([dhms])([+-]?)$/.exec(value);
  const absolute = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z?)?([+-]?)$/.exec(value);
  if (!relative && !absolute) throw invalid(`"${value}" is not a date`);
  const from = relative
    ? now - Number(relative[1]) * SECONDS[relative[2] as "d"]
    : Date.parse(`${absolute?.[1]}${(absolute?.[2] ?? "T00:00:00").replace("Z", "")}Z`) / 1000;
  if (Number.isNaN(from)) throw invalid(`"${value}" is not a date`);
  const sign = relative?.[3] ?? absolute?.[3];
  const span = absolute?.[2] ? 1 : SECONDS.d;
  return (subject) => {
    const found = attribute(subject, name);
    if (typeof found !== "number") return false;
    return sign === "+" ? found >= from : sign === "-" ? found < from : found >= from && found < from + span;
  };
}

const positives = (subject: Subject) =>
  (attribute(subject, "last_analysis_stats") as { malicious?: number } | undefined)?.malicious;
const dated =
  (name: string): Make =>
  (value, now) =>
    dateTest(value, now, name);
const counted =
  (name: string): Make =>
  (value) =>
    numberTest(value, (subject) => attribute(subject, name) as number | undefined);
const equals =
  (read: (subject: Subject) => unknown): Make =>
  (value) =>
  (subject) =>
    lower(read(subject)) === value.toLowerCase();
const contains = (read: (subject: Subject) => unknown): Make => {
  return (value) => {
    const parts = value.toLowerCase().split("*").filter(Boolean);
    return (subject) => {
      const text = lower(read(subject));
      return parts.every((part) => text.includes(part));
    };
  };
};
const reported = (...keys: readonly string[]) =>
  contains(({ reports }) => reports.flatMap(({ attributes }) => keys.map((key) => attributes[key])));

const COMMON_MODIFIERS: Readonly<Record<string, Make>> = {
  p: (value) => numberTest(value, positives),
  positives: (value) => numberTest(value, positives),
  la: dated("last_analysis_date"),
  tag: (value) => (subject) =>
    ((attribute(subject, "tags") as string[] | undefined) ?? []).includes(value.toLowerCase()),
  gti_score: (value) =>
    numberTest(
      value,
      (subject) =>
        (attribute(subject, "gti_assessment") as { threat_score: { value: number } } | undefined)?.threat_score.value,
    ),
  gti_verdict: contains(
    (subject) =>
      (attribute(subject, "gti_assessment") as { verdict: { value: string } } | undefined)?.verdict.value ?? "",
  ),
};

const peInfo = (subject: Subject) =>
  attribute(subject, "pe_info") as
    | { imphash?: string; sections?: readonly { name: string; md5: string }[] }
    | undefined;
const relationship =
  (name: string): Test =>
  ({ relationships }) =>
    (relationships[name]?.length ?? 0) > 0;
const reportHas =
  (...keys: readonly string[]): Test =>
  ({ reports }) =>
    reports.some(({ attributes }) => keys.some((key) => Object.hasOwn(attributes, key)));

const HAVE: Readonly<Record<string, Test>> = {
  behaviour: ({ reports }) => reports.length > 0,
  behavior: ({ reports }) => reports.length > 0,
  behaviour_network: reportHas("dns_lookups", "ip_traffic", "http_conversations"),
  contacted_domains: relationship("contacted_domains"),
  contacted_ips: relationship("contacted_ips"),
  contacted_urls: relationship("contacted_urls"),
  dropped_files: relationship("dropped_files"),
  ja3_digests: reportHas("ja3_digests"),
  crowdsourced_ids: reportHas("ids_alerts"),
  pcap: ({ reports }) => reports.some(({ attributes }) => attributes.has_pcap === true),
};

const FILE_MODIFIERS: Readonly<Record<string, Make>> = {
  fs: dated("first_submission_date"),
  ls: dated("last_submission_date"),
  creation_date: dated("creation_date"),
  gen: dated("creation_date"),
  generated: dated("creation_date"),
  size: counted("size"),
  s: counted("times_submitted"),
  submissions: counted("times_submitted"),
  sources: counted("unique_sources"),
  have: (value) => {
    const test = HAVE[value.toLowerCase()];
    if (!test) throw invalid(`have:${value}`);
    return test;
  },
  type: (value) => (subject) =>
    attribute(subject, "type_tag") === value ||
    ((attribute(subject, "type_tags") as string[] | undefined) ?? []).includes(value),
  name: contains((subject) => attribute(subject, "names")),
  imphash: equals((subject) => peInfo(subject)?.imphash),
  vhash: equals((subject) => attribute(subject, "vhash")),
  authentihash: equals((subject) => attribute(subject, "authentihash")),
  tlsh: equals((subject) => attribute(subject, "tlsh")),
  ssdeep: equals((subject) => attribute(subject, "ssdeep")),
  section: (value) => (subject) =>
    (peInfo(subject)?.sections ?? []).some(({ name, md5 }) => name === value || md5 === value),
  metadata: contains((subject) => attribute(subject, "exiftool")),
  signature: contains((subject) => attribute(subject, "signature_info")),
  suggested_threat_label: contains(
    (subject) =>
      (attribute(subject, "popular_threat_classification") as { suggested_threat_label?: string } | undefined)
        ?.suggested_threat_label ?? "",
  ),
  crowdsourced_yara_rule: contains((subject) => attribute(subject, "crowdsourced_yara_results")),
  engines: contains((subject) =>
    Object.values(
      (attribute(subject, "last_analysis_results") as Record<string, { result: unknown }> | undefined) ?? {},
    ).map(({ result }) => result),
  ),
  behash: equals(({ reports }) => reports[0]?.attributes.behash),
  behaviour: contains(({ reports }) => reports.map(({ attributes }) => attributes)),
  behaviour_network: reported("dns_lookups", "ip_traffic", "http_conversations", "tls", "smtp_conversations"),
  behaviour_registry: reported("registry_keys_set"),
  behaviour_files: reported("files_dropped"),
  behaviour_tags: reported("tags"),
  behaviour_command_executions: reported("command_executions"),
  attack_technique: reported("mitre_attack_techniques"),
  sandbox_name:
    (value) =>
    ({ reports }) =>
      reports.some(({ attributes }) => lower(attributes.sandbox_name).replaceAll(" ", "_") === value.toLowerCase()),
  contacted_ip:
    (value) =>
    ({ relationships }) =>
      (relationships.contacted_ips ?? []).some(({ id }) => id === value),
};

const NETWORK_MODIFIERS: Readonly<Record<string, Make>> = {
  fs: dated("first_submission_date"),
  ls: dated("last_submission_date"),
  creation_date: dated("creation_date"),
  last_modification_date: dated("last_modification_date"),
  domain: contains(({ object }) => object.id),
  ip: contains(({ object }) => object.id),
  url: contains((subject) => attribute(subject, "url")),
  hostname: contains((subject) => /^[a-z]+:\/\/([^/:]+)/.exec(String(attribute(subject, "url")))?.[1] ?? ""),
  tld: equals((subject) => attribute(subject, "tld")),
  asn: counted("asn"),
  aso: contains((subject) => attribute(subject, "as_owner")),
  country: equals((subject) => attribute(subject, "country")),
  registrar: contains((subject) => attribute(subject, "registrar")),
};

const ENGINE = /^(?:kaspersky|microsoft|eset-?nod32|bitdefender|symantec|sophos|clamav|avast)$/;

/** `microsoft:clean`, `kaspersky:emotet`. */
function engineTest(engine: string, value: string): Test {
  const own = engine.replace("-", "");
  return (subject) => {
    const results = (attribute(subject, "last_analysis_results") ?? {}) as Record<string, { result: string | null }>;
    const result =
      Object.entries(results).find(([name]) => name.toLowerCase().replace("-", "") === own)?.[1].result ?? null;
    return value.toLowerCase() === "clean" ? result === null : lower(result ?? "").includes(value.toLowerCase());
  };
}
