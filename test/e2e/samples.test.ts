/** The demonstration reports: their golden outputs, what must and must not come out, and the rules against traffic. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { plugins } from "../../plugins/index.ts";
import type { Manifest } from "../../src/export/manifest.ts";
import type { ObservableType } from "../../src/model/observable.ts";
import { parseEndpoint, parseUrl } from "../../src/model/observable.ts";
import { analyse, loadCheck, replay } from "../../src/verify/suricata.ts";
import { type Contacted, capture, contactExchanges, lookAlikeExchanges } from "../../src/verify/traffic.ts";
import { GOLDEN_ENVIRONMENT, goldenArguments } from "../../tools/golden-arguments.ts";
import { digest, root, rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";
import { type ExportedRow, exportedRows } from "../support/exported.ts";

const truth = JSON.parse(readFileSync(join(root, "test/fixtures/sample-truth.json"), "utf8")) as {
  indicators: { type: string; value: string }[];
  noise: string[];
};

let out: string;
let rows: ExportedRow[];
beforeAll(async () => {
  out = temporaryFolder();
  const { code, stderr } = await rulewright(goldenArguments(out), { env: GOLDEN_ENVIRONMENT });
  expect(stderr).not.toContain("warning:");
  expect(code).toBe(0);
  rows = exportedRows(out);
});

describe("the samples", () => {
  it("give the golden outputs, byte for byte (npm run golden writes them anew)", () => {
    expect(digest(out)).toEqual(digest(join(root, "samples/out")));
  });

  it("go through every built-in exporter", () => {
    const { exports } = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) as Manifest;
    const builtIn = plugins.flatMap(({ exporters = [] }) => exporters.map(({ name }) => name));
    expect([...new Set(exports.map(({ exporter }) => exporter))].sort()).toEqual(builtIn.sort());
  });

  it("yield every indicator the README names", () => {
    const exported = new Set(rows.map(({ type, value }) => `${type} ${value}`));
    expect(truth.indicators.map(({ type, value }) => `${type} ${value}`).filter((key) => !exported.has(key))).toEqual(
      [],
    );
  });

  it("yield none of the noise, in any output, as a value of its own", () => {
    const noise = new Set(truth.noise);
    const addresses = rows.flatMap(({ type, value }) => (type === "endpoint" ? [parseEndpoint(value).address] : []));
    expect([...rows.map(({ value }) => value), ...addresses].filter((value) => noise.has(value))).toEqual([]);
    const secrets = truth.noise.filter((value) => /[@!]|invented|inv-?0|inv3/.test(value) && !value.startsWith("http"));
    expect(secrets.length).toBeGreaterThan(5);
    for (const path of Object.keys(digest(out))) {
      const text = readFileSync(join(out, path), "utf8");
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
  });
});

const NETWORK = new Set<string>(["domain", "ipv4", "ipv6", "endpoint", "url", "user-agent"]);

/** `domain:evil.top` of a rule, by its sid. */
function indicatorsBySid(rules: string): Map<number, string> {
  return new Map(
    rules.split("\n").flatMap((rule) => {
      const sid = / sid:(\d+);/.exec(rule)?.[1];
      const ioc = /ioc_id ([^,;]+)/.exec(rule)?.[1];
      return sid && ioc && !rule.startsWith("#") ? [[Number(sid), ioc] as const] : [];
    }),
  );
}

/** The rules that rightly fire on a contact: its own, and those of what a URL or endpoint stands on. */
function rightful({ type, value }: Contacted): (ioc: string) => boolean {
  if (type === "url") {
    const { host } = parseUrl(value);
    return (ioc) => ioc === `url:${value}`.slice(0, ioc.length) || ioc.includes(host) || isParent(ioc, host);
  }
  if (type === "endpoint")
    return (ioc) => ioc === `endpoint:${value}` || ioc === `ipv4:${parseEndpoint(value).address}`;
  if (type === "domain") return (ioc) => ioc === `domain:${value}` || isParent(ioc, value);
  return (ioc) => ioc === `${type}:${value}`;
}

function isParent(ioc: string, host: string): boolean {
  return ioc.startsWith("domain:") && host.endsWith(`.${ioc.slice("domain:".length)}`);
}

describe("the rules of the samples", () => {
  itNeeds("suricata")("load without a warning, addresses as ip_only, the rest per transaction", async () => {
    for (const file of ["suricata/rulewright.rules", "suricata/rulewright-files.rules"]) {
      expect(await loadCheck(join(out, file))).toEqual({ ok: true, errors: [], warnings: [] });
      expect((await analyse(join(out, file))).flatMap(({ warnings }) => warnings)).toEqual([]);
    }
  });

  itNeeds("suricata")("fire on their own traffic and on no look-alike", async () => {
    const rules = join(out, "suricata/rulewright.rules");
    const bySid = indicatorsBySid(readFileSync(rules, "utf8"));
    const lossless = temporaryFolder();
    await rulewright(["generate", samples, "--out", lossless, "--to", "csv:jsonl", "--as-of", "2026-11-24"]);
    const contacted: Contacted[] = readFileSync(join(lossless, "csv/indicators.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ type }) => NETWORK.has(type))
      .map(({ type, value, scope }) => ({
        type: type as ObservableType,
        value,
        ...(scope ? { scope: scope as "host" } : {}),
      }));
    const withRule = contacted.filter(({ type, value }) => [...bySid.values()].includes(`${type}:${value}`));
    expect(withRule.length).toBeGreaterThan(40);

    const own = withRule.flatMap((indicator) =>
      contactExchanges(indicator).map((exchange) => ({ ...exchange, indicator })),
    );
    for (const { exchange, iocs } of await played(rules, own, bySid)) {
      const { indicator, name } = exchange;
      expect(iocs, `${name} of ${indicator.value}`).not.toEqual([]);
      expect(
        iocs.filter((ioc) => !rightful(indicator)(ioc)),
        `${name} of ${indicator.value}`,
      ).toEqual([]);
      expect(new Set(iocs).size, `alerts of ${name} of ${indicator.value}`).toBe(iocs.length);
    }

    const near = withRule.flatMap((indicator) =>
      lookAlikeExchanges(indicator).map((exchange) => ({ ...exchange, indicator })),
    );
    const wrong = (await played(rules, near, bySid)).filter(({ exchange, iocs }) =>
      iocs.includes(`${exchange.indicator.type}:${exchange.indicator.value}`),
    );
    expect(wrong.map(({ exchange, iocs }) => `${exchange.name} of ${exchange.indicator.value}: ${iocs}`)).toEqual([]);
    expect(near.length).toBeGreaterThan(200);
  });
});

async function played<E extends Parameters<typeof capture>[0] extends Iterable<infer X> ? X : never>(
  rules: string,
  exchanges: readonly E[],
  bySid: ReadonlyMap<number, string>,
) {
  const { pcap, byClient } = capture(exchanges);
  const file = join(mkdtempSync(join(tmpdir(), "rulewright-pcap-")), "replay.pcap");
  writeFileSync(file, pcap);
  const alerts = Map.groupBy(await replay(rules, file), ({ client }) => client);
  return [...byClient].map(([client, exchange]) => ({
    exchange: exchange as E,
    iocs: (alerts.get(client) ?? []).map(({ sid }) => bySid.get(sid) ?? `sid ${sid}`),
  }));
}
