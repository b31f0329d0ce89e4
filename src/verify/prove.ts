/**
 * The proof: every rule of some files loaded by the real engine, fired at by its own traffic and by what only looks
 * like it, and judged one by one.
 *
 * This module knows no engine and prints nothing.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, EngineProblem, RuleAnalysis } from "./engine.ts";
import { dnsExchange, type KnownExchange } from "./exchange.ts";
import { type Expectation, type ExpectationSource, expectationsOf, isUnprovable, type Ledger } from "./expectation.ts";
import type { Fault } from "./fault.ts";
import { createFinder, type Plan, planTraffic } from "./plan.ts";
import type { NoRule, RuleFile } from "./rule-file.ts";
import { placeOf, type Staged, stageRules } from "./stage.ts";
import { createTally, type RuleTally } from "./tally.ts";
import { describeTarget, type Target } from "./target.ts";
import { type Traffic, writeTraffic } from "./write-traffic.ts";

export interface ProofRequest {
  readonly files: readonly RuleFile[];
  readonly engine: Engine;
  readonly ledger?: Ledger;
  /** Everyday traffic that no rule may fire on; default one query, since an engine does not start on an empty capture. */
  readonly everyday?: readonly KnownExchange[];
  /** Folder of captures of the operator's own network, on which no rule may fire either. */
  readonly captures?: string;
  /** Where the traffic stays; default nowhere. */
  readonly pcap?: string;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string) => void;
}

/**
 * `proven`: loaded, fired on its own traffic once a session and on no other. `loaded`: without a fault, but only a hash
 * is known of what it looks for, so no traffic can be made. `other-version`: its `requires` keeps it off this engine.
 */
export type RuleStatus = "proven" | "failed" | "loaded" | "other-version";

export interface RuleProof {
  readonly file: string;
  readonly line: number;
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  readonly status: RuleStatus;
  readonly faults: readonly Fault[];
  /** The first things it stands for, in words, and how many there are. */
  readonly standsFor: readonly string[];
  readonly entries: number;
  readonly expectedBy: ExpectationSource;
  readonly list?: string;
  readonly contacts: number;
  readonly fired: number;
  /** Contacts of other indicators that are its own too, such as a name below. */
  readonly firedOnOthers: number;
  readonly alertsPerSession: number;
  /** Alerts on harmless traffic, and what of the things it stands for they were about, as far as that is known. */
  readonly benign: number;
  readonly benignTargets: readonly Target[];
  readonly analysis?: Pick<RuleAnalysis, "type" | "prefilter">;
}

export interface Proof {
  readonly engine: { readonly name: string; readonly version: string };
  readonly rules: readonly RuleProof[];
  /** Lines that are no rules. */
  readonly noRules: readonly NoRule[];
  /** What the engine said that no rule can be blamed for. */
  readonly engineProblems: readonly string[];
  readonly counts: Readonly<Record<RuleStatus, number>>;
  readonly disabled: number;
  readonly traffic: Traffic;
  readonly isProven: boolean;
}

const SHOWN_TARGETS = 3;

