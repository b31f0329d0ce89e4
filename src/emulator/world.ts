/**
 * A synthetic world: samples, their sandbox reports, what they contacted, and what is true of it. The same seed gives
 * the same bytes. Invented names and addresses stand under real suffixes and in ordinary address space, so that a judge
 * cannot tell them by special use; never contact them.
 *
 * This module answers no requests (server.ts) and knows no present: everything in a world has its time, and the
 * server's clock decides what has happened.
 */
import { type BackgroundWorld, createBackground } from "./background-world.ts";
import { type Campaign, createCampaign } from "./campaigns.ts";
import type { Contact } from "./contact.ts";
import { type Build, createFamilies, type Family } from "./families.ts";
import { createFileObject } from "./file-objects.ts";
import { type Internet, openInternet, saying } from "./internet.ts";
import { createNetworkObjects, type NetworkObjects } from "./network-objects.ts";
import { DAY, type VtBody, type VtDescriptor } from "./objects.ts";
import { type Random, seededRandom } from "./random.ts";
import { contactedOf } from "./relationships.ts";
import { renderReport } from "./reports.ts";
import { createSandboxes, type Sandbox } from "./sandboxes.ts";
import type { Truth } from "./truth.ts";

export interface WorldInput {
  readonly seed: string | number;
  /** Samples, benign ones (a seventh) included. Default 500. */
  readonly samples?: number;
  /** Malware families. Default 8. */
  readonly families?: number;
  /** First submissions spread evenly from `start` to `end`. */
  readonly start: Date;
  readonly end: Date;
}

export interface WorldSample {
  readonly sha256: string;
  /** Absent for a benign sample. */
  readonly family?: string;
  readonly file: VtBody;
  /** Epoch seconds, ascending. */
  readonly submissions: readonly number[];
  /** Epoch seconds from which searches and notifications find it; its `first_submission_date` is earlier. */
  readonly indexedAt: number;
  /** Each is there from its `analysis_date` on. None: no sandbox ran. */
  readonly reports: readonly VtBody[];
  /** What all of the reports together contacted. */
  readonly relationships: Readonly<Record<string, readonly VtDescriptor[]>>;
}

export interface World extends NetworkObjects {
  readonly seed: string;
  readonly start: Date;
  readonly end: Date;
  readonly families: readonly string[];
  /** In the order of first submission. */
  readonly samples: readonly WorldSample[];
  /** Every network observable, hash and mutex that a report or relationship shows; sorted by type and value. */
  readonly truth: readonly Truth[];
}

/** A world. Throws a RangeError when the dates or counts make none. */
export function createWorld({ seed, samples = 500, families: familyCount = 8, start, end }: WorldInput): World {
  if (!(start < end)) throw new RangeError("a world starts before it ends");
  if (samples < 1 || familyCount < 1) throw new RangeError("a world has at least one sample and one family");
  const name = String(seed);
  const random = seededRandom(name);
  const [from, to] = [Math.floor(start.getTime() / 1000), Math.floor(end.getTime() / 1000)];
  const internet = openInternet();
  const background = createBackground({
    internet,
    random: random.fork("background"),
    start: from,
    end: to,
    vendors: Math.max(4, Math.round(samples / 40)),
  });
  const sandboxes = createSandboxes(internet, random.fork("sandboxes"));
  const families = createFamilies(familyCount, from, random.fork("families"));
  const plans = withVendors(
    withHeldPayloads(planSamples({ samples, families, from, to, random: random.fork("plan") })),
    background.vendors,
    random.fork("vendors"),
  );
  assignContacts(plans, internet, random.fork("campaigns"));
  const made = plans.map((plan) =>
    createSample(plan, { internet, background, sandboxes, end: to, random: random.fork(plan.sha256) }),
  );
  return {
    seed: name,
    start,
    end,
    families: families.map((family) => family.name),
    samples: made,
    truth: internet.truth.list(),
    ...createNetworkObjects(internet, to, name),
  };
}

/** A sample before anything ran it. */
interface Plan {
  readonly sha256: string;
  readonly family?: Family;
  readonly build: Build;
  readonly submittedAt: number;
  readonly hasReports: boolean;
  /** Whose honest software it is or comes bundled with. */
  readonly vendor?: number;
  contacts: readonly Contact[];
}

/** A seventh of the samples is benign, and one in fourteen was never run. */
const BENIGN = 1 / 7;
const NOT_RUN = 1 / 14;
/** Samples that a campaign has, about. */
const CAMPAIGN = 14;

function planSamples(input: {
  samples: number;
  families: readonly Family[];
  from: number;
  to: number;
  random: Random;
}): Plan[] {
  const { samples, families, from, to, random } = input;
  const benign = Math.min(samples - 1, Math.round(samples * BENIGN));
  const honest = createFamilies(4, from, random.fork("honest builds"));
  const plans = Array.from({ length: samples }, (_, at): Plan => {
    const family = at < benign ? undefined : families[(at - benign) % families.length];
    const build = random.pick((family ?? random.pick(honest)).builds);
    return {
      sha256: random.hex(64),
      ...(family ? { family } : {}),
      build,
      submittedAt: from + Math.floor(random.next() * (to - from)),
      // The first of a family always runs: a family without a report has nothing to say.
      hasReports: at < benign + families.length || !random.chance(NOT_RUN),
      contacts: [],
    };
  });
  return plans.sort((left, right) => left.submittedAt - right.submittedAt || (left.sha256 < right.sha256 ? -1 : 1));
}

