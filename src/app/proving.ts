/**
 * The proof before the swap: an export rendered aside, proven by the real engine, and what follows for the output that
 * is published: nothing, rules set apart, indicators withheld, or a refusal.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { type ExportDeps, type ExportJob, type ExportProof, type Proven, runExport } from "../export/pipeline.ts";
import { localReach } from "../export/reach.ts";
import { fromIndicatorKey } from "../model/indicator.ts";
import { plainText } from "../model/text.ts";
import { sha256 } from "../plugin.ts";
import type { SidStore } from "../store/sid-ledger.ts";
import { everydayExchanges } from "../verify/everyday.ts";
import { openEngine } from "../verify/open-engine.ts";
import { type Proof, prove, type RuleProof } from "../verify/prove.ts";
import { readRuleFile } from "../verify/rule-file.ts";
import type { Target } from "../verify/target.ts";
import type { FeedbackEntry } from "./feedback.ts";
import type { VerifyGate } from "./gate.ts";

/**
 * Renders the export into a folder of its own and proves what lies there. Throws EXPORT_REFUSED, ENGINE_MISSING,
 * ENGINE_FAILED and what the export throws.
 */
export async function proveExport(
  { registry }: App,
  sids: SidStore,
  job: ExportJob,
  gate: VerifyGate,
  deps: ExportDeps,
  onFeedback: (entries: readonly FeedbackEntry[]) => void,
): Promise<Proven | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "rulewright-proof-"));
  try {
    const aside = { ...job, sink: registry.sink("file"), sinkOptions: { path: folder }, archive: false };
    const { beforeSwap: _, ...rest } = deps;
    // It says the same when it is published.
    await runExport(aside, { ...rest, reach: localReach(), log: { ...deps.log, info() {} } });
    const paths = (await readdir(folder)).filter((path) => path.endsWith(".rules")).sort();
    const files = await Promise.all(paths.map((path) => readRuleFile(join(folder, path))));
    if (files.every(({ rules, noRules }) => rules.length + noRules.length === 0)) return undefined;
    const keys = await keysOf(sids);
    const proof = await prove({
      files,
      engine: await openEngine({
        engine: gate.engine,
        signal: deps.signal,
        ...(gate.enginePath === undefined ? {} : { path: gate.enginePath }),
        ...(gate.engineRoot === undefined ? {} : { root: gate.engineRoot }),
      }),
      ledger: keys,
      everyday: everydayExchanges(),
      signal: deps.signal,
      ...(gate.benign === undefined ? {} : { captures: gate.benign }),
    });
    const harmless = harmlessOf(proof, keys);
    onFeedback(entriesOf(proof, harmless));
    refuse(job.name, proof, gate);
    return provenOf(proof, keys, harmless, gate);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keysOf(sids: SidStore): Promise<ReadonlyMap<number, string>> {
  const keys = new Map<number, string>();
  for await (const page of sids.entries()) for (const { sid, key } of page) keys.set(sid, key);
  return keys;
}

const BENIGN = "fired-on-benign";
const isBenign = ({ faults }: RuleProof): boolean => faults.some(({ id }) => id === BENIGN);

/** Rules that fire on harmless traffic alone are sound: it is their indicator that has to be looked at. */
function refuse(name: string, { rules, noRules, engineProblems, engine }: Proof, { onFailure }: VerifyGate): void {
  const unsound = rules.filter(({ faults }) => faults.some(({ id }) => id !== BENIGN));
  const others = [...noRules.map(({ line, reason }) => `line ${line}: ${reason}`), ...engineProblems];
  if (others.length === 0 && (onFailure === "quarantine" || unsound.length === 0)) return;
  const named = unsound.map(
    ({ sid, message, faults }) =>
      `\n  sid ${sid} ${message}: ${faults.map(({ id, text }) => `${id}: ${text}`).join("; ")}`,
  );
  const shown = [...others.map((text) => `\n  ${text}`), ...named].slice(0, SHOWN_FAULTS);
  const count = unsound.length + others.length;
  throw new RulewrightError(
    "EXPORT_REFUSED",
    `${engine.name} ${engine.version} refused the new output of ${name}, ${count} of ${rules.length} rules failed; the previous output stands.${shown.map((text) => plainText(text, 400)).join("\n ")}\nPublish the rest without them by verify: { onFailure: quarantine } in the config; see docs/verify.md.`,
  );
}

const SHOWN_FAULTS = 5;

/** What a proof says of indicators, by the ledger's keys; for the store. */
export function feedbackOf(proof: Proof, keys: ReadonlyMap<number, string>): FeedbackEntry[] {
  return entriesOf(proof, harmlessOf(proof, keys));
}

/** Rules that fired on harmless traffic, with the keys of the indicators that are to blame. */
type Harmless = ReadonlyMap<RuleProof, readonly string[]>;

function harmlessOf({ rules }: Proof, keys: ReadonlyMap<number, string>): Harmless {
  return new Map(
    rules.filter(isBenign).map((rule) => {
      const own = /^[a-z0-9]+:[a-z0-9-]+:(.+)$/s.exec(keys.get(rule.sid) ?? "")?.[1];
      const known = own === undefined ? undefined : fromIndicatorKey(own);
      return [rule, known ? [own as string] : rule.benignTargets.flatMap((target) => keyOfTarget(target) ?? [])];
    }),
  );
}

/** The indicator of an entry of a list or group. */
function keyOfTarget(target: Target): string | undefined {
  switch (target.view) {
    case "dns":
    case "tls":
    case "quic":
    case "http-host":
      return `domain:${target.host}`;
    case "address": {
      const { address, port, transports } = target;
      const host = address.includes(":") && port !== undefined ? `[${address}]` : address;
      if (port !== undefined) return `endpoint:${host}:${port}/${transports[0]}`;
      return `${address.includes(":") ? "ipv6" : "ipv4"}:${address}`;
    }
    case "user-agent":
      return `user-agent:${target.userAgent}`;
    case "file":
      return `sha256:${target.hash}`;
    default:
      return undefined;
  }
}

function textOf({ faults }: RuleProof): string {
  return faults.map(({ id, text }) => `${id}: ${text}`).join("; ");
}

function entriesOf({ engine }: Proof, harmless: Harmless): FeedbackEntry[] {
  return [...harmless].flatMap(([rule, indicators]) =>
    indicators.flatMap((key): FeedbackEntry[] => {
      const observable = fromIndicatorKey(key);
      if (!observable) return [];
      const note = rule.faults
        .filter(({ id }) => id === BENIGN)
        .map(({ text }) => text)
        .join("; ");
      const source = sha256(`${engine.name} ${rule.benign} ${note}`);
      return [{ observable, kind: "benign", source, hits: rule.benign, note: plainText(note, 200) }];
    }),
  );
}

function provenOf(proof: Proof, keys: ReadonlyMap<number, string>, harmless: Harmless, gate: VerifyGate): Proven {
  const failed = proof.rules.filter(({ status }) => status === "failed");
  const engine = `${proof.engine.name} ${proof.engine.version}`;
  const blamed = new Set(
    [...harmless].flatMap(([rule, own]) => (rule.list !== undefined && own.length > 0 ? [rule] : [])),
  );
  const withheld = new Map(
    [...harmless.values()].flatMap((own) => own.map((key) => [key, "it fired on harmless traffic"] as const)),
  );
  const report: ExportProof = {
    engine,
    traffic: proof.traffic,
    rules: proof.counts,
    quarantined: failed.map((rule) => ({
      sid: rule.sid,
      rule: keys.get(rule.sid) ?? rule.message,
      faults: rule.faults.map(({ id, text }) => plainText(`${id}: ${text}`, 300)),
    })),
    withheld: [...withheld.keys()].sort(),
  };
  return {
    report,
    withheld,
    rules: {
      // A list without the entries that are to blame is sound.
      quarantined: new Map(
        failed.filter((rule) => !blamed.has(rule) || !onlyBenign(rule)).map((rule) => [rule.sid, textOf(rule)]),
      ),
      proven: new Set(proof.rules.filter(({ status }) => status === "proven").map(({ sid }) => sid)),
      ...(gate.metadata ? { mark: engine.replaceAll(" ", "_") } : {}),
    },
  };
}

function onlyBenign({ faults }: RuleProof): boolean {
  return faults.every(({ id }) => id === BENIGN);
}
