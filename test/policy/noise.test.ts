/**
 * Labelled values through the whole offline path: a report that contacts each, collected, stored and judged without a
 * look-up. The values are not ours and not here; the shares that were reached stand in noise-shares.json, and none may
 * fall by more than a point. RULEWRIGHT_RECORD=1 writes them anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { loadWarningLists, type WarningLists } from "../../src/enrich/warning-lists.ts";
import type { Observable } from "../../src/model/observable.ts";
import { itNeedsReference, referenceDir } from "../support/engines.ts";
import { collectBody, judgedStore, report } from "../support/reports.ts";

const RECORD = join(import.meta.dirname, "noise-shares.json");
const LISTS = "misp/warninglists/lists";
const NETWORK = new Set(["domain", "ipv4", "ipv6", "endpoint", "url"]);
/** Resolvers are asked on their port, as a sandbox asks them. */
const RESOLVERS = new Set(["public_dns", "sandbox_own_resolver"]);

type Shares = Readonly<Record<string, number>>;

interface Labelled {
  readonly type: string;
  readonly value: string;
  readonly kind: string;
}

interface Tally {
  readonly kind: string;
  readonly right: number;
  readonly all: number;
}

function labelled(file: string): Labelled[] {
  return readFileSync(join(referenceDir as string, "noise", file), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","))
    .map(([type = "", value = "", kind = ""]) => ({ type, value, kind }));
}

/** What a sandbox writes of one contact; the domain is looked up and then asked for a page. */
function contact({ type, value, kind }: Labelled): object {
  switch (type) {
    case "domain":
      return { dns_lookups: [{ hostname: value }], http_conversations: [{ url: `http://${value}/a/b.php?c=1` }] };
    case "url":
      return { http_conversations: [{ url: `http://${value.replace(/^https?:\/\//, "")}` }] };
    case "ip_port":
      return traffic(value.replace(/:\d+$/, ""), Number(/\d+$/.exec(value)?.[0]), "TCP");
    default:
      return RESOLVERS.has(kind) ? traffic(value, 53, "UDP") : traffic(value, 443, "TCP");
  }
}

function traffic(destination_ip: string, destination_port: number, transport_layer_protocol: string): object {
  return { ip_traffic: [{ destination_ip, destination_port, transport_layer_protocol }] };
}

/** Whether each value is kept in any form, by class. A URL on a host that many share says nothing of the host. */
async function tally(file: string, isRight: (isKept: boolean) => boolean, lists?: WarningLists): Promise<Tally[]> {
  const values = labelled(file);
  const bodies = values.map((value, index) =>
    report({ ...contact(value), verdicts: ["MALWARE"] }, { sample: index + 1 }),
  );
  const store = await judgedStore(bodies, lists);
  const tallies = new Map<string, { right: number; all: number }>();
  try {
    for (const [index, { kind }] of values.entries()) {
      const own = tallies.get(kind) ?? { right: 0, all: 0 };
      own.all += 1;
      if (isRight(await isKept(observablesOf(bodies[index] as object), file === "noise.csv"))) own.right += 1;
      tallies.set(kind, own);
    }
  } finally {
    await store.close();
  }
  return [...tallies].map(([kind, counts]) => ({ kind, ...counts })).sort((a, b) => (a.kind < b.kind ? -1 : 1));

  async function isKept(observables: readonly Observable[], isHostAsked: boolean): Promise<boolean> {
    for (const observable of observables) {
      const row = await store.find(observable);
      if (row?.verdict.decision === "keep" && !(isHostAsked && row.labels.includes("shared-host"))) return true;
    }
    return false;
  }
}

function observablesOf(body: object): Observable[] {
  return collectBody(body)
    .flatMap(({ evidence }) => evidence.map(({ observable }) => observable))
    .filter(({ type }) => NETWORK.has(type));
}

function share(tallies: readonly Tally[]): number {
  const sum = (key: "right" | "all"): number => tallies.reduce((total, tally) => total + tally[key], 0);
  return sum("right") / sum("all");
}

function table(title: string, tallies: readonly Tally[]): string {
  const rows = [...tallies, { kind: "all", right: NaN, all: NaN }].map(({ kind, right, all }) =>
    kind === "all"
      ? `  ${"all".padEnd(26)} ${share(tallies).toFixed(3)}`
      : `  ${kind.padEnd(26)} ${(right / all).toFixed(3)}  ${right}/${all}`,
  );
  return [title, ...rows].join("\n");
}

describe("labelled values", () => {
  const recorded: Record<string, Shares> = JSON.parse(readFileSync(RECORD, "utf8"));
  const reached: Record<string, Shares> = {};
  const lists = referenceDir ? loadWarningLists(join(referenceDir, LISTS)) : undefined;

  afterAll(() => {
    if (process.env.RULEWRIGHT_RECORD && Object.keys(reached).length === Object.keys(recorded).length)
      writeFileSync(RECORD, `${JSON.stringify(reached, null, 2)}\n`);
  });

  /** Prints the table and compares it with the recorded one. */
  function compare(title: string, tallies: readonly Tally[]): void {
    console.log(table(title, tallies));
    const shares = Object.fromEntries(
      tallies.map(({ kind, right, all }) => [kind, Math.round((1000 * right) / all) / 1000]),
    );
    reached[title] = shares;
    if (process.env.RULEWRIGHT_RECORD) return;
    const fallen = Object.entries(recorded[title] ?? {}).filter(([kind, was]) => (shares[kind] ?? 0) < was - 0.01);
    expect(fallen).toEqual([]);
    expect(Object.keys(shares)).toEqual(Object.keys(recorded[title] ?? {}));
  }

  itNeedsReference("malicious values stay, alone", async () => {
    const tallies = await tally("malicious.csv", (isKept) => isKept);
    compare("malicious kept", tallies);
    expect(share(tallies)).toBeGreaterThanOrEqual(0.985);
    for (const { kind, right, all } of tallies) expect([kind, right / all >= 0.6]).toEqual([kind, true]);
  });

  itNeedsReference("malicious values stay, with warning lists", async () => {
    const tallies = await tally("malicious.csv", (isKept) => isKept, await lists);
    compare("malicious kept with warning lists", tallies);
    expect(share(tallies)).toBeGreaterThanOrEqual(0.985);
    for (const { kind, right, all } of tallies) expect([kind, right / all >= 0.6]).toEqual([kind, true]);
  });

  itNeedsReference("noise stays out, alone", async () => {
    const tallies = await tally("noise.csv", (isKept) => !isKept);
    compare("noise kept out", tallies);
    expect(share(tallies.filter(({ kind }) => !kind.startsWith("popular")))).toBeGreaterThanOrEqual(0.85);
  });

  itNeedsReference("noise stays out, with warning lists", async () => {
    const tallies = await tally("noise.csv", (isKept) => !isKept, await lists);
    compare("noise kept out with warning lists", tallies);
    expect(share(tallies)).toBeGreaterThanOrEqual(0.93);
  });
});
