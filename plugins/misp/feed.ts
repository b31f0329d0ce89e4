/** The two index files of a MISP feed, `manifest.json` and `hashes.csv`. Source: MISP app/Model/Feed.php. */
import { createHash } from "node:crypto";
import type { EventHeader, MispEvent } from "./model.ts";

/** An event's line in `manifest.json`: the puller compares `timestamp` with its copy and reads the rest for display. */
export function manifestEntry({ Orgc, Tag, info, date, analysis, threat_level_id, timestamp }: EventHeader) {
  const tags = Tag.map(({ name, colour }) => ({ name, colour }));
  return { Orgc, Tag: tags, info, date, analysis, threat_level_id, timestamp };
}

/** Characters written at a time. */
const PIECE = 65_536;

/**
 * An event's lines in `hashes.csv`: the MD5 of each value, for the puller's cache of known values. The parts of a
 * composite value count one by one, a value counts once, a withdrawn one does not count.
 */
export function* hashLines({ header, attributes, objects }: MispEvent): Generator<string> {
  const values = new Set<string>();
  for (const { type, value, deleted } of [...attributes, ...objects.flatMap(({ Attribute }) => Attribute)]) {
    if (deleted) continue;
    for (const part of type.includes("|") ? value.split("|") : [value]) values.add(part);
  }
  let lines = "";
  for (const value of values) {
    lines += `${createHash("md5").update(value).digest("hex")},${header.uuid}\n`;
    if (lines.length < PIECE) continue;
    yield lines;
    lines = "";
  }
  yield lines;
}