/** Throws ENGINE_FAILED when the engine cannot run at all. */
export async function prove(request: ProofRequest): Promise<Proof> {
  const { files, engine, ledger, signal, onStep = () => {} } = request;
  const dir = await mkdtemp(join(tmpdir(), "rulewright-verify-"));
  try {
    const expectations = await expectationsOf(files, engine.name, ledger);
    const plan = planTraffic(expectations, request.everyday ?? [dnsExchange("nothing.benign.test")]);
    onStep(`making ${plan.size} exchanges`);
    const pcap = request.pcap ?? join(dir, "traffic.pcap");
    const traffic = await writeTraffic(pcap, plan, signal);
    const isStopper = stoppers(expectations);
    const staged = await stageRules(join(dir, "rules"), files, isStopper);
    onStep(`${engine.name} ${engine.version}: ${expectations.length} rules over ${traffic.packets} packets`);
    const tally = createTally(expectations, plan);
    const replay = engine.replay({ rules: staged.paths, captures: pcap, home: "synthetic", onAlert: tally.add });
    const early = analyseEarly(engine, staged);
    const { problems, isCut } = await replay;
    const blamed = blame(problems, staged, expectations, files);
    if (request.captures !== undefined) {
      onStep(`${engine.name}: the captures of ${request.captures}`);
      await engine.replay({
        rules: staged.paths,
        captures: request.captures,
        home: "private",
        onAlert: tally.addBenign,
      });
    }
    const analysis = await ((await early) ??
      analyseLoaded(engine, join(dir, "loaded"), files, (place) => isStopper(place) || blamed.refused.has(place)));
    const bySid = new Map(analysis?.map((own) => [own.sid, own]));
    const rules = expectations.map((expectation, place) => {
      if (isCut) expectation.faults.push({ id: "too-wide", text: "the rules alert on so much that the run was ended" });
      return judgeRule(
        expectation,
        tally.of(place),
        plan,
        plan.own[place] ?? [],
        analysis ? bySid.get(expectation.rule.sid) : "none",
      );
    });
    return summarise(engine, rules, files, blamed, traffic);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Rules that load a broken list: with one of them the engine would not start at all. */
function stoppers(expectations: readonly Expectation[]): (place: string) => boolean {
  const places = new Set(
    expectations.filter(({ faults }) => faults.some(({ id }) => id === "list-broken")).map(({ rule }) => placeOf(rule)),
  );
  return (place) => places.has(place);
}

/** The analysis beside the replay; undefined when rules that do not load spoil it. */
function analyseEarly(engine: Engine, { paths }: Staged): Promise<readonly RuleAnalysis[] | undefined> {
  return engine.analyse?.(paths).catch(() => undefined) ?? Promise.resolve(undefined);
}

async function analyseLoaded(
  engine: Engine,
  dir: string,
  files: readonly RuleFile[],
  isLeftOut: (place: string) => boolean,
): Promise<readonly RuleAnalysis[] | undefined> {
  if (!engine.analyse) return undefined;
  const { paths } = await stageRules(dir, files, isLeftOut);
  // Without any rule that loads there is nothing to analyse.
  return engine.analyse(paths).catch(() => []);
}

interface Blamed {
  /** Places of rules that the engine refused. */
  readonly refused: ReadonlySet<string>;
  readonly noRules: readonly NoRule[];
  readonly others: readonly string[];
}

/** Leads what the engine said back to rules; what names none stays apart. */
function blame(
  problems: readonly EngineProblem[],
  { originals }: Staged,
  expectations: readonly Expectation[],
  files: readonly RuleFile[],
): Blamed {
  const byPlace = new Map(expectations.map((expectation) => [placeOf(expectation.rule), expectation]));
  const noRules = new Map(files.flatMap((file) => file.noRules.map((own) => [placeOf(own), own])));
  const refused = new Set<string>();
  const others: string[] = [];
  for (const { level, text, file, line, sid } of problems) {
    const original = file === undefined ? undefined : originals.get(file);
    const place = original === undefined || line === undefined ? undefined : placeOf({ file: original, line });
    const expectation = place === undefined ? undefined : byPlace.get(place);
    const broken = place === undefined ? undefined : noRules.get(place);
    if (place !== undefined && level === "error") refused.add(place);
    if (broken) noRules.set(place as string, { ...broken, reason: text });
    else if (expectation) blameRule(expectation.faults, level, text);
    else if (!blameWarning(text, sid, expectations)) others.push(text);
  }
  return { refused, noRules: [...noRules.values()], others };
}

/** What the engine does not understand either needs no second complaint. */
function blameRule(faults: Fault[], level: EngineProblem["level"], text: string): void {
  const ours = faults.findIndex(({ id }) => id === "not-understood");
  if (level === "error" && ours !== -1) faults.splice(ours, 1);
  faults.push({ id: level === "error" ? "not-loaded" : "warning", text });
}

/** A warning that names a sid, or a classtype, which Suricata mentions only once for all rules that have it. */
function blameWarning(text: string, sid: number | undefined, expectations: readonly Expectation[]): boolean {
  const classtype = /unknown classtype: "([^"]*)"/.exec(text)?.[1];
  const guilty = expectations.filter(({ rule }) =>
    classtype === undefined
      ? sid === rule.sid
      : rule.options.some(({ name, value }) => name === "classtype" && value === classtype),
  );
  for (const { faults } of guilty) faults.push({ id: "warning", text });
  return guilty.length > 0;
}

