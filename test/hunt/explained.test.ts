/** Every value that a hunt leaves, kept and dropped, is explained: by reasons that add up, and by where it was seen. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explanation, explanationJson } from "../../src/commands/explanation.ts";
import { startEmulator } from "../../src/emulator/index.ts";
import { OBSERVABLE_TYPES } from "../../src/model/observable.ts";
import { DECISIONS } from "../../src/model/verdict.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { JudgedRow } from "../../src/store/store.ts";
import { CONFIG, cliLab, KEY, LATER, smallWorld } from "./support.ts";

const lab = cliLab(CONFIG);
const rows: JudgedRow[] = [];
const CONTEXT = { tlp: "amber", policy: DEFAULT_POLICY, asOf: LATER } as const;
let emulator: Awaited<ReturnType<typeof startEmulator>>;

beforeAll(async () => {
  emulator = await startEmulator({ world: smallWorld(60), clock: () => LATER, apiKey: KEY });
  const { code, stderr } = await lab.run(emulator, ["hunt"]);
  expect(code, stderr).toBe(0);
  const store = await openSqliteStore(lab.store);
  try {
    for (const type of OBSERVABLE_TYPES) for await (const page of store.judged(type, DECISIONS)) rows.push(...page);
  } finally {
    await store.close();
  }
}, 60_000);

afterAll(() => emulator.close());

/** `  +50  dns-lookup: looked up by 1 sample`, with a true minus sign and a dot for nothing. */
const REASON = /^ {2} *([+−]\d+|·) {2}([a-z0-9-]+): (.+)$/;

function readText(text: string) {
  const lines = text.trimEnd().split("\n");
  const [, decision, confidence] = /^ {2}(keep|review|drop), confidence (\d+)/.exec(lines[1] ?? "") ?? [];
  const reasons = lines.flatMap((line) => {
    const [, weight, id] = REASON.exec(line) ?? [];
    return weight === undefined ? [] : [{ id, weight: weight === "·" ? 0 : Number(weight.replace("−", "-")) }];
  });
  const seen = lines.filter((line) => line.startsWith("      seen  "));
  return { decision, confidence: Number(confidence), reasons, seen, lines };
}

const sum = (reasons: readonly { readonly weight: number }[]) =>
  reasons.reduce((total, { weight }) => total + weight, 0);

describe("what a hunt leaves", () => {
  it("has values of every decision", () => {
    expect(rows.length).toBeGreaterThan(700);
    for (const decision of DECISIONS)
      expect(rows.filter(({ verdict }) => verdict.decision === decision).length).toBeGreaterThan(20);
    expect(rows.some(({ verdict }) => verdict.reasons.some(({ id }) => id === "decay"))).toBe(true);
  });

  it("is explained as text by reasons whose weights add up to the confidence", () => {
    const wrong = rows.filter((row) => {
      const { decision, confidence, reasons } = readText(explanation(row, CONTEXT));
      return (
        decision !== row.verdict.decision ||
        confidence !== row.verdict.confidence ||
        reasons.length !== row.verdict.reasons.length ||
        reasons.length === 0 ||
        sum(reasons) !== confidence
      );
    });
    expect(wrong.map((row) => explanation(row, CONTEXT))).toEqual([]);
  });

  it("is explained as JSON the same", () => {
    const wrong = rows.filter((row) => {
      const { type, value, verdict } = JSON.parse(explanationJson(row, CONTEXT));
      return (
        type !== row.observable.type ||
        value !== row.observable.value ||
        sum(verdict.reasons) !== verdict.confidence ||
        verdict.reasons.some(({ id, text }: { id: string; text: string }) => id === "" || text === "")
      );
    });
    expect(wrong.map(({ observable }) => observable)).toEqual([]);
  });

  it("is led back to place, sample and sandbox of the report", () => {
    const unseen = rows.filter((row) => {
      const { evidence } = JSON.parse(explanationJson(row, CONTEXT)) as { evidence: JudgedRow["evidence"] };
      const { seen } = readText(explanation(row, CONTEXT));
      const isWhole = evidence.every(
        ({ place, sample, role }) => place !== "" && role !== undefined && /^[0-9a-f]{64}$/.test(sample ?? ""),
      );
      const isShown = seen.every((line, at) => {
        const { place, sample, sandbox } = evidence[at] as JudgedRow["evidence"][number];
        return (
          line.includes(place) &&
          line.includes(`sample ${sample?.slice(0, 12)}`) &&
          (!sandbox || line.includes(sandbox))
        );
      });
      return evidence.length === 0 || seen.length === 0 || !isWhole || !isShown;
    });
    expect(unseen.map(({ observable, evidence }) => [observable, evidence])).toEqual([]);
    const reported = rows
      .flatMap(({ evidence }) => evidence)
      .filter(({ place }) => /^(?:dns_lookups|ip_traffic|http_conversations|tls)\[/.test(place));
    expect(reported.length).toBeGreaterThan(500);
    expect(reported.filter(({ sandbox }) => sandbox === undefined)).toEqual([]);
  });

  it.each(DECISIONS)("is printed by the command, from the store: %s", { timeout: 30_000 }, async (decision) => {
    const { observable, verdict } = rows.find((row) => row.verdict.decision === decision) as JudgedRow;
    const named = `${observable.type}:${observable.value}`;
    const json = await lab.run(emulator, ["explain", named, "--json"]);
    expect(JSON.parse(json.stdout.split("\n")[0] as string).verdict).toEqual(verdict);
    const text = readText((await lab.run(emulator, ["explain", named])).stdout);
    expect([text.decision, text.confidence, sum(text.reasons)]).toEqual([
      decision,
      verdict.confidence,
      verdict.confidence,
    ]);
  });
});
