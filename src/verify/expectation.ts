/**
 * What each rule has to be proven against: the sid ledger's word, else the `ioc_id` in its metadata, else the rule's
 * own text. Where they disagree the rule is at fault, and the stronger word is the one that is tested.
 */
import { type ObservableType, parseUrl } from "../model/observable.ts";
import type { EngineName } from "./engine-names.ts";
import type { Fault } from "./fault.ts";
import type { Reading } from "./reading.ts";
import type { Rule, RuleFile } from "./rule-file.ts";
import { readSnortRule } from "./snort-rule.ts";
import { readSuricataRule } from "./suricata-rule.ts";
import { describeTarget, type MarkView, type Target } from "./target.ts";
import { targetsOf } from "./traffic.ts";

/** Sid → the key that the ledger holds for it, `suricata:dns:domain:evil.example`. */
export type Ledger = ReadonlyMap<number, string>;

export type ExpectationSource = "ledger" | "metadata" | "rule";

export interface Expectation {
  readonly rule: Rule;
  readonly targets: readonly Target[];
  readonly source: ExpectationSource;
  /** File that its entries come from. */
  readonly list?: string;
  readonly faults: Fault[];
}

const MARKS: ReadonlySet<string> = new Set<MarkView>(["ja3", "ja3s", "ja4", "certificate", "file"]);

/** Whether no traffic can be made for it: only the hash is known of what it looks for. */
export function isUnprovable({ targets }: Expectation): boolean {
  return targets.length > 0 && targets.every(({ view }) => MARKS.has(view));
}

/** One expectation for each rule of the files, in their order. */
export async function expectationsOf(
  files: readonly RuleFile[],
  engine: EngineName,
  ledger: Ledger | undefined,
): Promise<Expectation[]> {
  const read = engine === "snort3" ? readSnortRule : readSuricataRule;
  const owners = ledger ? ownersOf(ledger, engine) : undefined;
  const seen = new Map<string, Expectation>();
  const expectations: Expectation[] = [];
  for (const rule of files.flatMap(({ rules }) => rules)) {
    const expectation = expect(rule, await read(rule), ledger, owners);
    const id = `${rule.sid}`;
    const twin = seen.get(id);
    if (twin) {
      for (const [own, other] of [
        [expectation, twin],
        [twin, expectation],
      ] as const)
        own.faults.push({ id: "duplicate-sid", text: `line ${other.rule.line} of ${other.rule.file} has it too` });
    } else seen.set(id, expectation);
    expectations.push(expectation);
  }
  return expectations;
}

function expect(
  rule: Rule,
  reading: Reading | string,
  ledger: Ledger | undefined,
  owners: ReadonlyMap<string, number> | undefined,
): Expectation {
  const key = ledger?.get(rule.sid);
  const faults: Fault[] = [];
  if (ledger && key === undefined) faults.push({ id: "unknown-sid", text: `the ledger has no sid ${rule.sid}` });
  if (typeof reading === "string") {
    faults.push({ id: "not-understood", text: reading });
    return { rule, targets: [], source: "rule", faults };
  }
  const { targets, list, problem } = reading;
  if (problem !== undefined) faults.push({ id: "list-broken", text: `${list ?? "its list"}: ${problem}` });
  const base = { rule, faults, ...(list === undefined ? {} : { list }) };
  const [own] = targets;
  if (targets.length !== 1 || own === undefined || list !== undefined) return { ...base, targets, source: "rule" };
  const ofLedger = key === undefined ? undefined : targetOfKey(key, own);
  const ofMetadata = targetOfIoc(rule.metadata.get("ioc_id"), own);
  if (ofLedger && key !== undefined) {
    if (!isSame(ofLedger, own)) faults.push(ledgerFault(key, own, ofMetadata, owners));
    return { ...base, targets: [ofLedger], source: "ledger" };
  }
  if (!ofMetadata) return { ...base, targets, source: "rule" };
  if (!isSame(ofMetadata, own))
    faults.push({
      id: "other-indicator",
      text: `its ioc_id is ${rule.metadata.get("ioc_id")}, and it matches ${describeTarget(own)}`,
    });
  return { ...base, targets: [ofMetadata], source: "metadata" };
}

