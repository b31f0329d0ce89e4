/** The backtest beside the real engine, over synthetic traffic with every indicator of the samples and its look-alikes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRelease } from "../../src/backtest/release.ts";
import { capture, contactExchanges, lookAlikeExchanges } from "../../src/verify/traffic.ts";
import { root, rulewright, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";

const SURICATA = join(root, "samples/out/suricata");

interface Report {
  readonly indicators: { readonly hit: number };
  readonly byIndicator: readonly {
    readonly type: string;
    readonly value: string;
    readonly hits: number;
    readonly alerts: number;
  }[];
}

async function backtestOf(exchanges: Parameters<typeof capture>[0]): Promise<Report> {
  const pcap = join(temporaryFolder(), "traffic.pcap");
  writeFileSync(pcap, capture(exchanges).pcap);
  const { code, stdout, stderr } = await rulewright(["backtest", SURICATA, "--log", pcap, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

const PROVABLE = ["domain", "endpoint", "url", "user-agent"];

describe("captures", () => {
  itNeeds("suricata")(
    "hit what the engine's own rules alert on, and nothing that only looks alike",
    async () => {
      const { indicators } = await readRelease([SURICATA]);
      const provable = indicators.filter(({ type }) => PROVABLE.includes(type));
      // Every second one is contacted, of the others there is only what looks alike.
      const traffic = provable.flatMap((own, at) => (at % 2 === 0 ? contactExchanges(own) : lookAlikeExchanges(own)));
      const { byIndicator } = await backtestOf(traffic);
      const names = (own: readonly { type: string; value: string }[]) =>
        own.map(({ type, value }) => `${type} ${value}`);
      const hit = names(byIndicator.filter(({ hits }) => hits > 0)).sort();
      expect(hit).toEqual(names(byIndicator.filter(({ alerts }) => alerts > 0)).sort());
      expect(hit).toEqual(expect.arrayContaining(names(provable.filter((_, at) => at % 2 === 0))));
      expect(hit.length).toBeLessThan(provable.length);
    },
    120_000,
  );

  it.each([
    ["d4c3b2a1ffff", "it ends within its first packet"],
    [`d4c3b2a1${"00".repeat(56)}`.slice(0, 48), "there is no packet in it"],
    ["", "it is no pcap or pcapng capture"],
  ])("of nothing readable are said to be so: %s", async (hex, why) => {
    const pcap = join(temporaryFolder(), "broken.pcap");
    writeFileSync(pcap, Buffer.from(hex, "hex"));
    const { code, stderr } = await rulewright(["backtest", SURICATA, "--pcap", pcap]);
    expect(stderr).toContain(`broken.pcap: ${why}. Give another --pcap. [INPUT_UNREADABLE]`);
    expect(code).toBe(3);
  });
});
