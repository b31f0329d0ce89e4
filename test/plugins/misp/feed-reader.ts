/** A feed as a puller reads it: the manifest names the events, hashes.csv holds the MD5 of each value. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { RenderedFiles } from "../../../src/testing.ts";
import { attributesOf, type Json } from "./support.ts";

export function checkFeed(files: RenderedFiles): void {
  const manifest = JSON.parse(String(files.get("manifest.json")));
  const uuids = Object.keys(manifest);
  assert.deepEqual(
    [...files.keys()].sort(),
    ["hashes.csv", "manifest.json", ...uuids.map((uuid) => `${uuid}.json`)].sort(),
  );
  const expected = new Set<string>();
  for (const uuid of uuids) {
    const { Event: event } = JSON.parse(String(files.get(`${uuid}.json`)));
    const { info, date, analysis, threat_level_id, timestamp, Orgc } = event;
    const Tag = event.Tag.map(({ name, colour }: Json) => ({ name, colour }));
    assert.equal(event.uuid, uuid);
    assert.deepEqual(manifest[uuid], { Orgc, Tag, info, date, analysis, threat_level_id, timestamp });
    for (const { type, value, deleted } of attributesOf(event)) {
      if (deleted) continue;
      const parts = type === "ip-dst|port" ? value.split("|") : [value];
      for (const part of parts) expected.add(`${createHash("md5").update(part, "utf8").digest("hex")},${uuid}`);
    }
  }
  const text = String(files.get("hashes.csv"));
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  assert.deepEqual([...lines].sort(), [...expected].sort());
}
