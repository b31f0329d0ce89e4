/**
 * The world as it is at one moment: samples that were submitted, reports that are finished, submissions that happened.
 * Indexes are built once per world; nothing here is changed by a request.
 */
import type { VtBody, VtDescriptor } from "./objects.ts";
import { contactedOf } from "./relationships.ts";
import type { World, WorldSample } from "./world.ts";

export interface View {
  readonly world: World;
  /** By sha256, sha1 or md5; undefined before its first submission. */
  sample(hash: string, now: number): WorldSample | undefined;
  /** Samples that searches find by now. */
  searchable(now: number): WorldSample[];
  /** The file object with what happened up to now. */
  file(sample: WorldSample, now: number): VtBody;
  reports(sample: WorldSample, now: number): readonly VtBody[];
  relationships(sample: WorldSample, now: number): Readonly<Record<string, readonly VtDescriptor[]>>;
  /** Samples that contacted an object, in the order of first submission. */
  communicating(type: string, id: string, now: number): WorldSample[];
  /** Addresses a domain resolved to, and domains that resolved to an address. */
  resolutions(type: "domain" | "ip_address", id: string): VtBody[];
  /** URLs on a host or address. */
  urlsOn(host: string): VtBody[];
  network(type: string, id: string): VtBody | undefined;
}

export function openView(world: World): View {
  const byHash = new Map<string, WorldSample>();
  for (const sample of world.samples) {
    const { md5, sha1 } = sample.file.attributes as { md5: string; sha1: string };
    for (const hash of [sample.sha256, sha1, md5]) byHash.set(hash, sample);
  }
  const contacts = contactIndex(world);
  const resolutions = resolutionIndex(world);
  const urls = Map.groupBy(world.urls.values(), ({ attributes }) =>
    new URL(String(attributes.url)).hostname.replace(/^\[|\]$/g, ""),
  );
  const isKnown = (sample: WorldSample, now: number) => (sample.submissions[0] as number) <= now;
  const reports = (sample: WorldSample, now: number) =>
    sample.reports.filter(({ attributes }) => (attributes.analysis_date as number) <= now);

  return {
    world,
    reports,
    sample(hash, now) {
      const sample = byHash.get(hash.toLowerCase());
      return sample && isKnown(sample, now) ? sample : undefined;
    },
    searchable: (now) => world.samples.filter(({ indexedAt }) => indexedAt <= now),
    file(sample, now) {
      const submissions = sample.submissions.filter((time) => time <= now);
      const last = submissions.at(-1) ?? (sample.submissions[0] as number);
      if (submissions.length === sample.submissions.length) return sample.file;
      const attributes = {
        ...sample.file.attributes,
        last_submission_date: last,
        last_analysis_date: last,
        last_modification_date: last + 60,
        times_submitted: submissions.length,
        unique_sources: submissions.length,
      };
      return { ...sample.file, attributes };
    },
    relationships(sample, now) {
      const finished = reports(sample, now);
      return finished.length === sample.reports.length ? sample.relationships : contactedOf(finished);
    },
    communicating: (type, id, now) => (contacts.get(`${type} ${id}`) ?? []).filter((sample) => isKnown(sample, now)),
    resolutions: (type, id) => resolutions.get(`${type} ${id}`) ?? [],
    urlsOn: (host) => urls.get(host) ?? [],
    network(type, id) {
      if (type === "domain") return world.domains.get(id);
      return type === "ip_address" ? world.addresses.get(id) : type === "url" ? world.urls.get(id) : undefined;
    },
  };
}

function contactIndex({ samples }: World): Map<string, WorldSample[]> {
  const index = new Map<string, WorldSample[]>();
  for (const sample of samples) {
    for (const { type, id } of Object.values(sample.relationships).flat()) {
      const known = index.get(`${type} ${id}`);
      if (known) known.push(sample);
      else index.set(`${type} ${id}`, [sample]);
    }
  }
  return index;
}

function resolutionIndex({ domains }: World): Map<string, VtBody[]> {
  const index = new Map<string, VtBody[]>();
  const add = (key: string, resolution: VtBody) => index.set(key, [...(index.get(key) ?? []), resolution]);
  for (const { id: host, attributes } of domains.values()) {
    for (const { value: address } of attributes.last_dns_records as { value: string }[]) {
      const resolution: VtBody = {
        type: "resolution",
        id: `${address}${host}`,
        attributes: {
          date: attributes.last_dns_records_date,
          host_name: host,
          ip_address: address,
          resolver: "VirusTotal",
        },
      };
      add(`domain ${host}`, resolution);
      add(`ip_address ${address}`, resolution);
    }
  }
  return index;
}
