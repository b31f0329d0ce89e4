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

// What is grouped waits for the last indicator, in the spool.
describe("one event of each sample", () => {
  const options = { events: "sample", sightings: true };
  describeExporter(misp, { runner: { describe, it }, check, options, holdsBack: true });
});

describe("one event of each hunt and period", () => {
  describeExporter(misp, {
    runner: { describe, it },
    check,
    options: { events: "hunt" },
    holdsBack: true,
    formats: ["feed"],
  });
});
