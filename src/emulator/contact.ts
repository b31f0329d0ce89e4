/** What a sample does on the network, and what servers are made from. */
import type { Family } from "./families.ts";
import type { Address, Host, Internet, Rank } from "./internet.ts";
import { word } from "./names.ts";
import { DAY } from "./objects.ts";
import type { Random } from "./random.ts";

export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** SHA-1, lower hex. */
  readonly thumbprint: string;
}

/** One thing a sample does on the network. */
export interface Contact {
  readonly host?: Host;
  /** Connected to; absent when only the name was asked for. */
  readonly address?: Address;
  readonly port?: number;
  readonly transport?: "tcp" | "udp";
  /** As the sample asked for it. */
  readonly url?: string;
  readonly method?: string;
  readonly userAgent?: string;
  readonly certificate?: Certificate;
  readonly ja3?: string;
  /** Exfiltration by mail; the mailboxes are victims'. */
  readonly mail?: { readonly from: string; readonly to: string; readonly subject: string };
  readonly alert?: { readonly severity: string; readonly message: string };
  /** Found in the sample's memory too. */
  readonly isInMemory?: boolean;
}

export interface CampaignInput {
  readonly family: Family;
  readonly internet: Internet;
  readonly random: Random;
  /** Epoch seconds. */
  readonly start: number;
  /** Samples with reports the campaign has. */
  readonly samples: number;
}

export type Maker = (input: CampaignInput) => Contact[];

/** Some servers are so fresh that no engine knows them; one that a single sample meets is known. */
export function detections({ random, samples }: CampaignInput, least = 3, most = 16): number {
  return samples >= 3 && random.chance(0.3) ? random.int(0, 1) : random.int(least, most);
}

export function age({ random, start }: CampaignInput): number {
  return random.chance(0.2) ? start - random.int(700, 4000) * DAY : start - random.int(1, 40) * DAY;
}

/** A stale rank of the name's former owner, or a fresh one of its many victims. */
export function ranks({ random, start }: CampaignInput): Record<string, Rank> {
  if (random.chance(0.1)) return { Alexa: { rank: random.int(9_000, 300_000), timestamp: 1_684_000_000 } };
  if (random.chance(0.06)) return { "Cisco Umbrella": { rank: random.int(350_000, 950_000), timestamp: start + DAY } };
  return {};
}

export function alert(input: CampaignInput, what: string): NonNullable<Contact["alert"]> {
  return { severity: "high", message: `ET MALWARE ${input.family.name} ${what}` };
}

export function selfSigned({ random }: CampaignInput): Certificate {
  const subject = word(random, 3);
  return { subject, issuer: subject, serial: random.hex(16), thumbprint: random.hex(40) };
}
