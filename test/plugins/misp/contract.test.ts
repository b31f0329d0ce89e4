import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, it } from "vitest";
import { misp } from "../../../plugins/misp/index.ts";
import { describeExporter, type RenderedFiles } from "../../../src/testing.ts";
import { checkFeed } from "./feed-reader.ts";
import { checkEvents, readEvents } from "./support.ts";

// With it the memory check measures what is held and not what waits to be collected.
setFlagsFromString("--expose_gc");
globalThis.gc = runInNewContext("gc");

function check(files: RenderedFiles, format: string): void {
  if (format === "feed") checkFeed(files);
  else assert.ok([...files.keys()].every((path) => path.endsWith(".event.json")));
  checkEvents(readEvents(files));
}

describeExporter(misp, { runner: { describe, it }, check });
