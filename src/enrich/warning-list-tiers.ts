/**
 * How much force the project gives each of MISP's warning lists, by its folder name. It does not read lists (see
 * warning-lists.ts).
 */

import { createPrefixTable, parseAddress, parsePrefix, unwrapMapped } from "./prefix-table.ts";

/**
 * - `drop`: a value on the list is no indicator
 * - `demote`: a weak sign against it
 * - `keep-url`: the host or address is never an indicator, a full URL on it may be
 * - `ignore`: the list says nothing about whether a value is harmless
 */
export type WarningListTier = "drop" | "demote" | "keep-url" | "ignore";

/**
 * The force of each list, by its folder name; the first row that fits speaks, and
 * a `*` stands for any text. A list that is not here is demoted: it exists because
 * somebody was alerted wrongly, which is a reason to doubt and not to delete.
 */
const TIERS: readonly (readonly [name: string, tier: WarningListTier, reason: string])[] = [
  ["rfc*", "drop", "reserved addresses and names cannot be reached from outside"],
  ["multicast", "drop", "a group of receivers, not a host"],
  ["ipv6-linklocal", "drop", "valid on one link only"],
  ["empty-hashes", "drop", "the hash of nothing identifies nothing"],
  ["eicar.com", "drop", "the test file that every scanner detects on purpose"],
  ["common-ioc-false-positive", "drop", "reviewed hashes of files that are everywhere"],
  ["nioc-filehash", "drop", "reviewed hashes of files that are everywhere"],
  ["captive-portals", "drop", "asked for by every operating system to test its connection"],
  ["crl-hostname", "drop", "asked for whenever a signature is checked"],
  ["umbrella-blockpage-*", "drop", "the answer of a filtering resolver, not of the host"],
  ["automated-malware-analysis", "drop", "analysis services, part of the laboratory"],
  ["microsoft-win10-connection-endpoints", "drop", "published telemetry and update endpoints"],
  ["microsoft-attack-simulator", "drop", "phishing exercises ordered by the victim"],
  ["tlds", "drop", "a bare top-level domain is no host"],
  ["second-level-tlds", "drop", "a bare public suffix is no host of one owner"],
  ["mozilla-CA", "drop", "trusted authorities, present in every chain"],
  ["mozilla-IntermediateCA", "drop", "trusted authorities, present in most chains"],
  ["common-contact-emails", "drop", "contact addresses of defenders"],
  ["whats-my-ip", "drop", "behaviour worth a note, but an echo service is nobody’s C2"],
  ["findip-host", "drop", "behaviour worth a note, but an echo service is nobody’s C2"],
  ["public-dns-*", "drop", "a resolver carries the question, it does not receive it"],
  ["sinkholes", "drop", "already in the hands of defenders"],
  ["parking-domain*", "drop", "the name has expired, what answers is an advertiser"],

  ["dynamic-dns", "keep-url", "the shared parent is never one, a customer’s name below it is judged alone"],
  ["lots-project", "keep-url", "legitimate sites that carry content of anybody"],
  ["link-in-bio", "keep-url", "pages of anybody under one host"],
  ["url-shortener", "keep-url", "links of anybody under one host"],
  ["*ipfs*", "keep-url", "content of anybody under one gateway"],
  ["cloudflare", "keep-url", "an address shared by unrelated sites"],
  ["akamai", "keep-url", "an address shared by unrelated sites"],
  ["fastly", "keep-url", "an address shared by unrelated sites"],
  ["stackpath", "keep-url", "an address shared by unrelated sites"],
  ["bunny*", "keep-url", "an address shared by unrelated sites"],
  ["github*", "keep-url", "an address shared by all users of the service"],
  ["telegram-ips", "keep-url", "an address shared by all users of the service"],
  ["wikimedia", "keep-url", "an address shared by all users of the service"],
  ["zscaler", "keep-url", "a proxy in front of unrelated customers"],
  ["google-gmail-sending-ips", "keep-url", "a mail server shared by all users of the service"],
  ["smtp-*", "keep-url", "a mail server shared by all users of a provider"],
  ["googlebot", "keep-url", "a crawler’s addresses inside a front end"],
  ["microsoft-office365-ip", "keep-url", "an address shared by all tenants of the service"],
  ["crl-ip", "keep-url", "mostly addresses of delivery networks, shared by unrelated sites"],

  ["vpn-*", "ignore", "hosting ranges; a large share of all C2 addresses lies in them"],
  ["amazon-aws", "ignore", "machines that anybody rents"],
  ["microsoft-azure*", "ignore", "machines that anybody rents"],
  ["google-gcp", "ignore", "machines that anybody rents"],
  ["oracle*", "ignore", "machines that anybody rents"],
  ["ovh-cluster", "ignore", "machines that anybody rents"],
  ["digitalocean*", "ignore", "machines that anybody rents"],
  ["linode*", "ignore", "machines that anybody rents"],
  ["*-scanning*", "ignore", "scanners matter inbound, samples connect outbound"],
  ["*scanner*", "ignore", "scanners matter inbound, samples connect outbound"],
  ["check-host-net", "ignore", "scanners matter inbound, samples connect outbound"],
  ["tenable-cloud-*", "ignore", "scanners matter inbound, samples connect outbound"],
  ["ti-falsepositives", "ignore", "unreviewed, and it holds hashes of real malware"],
  ["disposable-email", "ignore", "throw-away addresses are no sign of harmlessness"],
  ["phone_numbers", "ignore", "no type of ours"],

  // What follows says "well known", and well known is not harmless.
  ["google", "demote", "includes hosts that carry content of anybody"],
  ["microsoft", "demote", "includes hosts that carry content of anybody"],
  ["microsoft-office365*", "demote", "includes hosts that carry content of anybody"],
  ["cisco_*", "demote", "popularity"],
  ["tranco*", "demote", "popularity"],
  ["cloudflare-top*", "demote", "popularity"],
  ["majestic_million*", "demote", "popularity"],
  ["alexa", "demote", "popularity, of a source that has ended"],
  ["moz-top500", "demote", "popularity"],
  ["google-chrome-crux-*", "demote", "popularity"],
  ["bank-website", "demote", "well-known owners, whose names are also imitated"],
  ["dax30", "demote", "well-known owners, whose names are also imitated"],
  ["university_domains", "demote", "many hosts, often compromised"],
  ["security-provider-blogpost", "demote", "includes blogs on shared platforms"],
  ["covid*", "demote", "a snapshot of 2020"],
];

/** Lists whose leading-dot entries are parents of customers, not owners of what lies below. */
export const PARENT_LISTS: ReadonlySet<string> = new Set(["dynamic-dns", "lots-project"]);

/** Ranges that lists of shared addresses claim and where anybody rents machines. */
const RENTED: readonly (readonly [network: string, landlord: string])[] = [
  ["172.232.0.0/13", "Linode, whose ranges Akamai announces and which the akamai list covers"],
];

const rented = createPrefixTable<true>();
for (const [network] of RENTED) {
  const prefix = parsePrefix(network);
  if (prefix) rented.add(prefix, true);
}

/** Whether an address is one customer's machine although a list calls its range shared. */
export const isRentedMachine = (address: string): boolean => {
  const parsed = parseAddress(address);
  return parsed !== undefined && rented.find(unwrapMapped(parsed)) === true;
};

export const tierOf = (name: string): WarningListTier => {
  for (const [pattern, tier] of TIERS) {
    const source = pattern
      .split("*")
      .map((part) => part.replaceAll(/[.\\+?^$()[\]{}|]/g, "\\$&"))
      .join(".*");
    if (new RegExp(`^${source}$`, "i").test(name)) return tier;
  }
  return "demote";
};
