/**
 * Three thousand indicators of every type with the ugly cases, by a seeded generator, through the export and the real
 * engine: nothing but their own traffic, and that once a session.
 */
import fc from "fast-check";
import { describe, expect } from "vitest";
import { suricata } from "../../../plugins/suricata/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { exampleIndicator, render } from "../../../src/testing.ts";
import type { Proof, RuleProof } from "../../../src/verify/prove.ts";
import { itNeeds, itNeedsSuricata8 } from "../../support/engines.ts";
import { assertLoads, proofOf } from "./support.ts";

const SEED = 20_261_127;
const label = fc
  .array(fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789_-".split("")), { minLength: 1, maxLength: 63 })
  .map((letters) => letters.join(""))
  .filter((text) => !text.startsWith("-") && !text.endsWith("-"));
const name = fc.oneof(
  fc
    .tuple(label, fc.constantFrom("top", "ru", "xn--p1ai", "co.uk", "duckdns.org"))
    .map(([own, suffix]) => `${own}.${suffix}`),
  fc.tuple(label, label, fc.constantFrom("net", "info")).map((parts) => parts.join(".")),
  fc.constantFrom("rs.sh", "t.cc", "mail.com", "a.io", "xn--80ak6aa92e.com"),
);
/** What libhtp decodes or folds, what rules give a meaning, what parsers trip over. */
const piece = fc.constantFrom(
  ..."abcXYZ019-_.~!$&'()*+,;=:@/?%\"|\\{}[]<>^`".split(""),
  ...'%20 %41 %2F %u0041 %C3%A9 %ZZ // /. /../ \\ ;sid:1; |41| "); ?x= &y='.split(" "),
);
const target = fc.array(piece, { maxLength: 30 }).map((pieces) => `/${pieces.join("")}`);
const octet = fc.integer({ min: 1, max: 254 });
const ipv4 = fc.tuple(fc.constantFrom(45, 91, 185, 203), octet, octet, octet).map((parts) => parts.join("."));
const group = fc.integer({ min: 1, max: 0xffff }).map((number) => number.toString(16));
const ipv6 = fc.tuple(group, group, group).map(([a, b, c]) => `2a01:${a}:${b}::${c}`);
const agent = fc
  .string({ unit: "grapheme", minLength: 2, maxLength: 80 })
  .filter(
    (text) => text.trim() === text && text.length > 1 && text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text),
  );
const hex = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef".split("")), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""));

const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] => {
  const seen = new Map<string, T>();
  for (let round = 0; seen.size < count; round += 1)
    for (const value of fc.sample(arbitrary, { seed: SEED + round, numRuns: count })) {
      if (seen.size < count) seen.set(JSON.stringify(value), value);
    }
  return [...seen.values()];
};

function indicators(): Indicator[] {
  const many = (type: Indicator["type"], values: readonly string[], more: Partial<Indicator> = {}) =>
    values.map((value) => exampleIndicator(type, { value, details: {}, ...more }));
  const names = sample(name, 900);
  const hosts = sample(fc.tuple(name, fc.constantFrom("", "", ":8080")), 700);
  const targets = sample(target, 700).filter((path) => path !== "/");
  return [
    ...many("domain", names.slice(0, 600)),
    ...many("domain", names.slice(600), { scope: "host" }),
    ...many("ipv4", sample(ipv4, 400)),
    ...many("ipv6", sample(ipv6, 200)),
    ...many(
      "endpoint",
      sample(fc.tuple(ipv4, fc.integer({ min: 1, max: 65_535 }), fc.constantFrom("tcp", "udp")), 350).map(
        ([address, port, transport]) => `${address}:${port}/${transport}`,
      ),
    ),
    ...many(
      "endpoint",
      sample(fc.tuple(ipv6, fc.integer({ min: 1, max: 65_535 })), 50).map(
        ([address, port]) => `[${address}]:${port}/tcp`,
      ),
    ),
    ...many(
      "url",
      targets.map((path, index) => `http://u${index}.${hosts[index]?.[0]}${hosts[index]?.[1]}${path}`),
    ),
    ...many("user-agent", sample(agent, 150)),
    ...many("ja3", sample(hex(32), 60)),
    ...many("ja3s", sample(hex(32), 60)),
    ...many(
      "ja4",
      sample(fc.tuple(hex(12), hex(12)), 60).map(([a, b]) => `t13d1516h2_${a}_${b}`),
    ),
    ...many("certificate", sample(hex(40), 60)),
    ...many("sha256", sample(hex(64), 60)),
  ];
}

function assertProven(proof: Proof): void {
  const failed = proof.rules.filter(({ status }) => status === "failed");
  expect(failed.map(({ sid, message, faults }) => [sid, message, faults])).toEqual([]);
  expect([proof.noRules, proof.engineProblems]).toEqual([[], []]);
  const isHeard = ({ fired, contacts, alertsPerSession }: RuleProof) => fired === contacts && alertsPerSession <= 1;
  expect(proof.rules.filter((rule) => !isHeard(rule))).toEqual([]);
  for (const { analysis, message, standsFor } of proof.rules) {
    if (/contact attempt/.test(message)) expect([standsFor, analysis?.type]).toEqual([standsFor, "ip_only"]);
    else if (!/^RULEWRIGHT file/.test(message))
      expect([standsFor, analysis?.type, analysis?.prefilter !== undefined]).toEqual([standsFor, "app_tx", true]);
  }
}

describe("3,000 indicators of every type load without a warning, fire on their own traffic once a session, on nothing else", () => {
  itNeeds("suricata")(
    "with the installed Suricata",
    async () => {
      const given = indicators();
      const { files, skipped } = await render(suricata, given);
      const known = /^the URL's host is not canonical$|^the rule would be longer than/;
      expect(skipped.filter(({ reason }) => !known.test(reason))).toEqual([]);
      expect(given.length - skipped.length).toBeGreaterThan(2950);
      await assertLoads(files);
      assertProven(await proofOf(files));
    },
    180_000,
  );

  itNeedsSuricata8(
    "with Suricata 8, in rules",
    async (root) => assertProven(await proofOf((await render(suricata, indicators())).files, root)),
    180_000,
  );

  itNeedsSuricata8(
    "with Suricata 8, in datasets whose names match below too",
    async (root) => {
      const listed = indicators().filter(({ type }) => ["domain", "ipv4", "ipv6"].includes(type));
      const { files } = await render(suricata, listed, { format: "dataset" });
      const { counts, rules } = await proofOf(files, root);
      expect(rules.filter(({ status }) => status === "failed")).toEqual([]);
      // Four protocols over names below, four over exact ones, one over addresses; four are for older versions.
      expect(counts).toEqual({ proven: 9, failed: 0, loaded: 0, "other-version": 4 });
    },
    180_000,
  );
});
