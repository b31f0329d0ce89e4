/** domain, ip_address and url objects of what the samples contacted, and how they hang together. */
import { createHash } from "node:crypto";
import { assessment } from "./file-objects.ts";
import type { Address, Host, Internet, Url } from "./internet.ts";
import { DAY, type VtBody } from "./objects.ts";
import { type Random, seededRandom } from "./random.ts";

/** VirusTotal's id of a URL: the SHA-256 of its canonical form. */
export function urlId(url: string): string {
  return createHash("sha256").update(url).digest("hex");
}

export interface NetworkObjects {
  readonly domains: ReadonlyMap<string, VtBody>;
  readonly addresses: ReadonlyMap<string, VtBody>;
  /** By URL id. */
  readonly urls: ReadonlyMap<string, VtBody>;
}

export function createNetworkObjects(internet: Internet, end: number, seed: string): NetworkObjects {
  const random = (what: string) => seededRandom(`${seed}/${what}`);
  return {
    domains: new Map(
      [...internet.hosts.values()].map((host) => [host.name, domainObject(host, end, random(host.name))]),
    ),
    addresses: new Map(
      [...internet.addresses.values()].map((address) => [
        address.value,
        addressObject(address, end, random(address.value)),
      ]),
    ),
    urls: new Map([...internet.urls.values()].map((url) => [urlId(url.value), urlObject(url, end, random(url.value))])),
  };
}

function stats(detections: number, engines: number, isPopular: boolean): Record<string, number> {
  const harmless = isPopular ? Math.floor((engines - detections) * 0.7) : 0;
  return {
    malicious: detections,
    suspicious: detections > 4 ? 1 : 0,
    undetected: engines - detections - harmless,
    harmless,
    timeout: 0,
  };
}

function domainObject(host: Host, end: number, random: Random): VtBody {
  const seenAt = end - random.int(0, 20) * 3600;
  const isMalicious = host.saying.label === "malicious";
  const isWellKnown = host.saying.label === "noise" && Object.keys(host.ranks).length > 0;
  return {
    type: "domain",
    id: host.name,
    attributes: {
      last_analysis_date: seenAt,
      last_modification_date: seenAt + 60,
      last_analysis_stats: stats(host.detections, 94, isWellKnown),
      popularity_ranks: host.ranks,
      reputation: isMalicious ? -random.int(0, 30) : 0,
      total_votes: { harmless: 0, malicious: 0 },
      categories: isMalicious && host.detections > 6 ? { "Forcepoint ThreatSeeker": "malicious web sites" } : {},
      tags: [],
      tld: host.name.split(".").at(-1),
      last_dns_records: host.addresses.map(({ value }) => ({
        type: value.includes(":") ? "AAAA" : "A",
        value,
        ttl: 300,
      })),
      last_dns_records_date: seenAt,
      ...(host.createdAt === undefined
        ? {}
        : {
            creation_date: host.createdAt,
            last_update_date: host.createdAt + 30 * DAY,
            registrar: host.registrar ?? "Example Registrar, Inc.",
          }),
      ...assessment(isMalicious && host.detections > 2, random, isWellKnown),
    },
  };
}

function addressObject(address: Address, end: number, random: Random): VtBody {
  const seenAt = end - random.int(0, 20) * 3600;
  const isMalicious = address.saying.label === "malicious";
  const bytes = address.value.split(".");
  return {
    type: "ip_address",
    id: address.value,
    attributes: {
      as_owner: address.network.owner,
      asn: address.network.asn,
      country: address.network.country,
      continent: { US: "NA", BR: "SA", CO: "SA", CN: "AS", TR: "AS", DZ: "AF" }[address.network.country] ?? "EU",
      network: address.value.includes(":")
        ? `${address.network.ipv6}::/48`
        : `${bytes[0]}.${bytes[1]}.${bytes[2]}.0/24`,
      regional_internet_registry: "RIPE NCC",
      last_analysis_date: seenAt,
      last_modification_date: seenAt + 60,
      last_analysis_stats: stats(address.detections, 94, false),
      reputation: isMalicious ? -random.int(0, 20) : 0,
      total_votes: { harmless: 0, malicious: 0 },
      tags: [],
      ...assessment(isMalicious && address.detections > 2, random),
    },
  };
}

function urlObject(url: Url, end: number, random: Random): VtBody {
  const seenAt = end - random.int(0, 20) * 3600;
  const isMalicious = url.saying.label === "malicious";
  return {
    type: "url",
    id: urlId(url.value),
    context_attributes: { url: url.value },
    attributes: {
      url: url.value,
      last_final_url: url.value,
      first_submission_date: seenAt - random.int(1, 20) * DAY,
      last_submission_date: seenAt,
      last_analysis_date: seenAt,
      last_modification_date: seenAt + 60,
      times_submitted: random.int(1, 9),
      last_analysis_stats: stats(url.detections, 96, false),
      reputation: 0,
      total_votes: { harmless: 0, malicious: 0 },
      categories: {},
      threat_names: [],
      tags: [],
      has_content: false,
      last_http_response_code: 200,
      ...assessment(isMalicious && url.detections > 2, random),
    },
  };
}
