import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { misp } from "../../../plugins/misp/index.ts";
import { describeExporter, type RenderedFiles } from "../../../src/testing.ts";
import { checkFeed } from "./feed-reader.ts";
import { checkEvents, readEvents } from "./support.ts";

function check(files: RenderedFiles, format: string): void {
  if (format === "feed") checkFeed(files);
  else assert.ok([...files.keys()].every((path) => path.endsWith(".event.json")));
  checkEvents(readEvents(files));
}

describeExporter(misp, { runner: { describe, it }, check });
