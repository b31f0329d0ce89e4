/** Small bodies and judged stores for tests. */
import { collect } from "../../src/collect/report.ts";
import { loadBackground } from "../../src/enrich/background.ts";
import type { WarningLists } from "../../src/enrich/warning-lists.ts";
import type { Collected } from "../../src/model/evidence.ts";
import type { Observable } from "../../src/model/observable.ts";
import { judgeAll } from "../../src/policy/judge-all.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import type { JudgeContext } from "../../src/policy/rule.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { JudgedRow, Population, Store } from "../../src/store/store.ts";
import { recogniseBody } from "../../src/vt/bodies.ts";

/** A sample id that is easy to tell apart. */
export function sampleId(n: number): string {
  return n.toString(16).padStart(64, "5");
}

/** A file_behaviour body. */
export function report(attributes: object, { sample = 1, sandbox = "Zenbox" } = {}): object {
  return {
    type: "file_behaviour",
    id: `${sampleId(sample)}_${sandbox}`,
    attributes: { sandbox_name: sandbox, ...attributes },
  };
}

/** A file object. */
export function fileObject(sample: number, attributes: object, relationships: object = {}): object {
  return { type: "file", id: sampleId(sample), attributes, relationships };
}

export function collectBody(body: object): Collected[] {
  return (recogniseBody(body, "test.json") ?? []).flatMap((item) => collect(item) ?? []);
}

/** Parsed once: it is a third of a second. */
const background = loadBackground();

export async function judgedStore(bodies: readonly object[], warningLists?: WarningLists): Promise<Store> {
  const store = await openSqliteStore();
  await store.add(bodies.flatMap(collectBody));
  await judgeAll(
    store,
    { background, policy: DEFAULT_POLICY, ...(warningLists ? { warningLists } : {}) },
    new AbortController().signal,
  );
  return store;
}

/** What a judge knows of a store of which nothing else is known. */
export function wholeStore(population: Partial<Population> = {}): Pick<JudgeContext, "population" | "sandboxOwn"> {
  return { population: { samples: 0, cleanSamples: 0, families: new Map(), ...population }, sandboxOwn: new Map() };
}

/** The verdict on one value over some bodies. */
export async function verdictOn(
  observable: Observable,
  bodies: readonly object[],
  warningLists?: WarningLists,
): Promise<JudgedRow> {
  const store = await judgedStore(bodies, warningLists);
  try {
    const row = await store.find(observable);
    if (!row) throw new Error(`no ${observable.type} ${observable.value} in the store`);
    return row;
  } finally {
    await store.close();
  }
}
