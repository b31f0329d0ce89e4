/**
 * The servers a family uses in one stretch of time. Which kinds a campaign has follows from the family's habit; each kind
 * is one that judges find hard.
 */
import { compromised, deadDrop, dynamicDns, mailProvider, mailServer, platform, tenant } from "./borrowed-servers.ts";
import type { CampaignInput, Contact, Maker } from "./contact.ts";
import {
  directAddress,
  directUrl,
  fronted,
  generated,
  lookalike,
  panel,
  payloads,
  tunnel,
} from "./dedicated-servers.ts";
import type { Family, Habit } from "./families.ts";

export interface Campaign {
  readonly family: Family;
  readonly contacts: readonly Contact[];
  /** How many of them one sample shows. */
  readonly perSample: number;
}

export function createCampaign(input: CampaignInput): Campaign {
  const contacts = MAKERS[input.family.habit].flatMap(([make, least, most]) =>
    Array.from({ length: input.random.int(least, most) }, () => make(input)).flat(),
  );
  // Everything is met by at least two samples when the campaign has as many.
  const perSample = Math.max(
    SHOWN[input.family.habit] ?? 4,
    Math.ceil((2 * contacts.length) / Math.max(1, input.samples)),
  );
  return { family: input.family, contacts, perSample: Math.min(perSample, contacts.length) };
}

const SHOWN: Readonly<Partial<Record<Habit, number>>> = { botnet: 26, tunnel: 40, loader: 30 };

const MAKERS: Readonly<Record<Habit, readonly (readonly [Maker, least: number, most: number])[]>> = {
  panel: [
    [panel, 3, 5],
    [lookalike, 1, 2],
    [directUrl, 0, 1],
    [platform, 0, 1],
  ],
  rat: [
    [dynamicDns, 3, 5],
    [directAddress, 1, 2],
    [platform, 1, 1],
  ],
  mail: [
    [mailServer, 3, 5],
    [mailProvider, 1, 1],
    [panel, 1, 1],
    [platform, 1, 1],
  ],
  botnet: [
    [directAddress, 28, 34],
    [directUrl, 4, 6],
  ],
  loader: [
    [compromised, 3, 4],
    [platform, 3, 4],
    [payloads, 2, 2],
    [tenant, 1, 2],
  ],
  banker: [
    [fronted, 3, 5],
    [lookalike, 1, 1],
    [panel, 1, 2],
    [tenant, 0, 1],
  ],
  "dead-drop": [
    [deadDrop, 2, 2],
    [directUrl, 2, 3],
    [fronted, 1, 2],
    [tenant, 1, 1],
  ],
  tunnel: [
    [tunnel, 1, 1],
    [generated, 1, 1],
    [panel, 1, 2],
    [tenant, 1, 2],
  ],
};
