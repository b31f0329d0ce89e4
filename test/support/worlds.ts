/** Worlds of the emulator as the bodies a hunt reads, without a server between: thousands of requests would take minutes. */
import { createWorld, type World, type WorldSample } from "../../src/emulator/index.ts";
import { loadBackground } from "../../src/enrich/background.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { collectBody } from "./reports.ts";

export function bigWorld(seed: string | number, samples = 400): World {
  const [start, end] = [new Date("2026-10-01T00:00:00Z"), new Date("2026-11-01T00:00:00Z")];
  return createWorld({ seed, samples, families: 8, start, end });
}

export interface Reading {
  /** Full objects of what each sample contacted. */
  readonly hasLookups: boolean;
  /** Benign samples are found too; a hunt for detections finds none. */
  readonly hasBenign: boolean;
}

const LOOKED_UP = ["contacted_domains", "contacted_ips", "contacted_urls"];

/** The listing of a file's relationship, as /files/{id}/{relationship} answers it. */
function listing(world: World, { sha256, relationships }: WorldSample, name: string): object {
  const data = (relationships[name] ?? []).map((descriptor) => {
    const { type, id, context_attributes } = descriptor;
    const object = (type === "domain" ? world.domains : type === "ip_address" ? world.addresses : world.urls).get(id);
    return object ? { ...object, ...(context_attributes ? { context_attributes } : {}) } : descriptor;
  });
  return { data, links: { self: `https://www.virustotal.com/api/v3/files/${sha256}/${name}` } };
}

/** Reads a world into a store and judges it. */
export async function judgedWorld(world: World, { hasLookups, hasBenign }: Reading): Promise<Store> {
  const store = await openSqliteStore();
  for (const sample of world.samples) {
    if (!hasBenign && sample.family === undefined) continue;
    const listings = hasLookups ? LOOKED_UP.map((name) => listing(world, sample, name)) : [];
    await store.add([{ data: sample.file }, { data: sample.reports }, ...listings].flatMap(collectBody));
  }
  await judgeAll(store, { background: loadBackground(), policy: DEFAULT_POLICY }, new AbortController().signal);
  return store;
}
