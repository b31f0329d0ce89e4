/** `rulewright verify <rules…>`: proves rules with the real engine and says what is wrong with each that fails. */
import { resolve } from "node:path";
import { takeFeedback } from "../app/feedback.ts";
import { feedbackOf } from "../app/proving.ts";
import { withStore } from "../app/stored.ts";
import { type Verified, type VerifySettings, verifyRules, writeQuarantine } from "../app/verifying.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import { plainText } from "../model/text.ts";
import type { Proof, RuleProof } from "../verify/prove.ts";
import type { Output } from "./output.ts";
import { count, table } from "./summary.ts";

export interface VerifyOptions extends Omit<VerifySettings, "onStep"> {
  readonly quarantine?: string;
  /** Send the indicators whose rules fired on harmless traffic to review, in the store. */
  readonly record?: boolean;
  readonly json?: boolean;
}

/** Answers 0 when every rule is proven, else 4. */
export async function verify(
  app: App,
  output: Output,
  paths: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const verified = await verifyRules(app, paths, { ...options, onStep: (step) => output.progress(step) });
  output.progress("");
  const { proof } = verified;
  output.say(`${summary(verified)}\n`);
  if (options.quarantine !== undefined) {
    const written = writeQuarantine(resolve(app.folder, options.quarantine), verified);
    output.say(`\nWritten: ${written.join(", ")}\n`);
  }
  if (options.record) {
    const taken = await withStore(app, options.store, (store) =>
      takeFeedback(app, store, feedbackOf(proof, verified.keys)),
    );
    output.say(`\nSent to review: ${count(taken, "indicator")} of the store.\n`);
  }
  if (options.json) await output.print(`${JSON.stringify(proofJson(verified), undefined, 2)}\n`);
  return proof.isProven ? EXIT.done : EXIT.refused;
}

/** What `--json` prints: the proof, with every rule. */
function proofJson({ proof, ledgerSource }: Pick<Verified, "proof" | "ledgerSource">): object {
  const { isProven, engine, counts, traffic, disabled, ...rest } = proof;
  return { isProven, engine, ledger: ledgerSource ?? null, counts, disabled, traffic, ...rest };
}

function summary({ proof, ledgerSource, files }: Verified): string {
  const { engine, counts, traffic, noRules, engineProblems, rules, disabled } = proof;
  const failing = rules.filter(({ status }) => status === "failed");
  return [
    `${engine.name} ${engine.version}: ${count(rules.length, "rule")} of ${count(files.length, "file")} over ${count(traffic.exchanges, "exchange")} (${count(traffic.packets, "packet")}).`,
    `Expectations: ${expectationSources(rules, ledgerSource)}.`,
    table(
      ["rules", "number"],
      [
        ["proven", counts.proven],
        ["failed", counts.failed],
        ["loaded, not provable by traffic (only a hash is known)", counts.loaded],
        ["for another engine version", counts["other-version"]],
        ["commented out", disabled],
        ["lines that are no rule", noRules.length],
      ].filter(([, number], row) => row < 2 || Number(number) > 0) as [string, number][],
    ),
    ...failing.map(ruleFaults),
    ...noRules.map(
      ({ file, line, reason, text }) =>
        `${file}:${line} no rule\n  not-loaded: ${plainText(reason)}\n  ${plainText(text, 200)}`,
    ),
    ...engineProblems.map((text) => `${engine.name} says: ${plainText(text)}`),
    verdict(proof),
  ].join("\n\n");
}

function expectationSources(rules: readonly RuleProof[], ledgerSource: string | undefined): string {
  const by = (source: RuleProof["expectedBy"]): number =>
    rules.filter(({ expectedBy }) => expectedBy === source).length;
  return [
    ledgerSource === undefined ? "no sid ledger found" : `${by("ledger")} by the sid ledger ${ledgerSource}`,
    `${by("metadata")} by the rule's ioc_id`,
    `${by("rule")} by the rule's own text`,
  ].join(", ");
}

function ruleFaults({ file, line, sid, message, standsFor, entries, faults }: RuleProof): string {
  const more = entries > standsFor.length ? `, … ${entries} in all` : "";
  const wanted = standsFor.length === 0 ? "" : `\n  stands for: ${plainText(standsFor.join(", "), 300)}${more}`;
  const lines = faults.map(({ id, text }) => `\n  ${id}: ${plainText(text, 600)}`);
  return `${file}:${line} sid ${sid} ${plainText(message, 120)}${wanted}${lines.join("")}`;
}

function verdict({ isProven, counts, noRules, engineProblems }: Proof): string {
  if (isProven) return "Every rule that traffic can prove is proven.";
  const bad = counts.failed + noRules.length;
  return bad > 0 ? `${count(bad, "rule")} failed.` : `The engine has ${count(engineProblems.length, "complaint")}.`;
}
