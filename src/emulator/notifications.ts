/**
 * Who is told what when: rules that match samples, collections that grow. Each family of the world has a ruleset, a
 * Retrohunt job and a collection; names and ids follow from the family's. And the filters that listings of these take.
 */
import { ApiError } from "./api-error.ts";
import { urlId } from "./network-objects.ts";
import type { VtDescriptor } from "./objects.ts";
import { hashFraction } from "./random.ts";
import type { World, WorldSample } from "./world.ts";

/** A decimal id that follows from a name. */
function numericId(...words: readonly string[]): string {
  return String(10 ** 15 + Math.floor(hashFraction(...words) * 9 * 10 ** 14));
}

export function rulesetId(family: string): string {
  return numericId("ruleset", family);
}

export function retrohuntJobId(family: string): string {
  return `emulator-${numericId("retrohunt", family).slice(0, 10)}`;
}

export function collectionId(family: string): string {
  return `malware--${family}`;
}

export interface Notification {
  readonly id: string;
  /** Epoch seconds. */
  readonly date: number;
  readonly item: VtDescriptor;
  readonly family: string;
  readonly origin: "hunting" | "subscriptions";
  readonly source: { readonly type: string; readonly id: string; readonly label: string };
  readonly sample?: WorldSample;
}

/** A rule matches when its sample is indexed; a collection's members are told at any time of the world. */
export function notificationsOf(world: World): Notification[] {
  const hunted = world.samples.flatMap((sample): Notification[] =>
    sample.family
      ? [
          {
            id: numericId("notification", sample.sha256),
            date: sample.indexedAt + 30,
            item: { type: "file", id: sample.sha256 },
            family: sample.family,
            origin: "hunting",
            source: { type: "hunting_ruleset", id: rulesetId(sample.family), label: `${sample.family} ruleset` },
            sample,
          },
        ]
      : [],
  );
  const span = (world.end.getTime() - world.start.getTime()) / 1000;
  const subscribed = world.families.flatMap((family) =>
    membersOf(family, world).map(
      (item): Notification => ({
        id: numericId("subscription", item.type, item.id),
        date: Math.floor(world.start.getTime() / 1000 + hashFraction("date", item.id) * span),
        item,
        family,
        origin: "subscriptions",
        source: { type: "collection", id: collectionId(family), label: family },
      }),
    ),
  );
  return [...hunted, ...subscribed].sort((left, right) => left.date - right.date || (left.id < right.id ? -1 : 1));
}

/** The network members of a family's collection. */
export function membersOf(family: string, { truth }: World): VtDescriptor[] {
  return truth.flatMap(({ type, value, label, family: own }): VtDescriptor[] => {
    if (label !== "malicious" || own !== family) return [];
    if (type === "domain") return [{ type: "domain", id: value }];
    if (type === "ipv4" || type === "ipv6") return [{ type: "ip_address", id: value }];
    return type === "url" ? [{ type: "url", id: urlId(value), context_attributes: { url: value } }] : [];
  });
}

type Filter = (notification: Notification) => boolean;

const ORIGINS = ["hunting", "subscriptions"];

/** Space-joined `name:value` pairs, all of which must hold. */
export function parseFilter(text: string | null): Filter {
  const tests = (text ?? "")
    .split(/\s+/)
    .filter(Boolean)
    .map((pair): Filter => {
      const [, name = "", value = ""] = /^([a-z_]+):(.*)$/.exec(pair) ?? [];
      switch (name) {
        case "date":
          return dateFilter(value);
        case "origin":
          if (!ORIGINS.includes(value))
            throw new ApiError(
              "BadRequestError",
              `origin "${value}" is not valid. Valid origins are: ${ORIGINS.join(",")}`,
            );
          return ({ origin }) => origin === value;
        case "entity_type":
          return ({ item }) => item.type === value;
        case "entity_id":
          return ({ item }) => item.id === value;
        case "source_type":
          return ({ source }) => source.type === value;
        case "source_id":
          return ({ source }) => source.id === value;
        case "notification_tag":
        case "tag":
          return ({ family }) => family === value.toLowerCase();
        default:
          throw new ApiError("BadRequestError", `"${name || pair}" is not a valid filter`);
      }
    });
  return (notification) => tests.every((test) => test(notification));
}

/** `2026-10-01T10:00:00+`, a date alone, or epoch seconds; `-` is before. */
function dateFilter(value: string): Filter {
  const [, moment = "", sign] = /^(.*?)([+-]?)$/.exec(value) ?? [];
  const at = /^[0-9]+$/.test(moment)
    ? Number(moment)
    : Date.parse(moment.includes("T") ? `${moment.replace(/Z$/, "")}Z` : `${moment}T00:00:00Z`) / 1000;
  if (Number.isNaN(at)) throw new ApiError("BadRequestError", `"${value}" is not a valid date`);
  return ({ date }) => (sign === "-" ? date < at : date >= at);
}
