/**
 * Exporter `rpz`: what a resolver denies, as a response policy zone or as Unbound's own configuration. A resolver sees
 * names and the addresses they resolve to: no port, no URL, no address that is contacted without a name.
 */
import { createHash } from "node:crypto";
import { type Chunk, defineExporter, type Indicator, type RenderContext, z } from "../../src/plugin.ts";
import { unlistable } from "../shared/rows/alert.ts";
import { type LinesOrReason, writeLines } from "../shared/rows/lines.ts";
import { digestLine, serialOf } from "./serial.ts";
import { addressTrigger, unownable } from "./triggers.ts";

const hostName = z
  .string()
  .max(100)
  .regex(/^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be a host name");

const RpzOptions = z.object({
  zone: hostName.default("rulewright.rpz").describe("Name of the zone in the resolver's configuration."),
  action: z
    .enum(["nxdomain", "nodata", "drop", "passthru"])
    .default("nxdomain")
    .describe("What is answered: no such name, no data, nothing at all, or the truth with a line in the log."),
  sinkhole: hostName.optional().describe("Host to send clients to instead: listed names answer with it as CNAME."),
  addresses: z.boolean().default(true).describe("Whether names that resolve to a listed address are denied too."),
  ttl: z.int().min(1).max(86_400).default(300).describe("Seconds that clients keep the answer."),
});
type RpzOptions = z.output<typeof RpzOptions>;

/** Source: draft-vixie-dnsop-dns-rpz, section 3, "Policy Actions". */
const ACTIONS: Readonly<Record<RpzOptions["action"], string>> = {
  nxdomain: ".",
  nodata: "*.",
  drop: "rpz-drop.",
  passthru: "rpz-passthru.",
};

const ZONE_PATH = "rulewright.rpz";
const UNBOUND_PATH = "rulewright.conf";

export const rpz = defineExporter({
  name: "rpz",
  description: "DNS response policy zone: names and addresses that a resolver denies",
  options: RpzOptions,
  accepts: ["domain", "ipv4", "ipv6"],
  formats: {
    zone: { description: "zone file for BIND, Unbound, Knot Resolver and PowerDNS Recursor", mediaType: "text/dns" },
    unbound: { description: "local zones for Unbound without RPZ; names only", mediaType: "text/plain" },
  },
  render: (indicators, ctx) =>
    ctx.format === "unbound" ? renderUnbound(indicators, ctx) : renderZone(indicators, ctx),
});

async function* renderZone(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<RpzOptions>,
): AsyncGenerator<Chunk> {
  const { options } = ctx;
  const target = options.sinkhole === undefined ? ACTIONS[options.action] : `${options.sinkhole}.`;
  const digest = createHash("sha256");
  const head = `; Rulewright. Owner names are relative to the zone.\n$TTL ${options.ttl}\n@ NS localhost.\n`;
  digest.update(head);
  yield { path: ZONE_PATH, data: head, indicators: 0 };
  for await (const chunk of writeLines(indicators, ctx, (indicator) => records(indicator, options, target))) {
    digest.update(chunk.data);
    yield chunk;
  }
  // Last, as the serial depends on all the rest. Only the order of records in an answer matters, not that in a file.
  const hash = digest.digest("hex");
  const serial = await serialOf(hash, ZONE_PATH, ctx.previous, ctx.now);
  const soa = `@ SOA localhost. hostmaster.localhost. ( ${serial} 3600 600 86400 ${options.ttl} )\n`;
  yield { path: ZONE_PATH, data: `${digestLine(hash)}${soa}` };
}

/** A wildcard does not cover its own parent: a name with all below it has two owners. */
function records(indicator: Indicator, { zone, addresses }: RpzOptions, target: string): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const { type, value, scope } = indicator;
  if (type === "domain") {
    const name = `${value} CNAME ${target}\n`;
    return (
      unownable(value, zone) ?? (scope === "host" ? lines(ZONE_PATH, name, 1) : lines(ZONE_PATH, `${name}*.${name}`, 2))
    );
  }
  if (!addresses) return "addresses are left out (option addresses)";
  return lines(ZONE_PATH, `${addressTrigger(value)} CNAME ${target}\n`, 1);
}

async function* renderUnbound(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<RpzOptions>,
): AsyncGenerator<Chunk> {
  yield { path: UNBOUND_PATH, data: "# Rulewright\nserver:\n", indicators: 0 };
  yield* writeLines(indicators, ctx, localZone);
}

/** Source: unbound.conf(5). A zone denies all below it, so one name alone is data in a zone that lets the rest pass. */
function localZone(indicator: Indicator): LinesOrReason {
  const reason = unlistable(indicator);
  if (reason) return reason;
  const { type, value, scope } = indicator;
  if (type !== "domain") return "local zones hold names; format `zone` takes addresses";
  const text = scope === "host" ? `local-data: "${value}. A 0.0.0.0"\n` : `local-zone: "${value}." always_nxdomain\n`;
  return lines(UNBOUND_PATH, text, 1);
}

function lines(path: string, text: string, rows: number): LinesOrReason {
  return { path, text, rows };
}
