/** That the cases of `bench/` still run, and that a floor does the work it stands for. */
import { describe, expect, it } from "vitest";
import { runCase as runExport } from "../../bench/cases/export.ts";
import { runCase as runStix } from "../../bench/cases/stix.ts";
import { runCase as runStore } from "../../bench/cases/store.ts";

describe("bench", { timeout: 60_000 }, () => {
  it("builds the objects of the STIX exporter in its floor", async () => {
    // Throws when they differ.
    await runStix({ way: "plain", count: 20 });
  });

  it("puts the same evidence into the store and into its floor", async () => {
    const [store, floor] = [await runStore({ way: "store", count: 500 }), await runStore({ way: "floor", count: 500 })];
    expect(store.evidence).toBeGreaterThanOrEqual(1500);
    expect(store).toMatchObject({ evidence: floor.evidence, observables: floor.observables });
  });

  it("counts a row for each indicator", async () => {
    const costs = await runExport({ exporter: "csv", format: "csv", spread: "mix", count: 500, isArchived: false });
    expect(costs).toMatchObject({ rows: 500, skipped: {} });
  });
});
