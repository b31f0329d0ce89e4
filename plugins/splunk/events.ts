/**
 * Indicators as events of the HTTP Event Collector: a record of what was found and withdrawn when, for summaries and
 * audits. Events match nothing; that is what lookups are for. This module sends nothing (see the sink `splunk-hec`).
 * Source: Splunk, "Format events for HTTP Event Collector".
 */
import { batches, type Chunk, type Indicator, isAlertable, type RenderContext, sha256 } from "../../src/plugin.ts";
import { ROWS_PER_CHUNK } from "../shared/rows/row.ts";
import { malformed } from "../shared/rows/value.ts";
import { reasonTexts } from "../shared/rows/words.ts";
import type { SplunkOptions } from "./options.ts";

const PATH = "events.json";

/** One event a line; the collector takes them one behind the other, whatever is between them. */
export async function* events(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<SplunkOptions>,
): AsyncGenerator<Chunk> {
  yield { path: PATH, data: "", indicators: 0 };
  for await (const batch of batches(indicators, ROWS_PER_CHUNK)) {
    ctx.signal.throwIfAborted();
    let data = "";
    let rows = 0;
    for (const indicator of batch) {
      const flaw = malformed(indicator);
      if (flaw) {
        ctx.skip(indicator, flaw);
        continue;
      }
      data += `${JSON.stringify(eventOf(indicator))}\n`;
      rows += 1;
    }
    if (rows > 0) yield { path: PATH, data, rows, indicators: rows };
  }
}

function eventOf(indicator: Indicator): Record<string, unknown> {
  const { type, value, verdict, status, tlp, families, labels, hunts, techniques, samples, sandboxes } = indicator;
  return {
    // Of the newest report, so that the same indicator is the same event whenever it is sent.
    time: Date.parse(indicator.lastSeen) / 1000,
    source: "rulewright",
    sourcetype: "rulewright:ioc",
    event: {
      id: sha256(`${type}:${value}`),
      type,
      value,
      status,
      detect: isAlertable(indicator),
      decision: verdict.decision,
      confidence: verdict.confidence,
      reasons: reasonTexts(verdict),
      tlp,
      malware_family: families,
      labels,
      hunts,
      attack_ids: techniques,
      sandboxes,
      sample_count: indicator.sampleCount,
      sample_sha256: samples,
      first_seen: indicator.firstSeen,
      last_seen: indicator.lastSeen,
      expires: indicator.validUntil,
    },
  };
}