function judgeRule(
  expectation: Expectation,
  tally: RuleTally,
  plan: Plan,
  own: readonly number[],
  analysis: RuleAnalysis | undefined | "none",
): RuleProof {
  const { rule, targets, source, list } = expectation;
  const has = (...ids: string[]): boolean => expectation.faults.some(({ id }) => ids.includes(id));
  const isOff =
    analysis === undefined && !has("not-loaded", "list-broken") && rule.options.some(({ name }) => name === "requires");
  const contacts = own.reduce((sum, group) => sum + (plan.groups[group]?.contacts ?? 0), 0);
  const isLoaded = !isOff && !has("not-loaded", "list-broken");
  if (isLoaded) expectation.faults.push(...trafficFaults(tally, missedOf(tally, plan, own), contacts));
  if (typeof analysis === "object")
    expectation.faults.push(...analysis.warnings.map((text) => ({ id: "warning", text }) as const));
  const status: RuleStatus =
    expectation.faults.length > 0
      ? "failed"
      : isOff
        ? "other-version"
        : isUnprovable(expectation) || contacts === 0
          ? "loaded"
          : "proven";
  return {
    file: rule.file,
    line: rule.line,
    sid: rule.sid,
    rev: rule.rev,
    message: rule.message,
    status,
    faults: expectation.faults,
    standsFor: targets.slice(0, SHOWN_TARGETS).map((target: Target) => describeTarget(target)),
    entries: targets.length,
    expectedBy: source,
    ...(list === undefined ? {} : { list }),
    contacts,
    fired: tally.fired.size,
    firedOnOthers: tally.others,
    alertsPerSession: tally.most,
    benign: tally.benign,
    benignTargets: [...tally.benignTargets],
    ...(typeof analysis === "object"
      ? { analysis: { type: analysis.type, ...(analysis.prefilter ? { prefilter: analysis.prefilter } : {}) } }
      : {}),
  };
}

/** Names of own contacts that passed without an alert. */
function missedOf({ fired }: RuleTally, plan: Plan, own: readonly number[]): string[] {
  const missed: string[] = [];
  const find = createFinder(plan);
  for (const group of own) {
    const { first, contacts } = plan.groups[group] as Plan["groups"][number];
    for (let number = first; number < first + contacts; number += 1) {
      if (fired.has(number)) continue;
      missed.push(find(number)?.exchange.name ?? "");
    }
  }
  return missed;
}

function trafficFaults(tally: RuleTally, missed: readonly string[], contacts: number): Fault[] {
  const faults: Fault[] = [];
  if (missed.length > 0)
    faults.push({
      id: "silent",
      text: `no alert on ${missed.length} of ${contacts} contacts: ${examples(missed.slice(0, 3), missed.length)}`,
    });
  if (tally.wrong > 0)
    faults.push({
      id: "too-wide",
      text: `an alert on what is not its own: ${examples(tally.wrongNames, tally.wrong)}`,
    });
  if (tally.most > 1) faults.push({ id: "noisy", text: `${tally.most} alerts in one session` });
  if (tally.benign > 0)
    faults.push({
      id: "fired-on-benign",
      text: `an alert on everyday traffic: ${examples(tally.benignNames, tally.benign)}`,
    });
  return faults;
}

function examples(names: readonly string[], total: number): string {
  return `${names.join("; ")}${total > names.length ? `; and ${total - names.length} more` : ""}`;
}

function summarise(
  engine: Engine,
  rules: readonly RuleProof[],
  files: readonly RuleFile[],
  { noRules, others }: Blamed,
  traffic: Traffic,
): Proof {
  const counts = { proven: 0, failed: 0, loaded: 0, "other-version": 0 };
  for (const { status } of rules) counts[status] += 1;
  return {
    engine: { name: engine.name, version: engine.version },
    rules,
    noRules,
    engineProblems: others,
    counts,
    disabled: files.reduce((sum, { disabled }) => sum + disabled, 0),
    traffic,
    isProven: counts.failed === 0 && noRules.length === 0 && others.length === 0,
  };
}