function ledgerFault(
  key: string,
  own: Target,
  ofMetadata: Target | undefined,
  owners: ReadonlyMap<string, number> | undefined,
): Fault {
  const isEdited = ofMetadata !== undefined && !isSame(ofMetadata, own);
  const right = owners?.get(identity(own));
  const owner = right === undefined ? "" : `, whose sid is ${right}`;
  return {
    id: isEdited ? "other-indicator" : "wrong-sid",
    text: `the ledger gives the sid to ${key}, and the rule matches ${describeTarget(own)}${owner}`,
  };
}

/** Ledger keys by what they stand for, to say which sid a rule should have had. */
function ownersOf(ledger: Ledger, engine: EngineName): Map<string, number> {
  const owners = new Map<string, number>();
  for (const [sid, key] of ledger) {
    if (!key.startsWith(`${engine}:`)) continue;
    for (const target of targetsOfKey(key)) owners.set(identity(target), sid);
  }
  return owners;
}

/** What decides that two targets are the same indicator seen in the same place; the scope is the rule's own. */
function identity(target: Target): string {
  switch (target.view) {
    case "dns":
    case "tls":
    case "quic":
    case "http-host":
      return `${target.view} ${target.host}`;
    case "http-uri":
      return `${target.view} ${target.host}${target.target}`;
    case "address":
      return `${target.view} ${target.address} ${target.port ?? ""} ${target.port === undefined ? "" : target.transports.join()}`;
    case "user-agent":
      return `${target.view} ${target.userAgent}`;
    default:
      return `${target.view} ${target.hash}`;
  }
}

function isSame(a: Target, b: Target): boolean {
  return identity(a) === identity(b);
}

/** Kinds of rules in ledger keys that are seen elsewhere than their name says. */
const VIEW_OF_KIND: Readonly<Record<string, Target["view"]>> = {
  "https-host": "tls",
  "dns-udp": "dns",
  "dns-tcp": "dns",
  "tls-subdomain": "tls",
  endpoint: "address",
  "endpoint-tcp": "address",
  "endpoint-udp": "address",
};

/** What a ledger key stands for; none for keys of groups and lists, whose rules tell themselves. */
function targetsOfKey(key: string): Target[] {
  const [, kind = "", of = ""] = /^[a-z0-9]+:([a-z0-9-]+):(.+)$/s.exec(key) ?? [];
  const view = VIEW_OF_KIND[kind] ?? kind;
  return indicatorTargets(of).filter((target) => target.view === view);
}

/** The ledger's target in the shape of the rule's own; undefined when the key does not say one value. */
function targetOfKey(key: string, own: Target): Target | undefined {
  const targets = targetsOfKey(key);
  return targets.length === 0
    ? undefined
    : inShapeOf(own, targets.find((target) => target.view === own.view) ?? (targets[0] as Target));
}

/** The same of `ioc_id`; undefined when it is missing or may have been shortened or escaped. */
function targetOfIoc(ioc: string | undefined, own: Target): Target | undefined {
  if (ioc === undefined || (/^(?:url|user-agent):/.test(ioc) && /_|\.\.\.$/.test(ioc))) return undefined;
  // Metadata are ASCII: what else a user agent holds is missing there.
  if (own.view === "user-agent" && /[^\x21-\x7e]/.test(own.userAgent)) return undefined;
  const target = indicatorTargets(ioc).find(({ view }) => view === own.view);
  return target ? inShapeOf(own, target) : undefined;
}

/** What is expected, with what only the rule itself can say: scope, transports, methods. */
function inShapeOf(own: Target, expected: Target): Target {
  if (own.view === "http-uri" && expected.view === "http-uri")
    return { ...own, host: expected.host, target: expected.target };
  if ("scope" in own && "scope" in expected && own.view === expected.view) return { ...own, host: expected.host };
  if (own.view === "address" && expected.view === "address") {
    const { address, port, transports } = expected;
    return { ...own, address, ...(port === undefined ? {} : { port, transports }) };
  }
  return expected;
}

/** `domain:evil.example`, `url-host:evil.example` → where it can be seen; empty when it is no such thing. */
function indicatorTargets(text: string): Target[] {
  const at = text.indexOf(":");
  const [type, value] = [text.slice(0, at), text.slice(at + 1)];
  try {
    if (type === "url-host") return targetsOf({ type: "domain", value });
    const targets = targetsOf({ type: type as ObservableType, value });
    return type === "url" ? [...targets, ...hostTargets(value)] : targets;
  } catch {
    return [];
  }
}

/** A URL whose path is not visible has rules for its host. */
function hostTargets(url: string): Target[] {
  const { host } = parseUrl(url);
  return host.includes(":") ? [] : targetsOf({ type: "domain", value: host });
}
