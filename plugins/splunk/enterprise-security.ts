/**
 * Threat intelligence of Splunk Enterprise Security: its ten `local_*_intel` headers as lookups of our own names, in an
 * app that registers each, disabled, as an intelligence download. An analyst's `local_*` entries are never touched.
 * Source: Splunk Enterprise Security, "Add threat intelligence with a custom lookup file".
 */
import type { Chunk, Indicator, RenderContext } from "../../src/plugin.ts";
import { unmatched } from "../shared/rows/alert.ts";
import { keepBest } from "../shared/rows/best.ts";
import type { Piece } from "../shared/rows/budget.ts";
import { csvCell } from "../shared/rows/cell.ts";
import { describeWithFamilies } from "./description.ts";
import { type Cells, INTELLIGENCE, KINDS, type Kind, type Placed, place, weightOf } from "./intelligence.ts";
import type { SplunkOptions } from "./options.ts";
import { type AppIdentity, appFiles, conf } from "./package.ts";
import { slices } from "./slices.ts";

interface Lines extends Piece {
  readonly kind: Kind;
  readonly data: Buffer;
}

/** The app with its ten lookups. */
export async function* enterpriseSecurity(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<SplunkOptions>,
): AsyncGenerator<Chunk> {
  const { lookupPrefix, maxRows, maxBytes } = ctx.options;
  const identity = {
    ...ctx.options,
    appId: `${ctx.options.appId}_es`,
    label: `${ctx.options.label} for Enterprise Security`,
  };
  const nameOf = (kind: Kind): string => `${lookupPrefix}_${kind}_intel`;
  const pathOf = (kind: Kind): string => `${identity.appId}/lookups/${nameOf(kind)}.csv`;
  yield* appFiles(identity, {
    "README.txt": readme(identity, nameOf),
    "default/transforms.conf": conf(
      Object.fromEntries(
        KINDS.map((kind) => [
          nameOf(kind),
          { filename: `${nameOf(kind)}.csv`, case_sensitive_match: kind === "http" ? "true" : "false" },
        ]),
      ),
    ),
    "default/inputs.conf": conf(
      Object.fromEntries(KINDS.map((kind) => [`threatlist://${nameOf(kind)}`, download(kind, nameOf(kind), identity)])),
    ),
  });
  let room = maxBytes;
  for (const kind of KINDS) {
    const header = `${INTELLIGENCE[kind].join(",")}\n`;
    room -= header.length;
    yield { path: pathOf(kind), data: header, indicators: 0 };
  }
  const kept = await keepBest(indicators, ctx, {
    name: "splunk",
    budget: { maxRows, maxBytes: room },
    flawOf,
    pieceOf: (indicator) => linesOf(indicator, place(indicator) as Exclude<Placed, string>),
  });
  for (const kind of KINDS) {
    for (const lines of slices(kept.filter((one) => one.kind === kind))) yield chunkOf(pathOf(kind), lines);
  }
}

function flawOf(indicator: Indicator): string | undefined {
  const flaw = unmatched(indicator);
  if (flaw) return flaw;
  const placed = place(indicator);
  return typeof placed === "string" ? placed : undefined;
}

function chunkOf(path: string, lines: readonly Lines[]): Chunk {
  return {
    path,
    data: Buffer.concat(lines.map(({ data }) => data)),
    rows: lines.reduce((sum, { rows }) => sum + rows, 0),
    indicators: lines.length,
  };
}

function linesOf(indicator: Indicator, { kind, rows }: Exclude<Placed, string>): Lines {
  const common: Cells = { description: describeWithFamilies(indicator), weight: String(weightOf(indicator)) };
  const lineOf = (cells: Cells): string =>
    `${INTELLIGENCE[kind].map((column) => csvCell(cells[column] ?? common[column] ?? "")).join(",")}\n`;
  const data = Buffer.from(rows.map(lineOf).join(""));
  return { kind, data, rows: rows.length, bytes: data.length };
}

/** An intelligence download that reads a lookup of this search head instead of a URL. */
function download(kind: Kind, lookup: string, { label }: AppIdentity): Record<string, string> {
  return {
    disabled: "1",
    type: "threatlist",
    description: `${label}: ${kind}`,
    url: `lookup://${lookup}`,
    interval: "43200",
  };
}

function readme({ appId, label }: AppIdentity, nameOf: (kind: Kind) => string): string {
  return `${label}

Threat intelligence from malware sandbox reports, in the columns of Enterprise Security's local_*_intel lookups but
under names of its own: your local_*_intel lookups are not touched.

Install: Apps > Manage Apps > Install app from file takes ${appId}.spl, on the search head that runs Enterprise Security.
Or copy the folder ${appId} to $SPLUNK_HOME/etc/apps there (in a cluster: to etc/shcluster/apps on the deployer) and
restart or reload.

Use it as intelligence downloads: each lookup is registered in default/inputs.conf as lookup://<name>, disabled. Enable
those you want under Configure > Data Enrichment > Threat Intelligence Management. A withdrawn indicator is gone from
its lookup with the next version of this app; how long Enterprise Security keeps what it has read is its own setting.

Or append them to your own entries, once; doing it again gives duplicates:
  | inputlookup ${nameOf("ip")} | outputlookup append=t local_ip_intel

Lookups:
${KINDS.map((kind) => `  ${nameOf(kind)}`).join("\n")}

Every row of an enabled lookup alerts. The process and registry lookups have weight 1 and are context: harmless
programs share such values, so try them before you enable them. The service, user and email lookups are empty, as
sandbox reports give nothing of the kind that is fit to share.

An upgrade of this app overwrites everything in lookups/.
`;
}
