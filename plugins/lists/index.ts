/**
 * Exporter `lists`: plain block lists, one entry a line, in the dialects of firewalls, resolvers and a proxy. A line
 * carries a value and nothing else: confidence, family and reasons are in `csv`.
 */
import { type Chunk, defineExporter, type Indicator, type RenderContext, z } from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { writeBestLines } from "../shared/rows/best.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { cisco, fortiGate, generic, paloAlto } from "./firewalls.ts";
import { nftables } from "./nftables.ts";
import { adguard, dnsmasq, hosts } from "./resolvers.ts";
import { squid, squidConfiguration } from "./squid.ts";
import type { Target } from "./target.ts";

const ListsOptions = z.object({
  maxRows: z
    .int()
    .min(1)
    .optional()
    .describe("Most lines of one file; what has less confidence is skipped. So many indicators are held in memory."),
  maxBytes: z.int().min(1000).optional().describe("Most bytes of one file, likewise."),
  sinkAddress: z
    .union([z.ipv4(), z.ipv6()])
    .default("0.0.0.0")
    .describe(
      "`hosts`, `dnsmasq`: what a name resolves to, where it cannot be denied. `dnsmasq` answers for the other family of addresses too, with `0.0.0.0` or `::`.",
    ),
  squidFolder: z
    .string()
    .regex(/^\/[\w./-]+[\w-]$/, "must be an absolute path without spaces")
    .default("/etc/squid/rulewright")
    .describe("`squid`: where the files lie on the proxy."),
  nftTable: z
    .string()
    .regex(/^[a-zA-Z]\w{0,30}$/, "must be letters, digits and _")
    .default("rulewright")
    .describe("`nftables`: table, of family `inet`, that holds the sets."),
});
type ListsOptions = z.output<typeof ListsOptions>;

const FORMATS = {
  generic: { description: "one file for each type", mediaType: "text/plain" },
  paloalto: { description: "external dynamic lists of PAN-OS", mediaType: "text/plain" },
  fortigate: { description: "external resources of FortiOS", mediaType: "text/plain" },
  cisco: { description: "Security Intelligence lists of Cisco's FMC", mediaType: "text/plain" },
  hosts: { description: "hosts(5), also for Pi-hole", mediaType: "text/plain" },
  adguard: { description: "DNS filter of AdGuard Home and Pi-hole", mediaType: "text/plain" },
  dnsmasq: { description: "configuration of dnsmasq", mediaType: "text/plain" },
  squid: { description: "access lists of Squid and their configuration", mediaType: "text/plain" },
  nftables: { description: "sets of nftables", mediaType: "text/plain" },
};
type Format = keyof typeof FORMATS;

const TARGETS: Readonly<Record<Format, (options: ListsOptions) => Target>> = {
  generic: () => generic,
  paloalto: () => paloAlto,
  fortigate: () => fortiGate,
  cisco: () => cisco,
  hosts: ({ sinkAddress }) => hosts(sinkAddress),
  adguard: () => adguard,
  dnsmasq: ({ sinkAddress }) => dnsmasq(sinkAddress),
  squid: () => squid,
  nftables: ({ nftTable }) => nftables(nftTable),
};

/** Entries that a device takes for certain; which one it is, the operator knows. */
const KNOWN_MOST: Partial<Record<Format, number>> = { paloalto: 50_000, fortigate: 131_072 };

export const lists = defineExporter({
  name: "lists",
  description: "Plain block lists for firewalls, resolvers and proxies",
  options: ListsOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256"],
  formats: FORMATS,
  async *render(indicators, ctx: RenderContext<ListsOptions, Format>) {
    const { options, format } = ctx;
    const { files, linesOf } = TARGETS[format](options);
    for (const { path, head = "" } of files) yield { path, data: head, indicators: 0 };
    const written = new Map<string, number>();
    for await (const chunk of entries(indicators, ctx, linesOf)) {
      written.set(chunk.path, (written.get(chunk.path) ?? 0) + (chunk.rows ?? 0));
      yield chunk;
    }
    for (const { path, whenEmpty } of files) {
      if (whenEmpty !== undefined && !written.has(path)) yield { path, data: whenEmpty };
    }
    if (format === "squid") {
      yield { path: "rulewright.conf", data: squidConfiguration(written.keys(), options.squidFolder), indicators: 0 };
    }
    warnOfLimits(ctx, written);
  },
});

function entries(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<ListsOptions, Format>,
  linesOf: Target["linesOf"],
): AsyncIterable<Chunk> {
  const listed = (indicator: Indicator): LinesOrReason => unlistable(indicator) ?? linesOf(indicator);
  const { maxRows, maxBytes } = ctx.options;
  return maxRows === undefined && maxBytes === undefined
    ? writeLines(indicators, ctx, listed)
    : writeBestLines(indicators, ctx, { maxRows, maxBytes }, listed);
}

/** A device ignores what is beyond its limit, whatever its confidence. */
function warnOfLimits(
  { format, log }: RenderContext<ListsOptions, Format>,
  written: ReadonlyMap<string, number>,
): void {
  const most = KNOWN_MOST[format];
  if (most === undefined) return;
  for (const [path, rows] of written) {
    if (rows > most)
      log.warn(`lists: ${path} has ${rows} entries, and many devices ignore what follows ${most}; set maxRows`);
  }
}
