/** What the Suricata tests share: rules as text, a strict reading of them, and the engine where it is installed. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suricata } from "../../../plugins/suricata/index.ts";
import type { Indicator } from "../../../src/model/indicator.ts";
import { type RenderedFiles, type RenderOptions, render } from "../../../src/testing.ts";
import { everydayExchanges } from "../../../src/verify/everyday.ts";
import { type Proof, prove } from "../../../src/verify/prove.ts";
import { readRuleFile } from "../../../src/verify/rule-file.ts";
import {
  type Alert,
  analyse,
  loadCheck,
  openSuricata,
  type RuleAnalysis,
  replay,
} from "../../../src/verify/suricata.ts";
import { type Capture, capture, type Exchange } from "../../../src/verify/traffic.ts";
import { hasProgram } from "../../support/engines.ts";

export const RULES = "rulewright.rules";
export const FILE_RULES = "rulewright-files.rules";
const REPUTATION_RULES = "rulewright-reputation.rules";

/** The rules without comments. */
export async function rulesOf(indicators: readonly Indicator[], settings: RenderOptions = {}): Promise<string[]> {
  const { files } = await render(suricata, indicators, settings);
  return rulesIn(files);
}

export function rulesIn(files: RenderedFiles): string[] {
  return [RULES, FILE_RULES, REPUTATION_RULES].flatMap((path) => {
    const text = files.get(path)?.toString("utf8") ?? "";
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  });
}

/** The parts of a rule that decide a match, without those that describe it. */
export function detection(rule: string): string {
  return rule.replace(/\(msg:"[^"]*"; /, "(").replace(/(?:reference:[^;]*; )?classtype:.*$/, "...)");
}

/** Writes the files into a folder for the time of `use`. */
export async function withFiles<T>(files: RenderedFiles, use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "rulewright-test-"));
  try {
    for (const [path, data] of files) await writeFile(join(dir, path), data);
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** An independent reading of Suricata's rule grammar, and the engine itself when it is there. */
export async function check(files: RenderedFiles): Promise<void> {
  const sids = new Set<string>();
  for (const rule of rulesIn(files)) {
    assert.ok(Buffer.byteLength(rule) <= 8191, "a rule is too long");
    assert.match(
      rule,
      /^alert (?:ip|tcp|udp|dns|tls|quic|http|smtp|smb|ftp-data) \S+ any -> \S+ \S+ \((?:[a-z0-9._]+(?::(?:"[^"\\;]*"|[^";\\]+))?; ?)+\)$/,
    );
    assert.match(rule, /^[\x20-\x7e]*$/);
    const sid = /; sid:(\d+); rev:[1-9]\d*; metadata:/.exec(rule)?.[1];
    assert.ok(sid !== undefined && !sids.has(sid), `sid ${sid} is missing or twice`);
    sids.add(sid);
  }
  const ids = (files.get("sid-msg.map")?.toString("utf8") ?? "").split("\n").filter((line) => line !== "");
  assert.deepEqual(new Set(ids.map((line) => line.split(" || ")[0])), sids);
  if (sids.size > 0 && hasProgram("suricata")) await assertLoads(files);
}

/** Every rule loads without a warning and is of the cheapest type: once per flow for addresses, else per transaction. */
export async function assertLoads(files: RenderedFiles): Promise<void> {
  await withFiles(files, async (dir) => {
    for (const path of [RULES, FILE_RULES, REPUTATION_RULES]) {
      if (!/^alert /m.test(files.get(path)?.toString("utf8") ?? "")) continue;
      assert.deepEqual(await loadCheck(join(dir, path)), { ok: true, errors: [], warnings: [] });
      const ofAddresses = new Set(
        rulesIn(files)
          .filter((rule) => /^alert (?:ip|tcp|udp) /.test(rule) && !rule.includes("dataset:"))
          .map((rule) => Number(/ sid:(\d+);/.exec(rule)?.[1])),
      );
      // A set of addresses is looked up for each packet.
      const ofSets = new Set(
        rulesIn(files)
          .filter((rule) => rule.includes("ip.dst; dataset:"))
          .map((rule) => Number(/ sid:(\d+);/.exec(rule)?.[1])),
      );
      for (const { sid, type, warnings } of await analyse(join(dir, path))) {
        assert.deepEqual(warnings, []);
        assert.equal(type, ofAddresses.has(sid) ? "ip_only" : ofSets.has(sid) ? "pkt" : "app_tx");
      }
    }
  });
}

/** The whole proof of rendered files by the engine, their lists included. */
export async function proofOf(files: RenderedFiles, engineRoot?: string): Promise<Proof> {
  return withFiles(files, async (dir) => {
    const paths = [...files.keys()].filter((path) => path.endsWith(".rules"));
    const read = await Promise.all(paths.map((path) => readRuleFile(join(dir, path))));
    return prove({
      files: read,
      engine: await openSuricata(engineRoot === undefined ? {} : { root: engineRoot }),
      everyday: everydayExchanges(),
    });
  });
}

export function analyseFiles(files: RenderedFiles): Promise<RuleAnalysis[]> {
  return withFiles(files, (dir) => analyse(join(dir, RULES)));
}

export interface Played<E extends Exchange> {
  readonly exchange: E;
  readonly alerts: readonly Alert[];
}

/** Replays the exchanges against a rule file: each with the alerts of its own client. */
export async function play<E extends Exchange>(
  files: RenderedFiles,
  exchanges: readonly E[],
  rules = RULES,
): Promise<Played<E>[]> {
  const { pcap, byClient }: Capture<E> = capture(exchanges);
  return withFiles(files, async (dir) => {
    const file = join(dir, "replay.pcap");
    await writeFile(file, pcap);
    const alerts = Map.groupBy(await replay(join(dir, rules), file), ({ client }) => client);
    for (const client of alerts.keys()) assert.ok(byClient.has(client), `an alert on nobody's client ${client}`);
    return Array.from(byClient, ([client, exchange]) => ({ exchange, alerts: alerts.get(client) ?? [] }));
  });
}

/** Names of the exchanges that raised an alert. */
export async function firing(indicators: readonly Indicator[], exchanges: readonly Exchange[]): Promise<string[]> {
  const { files } = await render(suricata, indicators);
  const played = await play(files, exchanges);
  return played.filter(({ alerts }) => alerts.length > 0).map(({ exchange }) => exchange.name);
}
