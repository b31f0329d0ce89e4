/**
 * Exporter `osquery`: query packs for Windows hosts. What alerts by itself is in one pack; what harmless programs share
 * (mutexes, registry keys, file paths) in another, for hunting. There are no queries for URLs: no table has them.
 */
import {
  type Chunk,
  defineExporter,
  type Indicator,
  type ObservableType,
  type RenderContext,
  z,
} from "../../src/plugin.ts";
import { unfit, unlistable } from "../shared/rows/alert.ts";
import { CONTEXT_KINDS, DETECTION_KINDS, type Kind } from "./queries.ts";

const OsqueryOptions = z.object({
  intervalSeconds: z.int().min(60).default(3600).describe("Seconds between two runs of a query on a host."),
  hashPaths: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z]:\\[^\p{C}]+$/u, "must begin with a drive")
        .refine((path) => !/^[A-Za-z]:\\%+$/.test(path), "must not be a whole drive"),
    )
    .min(1)
    .default([
      "C:\\Users\\%\\Downloads\\%",
      "C:\\Users\\%\\Desktop\\%",
      "C:\\Users\\%\\AppData\\Local\\Temp\\%",
      "C:\\Users\\Public\\%",
      "C:\\ProgramData\\%",
      "C:\\Windows\\Temp\\%",
    ])
    .describe("Where files are hashed: every file there, on every run. `%` is one level, `%%` any number."),
  maxValues: z
    .int()
    .min(1)
    .max(900)
    .default(500)
    .describe(
      "Most values of a query; more become several queries. SQLite takes no condition with more than 1000 parts.",
    ),
});
type OsqueryOptions = z.output<typeof OsqueryOptions>;
type Context = RenderContext<OsqueryOptions>;

const KINDS: readonly Kind[] = [...DETECTION_KINDS, ...CONTEXT_KINDS];
const KIND_OF = new Map(KINDS.flatMap((kind) => kind.types.map((type) => [type, kind] as const)));

export const osquery = defineExporter({
  name: "osquery",
  description: "Query packs for osquery on Windows",
  options: OsqueryOptions,
  accepts: [...KIND_OF.keys()] satisfies ObservableType[],
  formats: {
    packs: { description: "a pack of detections and one for hunting", mediaType: "application/json;profile=osquery" },
  },
  async *render(indicators, ctx: Context) {
    const detections = openPack("rulewright.json", DETECTION_KINDS, ctx.options);
    const hunting = openPack("rulewright-hunting.json", CONTEXT_KINDS, ctx.options);
    yield detections.begin;
    yield hunting.begin;
    let taken = 0;
    for await (const indicator of indicators) {
      taken += 1;
      if (taken % 500 === 0) ctx.signal.throwIfAborted();
      const kind = KIND_OF.get(indicator.type) as Kind;
      const pack = CONTEXT_KINDS.includes(kind) ? hunting : detections;
      // For hunting, a kept value is enough.
      const flaw = (pack === hunting ? unfit(indicator) : unlistable(indicator)) ?? kind.flaw?.(indicator);
      if (flaw) ctx.skip(indicator, flaw);
      else yield* pack.add(kind, indicator);
    }
    yield* detections.end();
    yield* hunting.end();
  },
});

interface Pack {
  readonly begin: Chunk;
  add(kind: Kind, indicator: Indicator): Generator<Chunk>;
  end(): Generator<Chunk>;
}

/** Writes a query as soon as it is full; values come in order of type, but several types may share a query. */
function openPack(path: string, kinds: readonly Kind[], options: OsqueryOptions): Pack {
  const open = new Map(kinds.map((kind) => [kind, { values: [] as string[], number: 0 }]));
  let isFirst = true;
  const query = (kind: Kind): Chunk => {
    const state = open.get(kind) as { values: string[]; number: number };
    state.number += 1;
    const name = `${kind.name}_${String(state.number).padStart(3, "0")}`;
    const body = {
      query: kind.query(state.values, options.hashPaths),
      interval: options.intervalSeconds,
      snapshot: false,
      description: kind.description,
    };
    const data = `${isFirst ? "" : ","}\n    ${JSON.stringify(name)}: ${JSON.stringify(body)}`;
    const count = state.values.length;
    state.values = [];
    isFirst = false;
    return { path, data, rows: count, indicators: count };
  };
  return {
    begin: { path, data: '{\n  "platform": "windows",\n  "queries": {', indicators: 0 },
    *add(kind, indicator) {
      const state = open.get(kind) as { values: string[]; number: number };
      state.values.push(kind.value(indicator));
      if (state.values.length >= options.maxValues) yield query(kind);
    },
    *end() {
      for (const [kind, { values }] of open) if (values.length > 0) yield query(kind);
      yield { path, data: "\n  }\n}\n" };
    },
  };
}
