/**
 * How the objects of a world hang together: what a file contacted and dropped, what a host resolved to and who talked
 * to it. Descriptors only; the server looks up the objects behind them.
 */
import { canonicaliseAddress, canonicaliseHost, canonicaliseUrl, isRejected } from "../model/canonical.ts";
import { urlId } from "./network-objects.ts";
import type { VtBody, VtDescriptor } from "./objects.ts";

interface Conversations {
  readonly dns_lookups?: readonly { readonly hostname: string }[];
  readonly ip_traffic?: readonly { readonly destination_ip: string }[];
  readonly http_conversations?: readonly { readonly url: string }[];
  readonly smtp_conversations?: readonly { readonly destination_ip: string }[];
  readonly files_dropped?: readonly { readonly sha256?: string }[];
}

/** What any of the reports saw, without port, process or sandbox, in the order of first sight. */
export function contactedOf(reports: readonly VtBody[]): Record<string, VtDescriptor[]> {
  const seen = {
    contacted_domains: new Map(),
    contacted_ips: new Map(),
    contacted_urls: new Map(),
    dropped_files: new Map(),
  } as Record<"contacted_domains" | "contacted_ips" | "contacted_urls" | "dropped_files", Map<string, VtDescriptor>>;
  for (const { attributes } of reports) {
    const report = attributes as Conversations;
    for (const { hostname } of report.dns_lookups ?? []) {
      const host = canonicaliseHost(hostname);
      if (!isRejected(host) && host.value.includes("."))
        seen.contacted_domains.set(host.value, { type: "domain", id: host.value });
    }
    for (const { destination_ip } of [...(report.ip_traffic ?? []), ...(report.smtp_conversations ?? [])]) {
      const address = canonicaliseAddress(destination_ip);
      if (!isRejected(address)) seen.contacted_ips.set(address.value, { type: "ip_address", id: address.value });
    }
    for (const { url: raw } of report.http_conversations ?? []) {
      const url = canonicaliseUrl(raw.includes("://") ? raw : `http://${raw}`);
      if (!isRejected(url))
        seen.contacted_urls.set(url.value, {
          type: "url",
          id: urlId(url.value),
          context_attributes: { url: url.value },
        });
    }
    for (const { sha256 } of report.files_dropped ?? [])
      if (sha256) seen.dropped_files.set(sha256, { type: "file", id: sha256 });
  }
  return Object.fromEntries(Object.entries(seen).map(([name, found]) => [name, [...found.values()]]));
}

/** Relationships that only enterprise keys may read. */
export const ENTERPRISE_RELATIONSHIPS =
  /^(?:embedded|itw|memory_pattern)_(?:domains|ips|urls)$|^(?:urls|downloaded_files)$/;
