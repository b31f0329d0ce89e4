/** CHANGES: what an operator reads before loading a release over the one that runs. */
import { describe, expect, it } from "vitest";
import { suricata } from "../../../plugins/suricata/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { exampleIndicator, memorySidLedger, type RenderedFiles, render } from "../../../src/testing.ts";

const sids = () => memorySidLedger();
type Ledger = ReturnType<typeof memorySidLedger>;

async function release(indicators: readonly Indicator[], ledger: Ledger, previous?: RenderedFiles, day = "2026-11-24") {
  const { files } = await render(suricata, indicators, {
    sids: ledger,
    now: new Date(`${day}T00:00:00Z`),
    ...(previous ? { previous } : {}),
  });
  return { files, changes: String(files.get("CHANGES")) };
}

const address = (last: number, more: Partial<Indicator> = {}): Indicator =>
  exampleIndicator("ipv4", { value: `45.32.17.${last}`, details: {}, ...more });
const hash = (digit: string): Indicator => exampleIndicator("sha256", { value: digit.repeat(64) });

describe("CHANGES", () => {
  it("names everything as added in the first release", async () => {
    const { changes } = await release([address(9)], sids());
    expect(changes).toBe(
      "added\t1000000\t1\tipv4:45.32.17.9\tRULEWRIGHT address contact attempt quillet (45 .32 .17 .9)\n# as of 2026-11-24: 1 added, 0 modified, 0 removed\n",
    );
  });

  it("counts what came, what went, and not what was seen again", async () => {
    const ledger = sids();
    const first = await release([address(1), address(2), address(3), exampleIndicator("domain")], ledger);
    const seen = exampleIndicator("domain", { lastSeen: "2026-11-20T00:00:00.000Z" });
    const second = await release([address(2), address(4), seen], ledger, first.files, "2026-11-25");
    expect(
      second.changes
        .trim()
        .split("\n")
        .map((line) => line.split("\t").slice(0, 4).join(" ")),
    ).toEqual([
      "added 1000007 1 ipv4:45.32.17.4",
      "removed 1000004 1 ipv4:45.32.17.1",
      "removed 1000006 1 ipv4:45.32.17.3",
      "# as of 2026-11-25: 1 added, 0 modified, 2 removed",
    ]);
  });

  it("counts a rule whose match moved as modified, with its new rev", async () => {
    const ledger = sids();
    const url = (value: string) => exampleIndicator("domain", { value, scope: "subtree" });
    const first = await release([url("quillet-morrow.top")], ledger);
    const second = await release([exampleIndicator("domain", { scope: "host" })], ledger, first.files);
    expect(second.changes).toBe(
      "modified\t1000000,1000001,1000002,1000003\t2\tdomain:quillet-morrow.top\tRULEWRIGHT DNS query quillet (quillet-morrow .top)\n# as of 2026-11-24: 0 added, 1 modified, 0 removed\n",
    );
  });

  it("counts a withdrawn indicator as removed, once, and one that returns as added under its old sid", async () => {
    const ledger = sids();
    const first = await release([address(1)], ledger);
    const revoked = await release([address(1, { status: "revoked" })], ledger, first.files);
    expect(revoked.changes).toContain("removed\t1000000\t1\tipv4:45.32.17.1\t");
    const again = await release([address(1, { status: "revoked" })], ledger, revoked.files, "2026-11-26");
    expect(again.changes).toBe(revoked.changes);
    const back = await release([address(1)], ledger, again.files);
    expect(back.changes).toContain("added\t1000000\t1\tipv4:45.32.17.1\t");
  });

  it("tells apart what became of the rules of one indicator", async () => {
    const ledger = sids();
    const given = [exampleIndicator("domain"), exampleIndicator("domain", { value: "other.top" })];
    const { files } = await render(suricata, given, { sids: ledger });
    const { files: later } = await render(suricata, given, {
      sids: ledger,
      previous: files,
      options: { quic: false },
    });
    expect(String(later.get("CHANGES")).split("\n").slice(0, 2)).toEqual([
      "removed\t1000003\t1\tdomain:other.top\tRULEWRIGHT QUIC server name quillet (other .top)",
      "removed\t1000007\t1\tdomain:quillet-morrow.top\tRULEWRIGHT QUIC server name quillet (quillet-morrow .top)",
    ]);
  });

  it("names the lines of lists that rules load", async () => {
    const ledger = sids();
    const first = await release([hash("a"), hash("b")], ledger);
    const second = await release([hash("b"), hash("c")], ledger, first.files);
    expect(second.changes).toBe(
      `added\t-\t-\t${"c".repeat(64)}\trulewright-sha256.lst\nremoved\t-\t-\t${"a".repeat(64)}\trulewright-sha256.lst\n# as of 2026-11-24: 1 added, 0 modified, 1 removed\n`,
    );
  });

  it("stays as it is, byte for byte, when nothing changed", async () => {
    const ledger = sids();
    const first = await release([address(1), hash("a")], ledger);
    const second = await release([address(1), hash("a")], ledger, first.files, "2026-12-24");
    expect(second.changes).toBe(first.changes);
  });
});