/** Every second family drops a payload that VirusTotal holds, because somebody submitted it by itself. */
function withHeldPayloads(plans: readonly Plan[]): Plan[] {
  const held = new Map<Family, Family>();
  for (const { family, sha256 } of plans)
    if (family && !held.has(family)) held.set(family, held.size % 2 === 0 ? { ...family, payload: sha256 } : family);
  return plans.map((plan) => (plan.family ? { ...plan, family: held.get(plan.family) as Family } : plan));
}

/** Bundles come from makers whose software was seen by itself too: otherwise nobody could tell that it is honest. */
function withVendors(plans: readonly Plan[], vendors: number, random: Random): Plan[] {
  const honest = plans.filter(({ family, hasReports }) => !family && hasReports);
  const makers = Math.min(vendors, honest.length);
  return plans.map((plan) => {
    if (!plan.family) return { ...plan, vendor: Math.max(0, honest.indexOf(plan)) % vendors };
    return makers > 0 && random.chance(0.1) ? { ...plan, vendor: random.int(0, makers - 1) } : plan;
  });
}

/** Cuts each family's samples into campaigns and spreads the campaign's servers over them. */
function assignContacts(plans: readonly Plan[], internet: Internet, random: Random): void {
  for (const family of new Set(plans.map((plan) => plan.family))) {
    if (!family) continue;
    const own = plans.filter((plan) => plan.family === family && plan.hasReports);
    const campaigns = Math.max(1, Math.round(own.length / CAMPAIGN));
    for (let at = 0; at < campaigns; at += 1) {
      const members = own.slice(
        Math.floor((at * own.length) / campaigns),
        Math.floor(((at + 1) * own.length) / campaigns),
      );
      const start = members[0]?.submittedAt ?? 0;
      const campaign = createCampaign({
        family,
        internet,
        random: random.fork(`${family.name} ${at}`),
        start,
        samples: members.length,
      });
      for (const [index, member] of members.entries()) member.contacts = shareOf(campaign, index, members.length);
    }
  }
}

/** A window over the campaign's contacts that moves on with each sample, so that together they show all of them. */
function shareOf({ contacts, perSample }: Campaign, index: number, samples: number): Contact[] {
  const first = Math.floor((index * contacts.length) / samples);
  return Array.from({ length: perSample }, (_, at) => contacts[(first + at) % contacts.length] as Contact);
}

interface Surroundings {
  readonly internet: Internet;
  readonly background: BackgroundWorld;
  readonly sandboxes: readonly Sandbox[];
  readonly end: number;
  readonly random: Random;
}

function createSample(plan: Plan, around: Surroundings): WorldSample {
  const { random, internet } = around;
  const { sha256, family, build, submittedAt } = plan;
  const reports = plan.hasReports ? runSandboxes(plan, around) : [];
  const submissions = submissionsOf(submittedAt, around);
  internet.truth.note(
    "sha256",
    sha256,
    saying(family ? "malicious" : "noise", family ? "sample" : "benign-sample", family?.name),
  );
  internet.truth.show("sha256", sha256);
  const names = reports.map(({ attributes }) => String(attributes.sandbox_name));
  return {
    sha256,
    ...(family ? { family: family.name } : {}),
    file: createFileObject({ sha256, build, submissions, sandboxes: names, random, ...(family ? { family } : {}) }),
    submissions,
    indexedAt: submittedAt + indexingDelay(random),
    reports,
    relationships: contactedOf(reports),
  };
}

/** Minutes as a rule, up to a day and a half in one case of ten: searches that only ask for what is new miss those. */
function indexingDelay(random: Random): number {
  return random.chance(0.1) ? random.int(2, 36) * 3600 : random.int(120, 1200);
}

function submissionsOf(first: number, { random, end }: Surroundings): number[] {
  const again = Array.from({ length: random.pick([0, 0, 0, 1, 2]) }, () => first + random.int(3600, 12 * DAY));
  return [first, ...again.filter((time) => time <= end).sort((a, b) => a - b)];
}

function runSandboxes(plan: Plan, around: Surroundings): VtBody[] {
  const { random } = around;
  const chosen = random.sample(around.sandboxes, random.int(1, 4));
  const dynamic = around.sandboxes.filter(({ isStatic }) => !isStatic);
  const sandboxes = chosen.every(({ isStatic }) => isStatic) ? [random.pick(dynamic)] : chosen;
  const did = [...plan.contacts, ...besides(plan, around)];
  const seen = sandboxes.map(({ attention }) => new Set(did.filter(() => random.chance(attention))));
  // Whatever a sample does, somebody saw it: the truth is made of what can be known.
  const watcher = seen[sandboxes.findIndex(({ isStatic }) => !isStatic)];
  for (const contact of did) if (!seen.some((set) => set.has(contact))) watcher?.add(contact);
  return sandboxes.map((sandbox, at) =>
    renderReport({
      sha256: plan.sha256,
      build: plan.build,
      ...(plan.family ? { family: plan.family } : {}),
      sandbox,
      contacts: [...(seen[at] as Set<Contact>)],
      analysedAt: plan.submittedAt + (at > 0 && random.chance(0.1) ? random.int(1, 2) * DAY : random.int(240, 2400)),
      internet: around.internet,
      background: around.background,
      random: random.fork(sandbox.name),
    }),
  );
}

/** The honest hosts a sample contacts: all that a benign one does, a disguise or a bundle of a malicious one. */
function besides({ family, vendor }: Plan, { background, random }: Surroundings): Contact[] {
  const often = family ? 0.12 : 0.35;
  return [
    ...(vendor === undefined ? [] : background.vendorContacts(vendor, random)),
    ...(random.chance(often) ? [background.youngPopular(random)] : []),
    ...(random.chance(often) ? [background.platformVisit(random)] : []),
  ];
}
