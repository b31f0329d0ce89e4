/**
 * Which exchanges a capture holds, in an order that can be made again: exchanges are made when they are written and
 * once more when an alert on one has to be judged, so that thousands of rules need no memory for their traffic.
 */
import { contactsOf, lookAlikesOf } from "./contacts.ts";
import type { KnownExchange } from "./exchange.ts";
import type { Expectation } from "./expectation.ts";
import type { Target } from "./target.ts";

/** Exchanges with numbers from `first` on: contacts, then look-alikes. */
export interface Group {
  readonly first: number;
  readonly contacts: number;
  readonly size: number;
  readonly make: () => readonly KnownExchange[];
  /** Everyday traffic: no rule may fire, whatever it stands for. */
  readonly isBenign: boolean;
}

export interface Plan {
  readonly groups: readonly Group[];
  /** Groups of each expectation, by its place. */
  readonly own: readonly (readonly number[])[];
  readonly size: number;
}

/** Entries of a list beyond which each gets one contact, and only some get look-alikes. */
const LONG_LIST = 1000;
const LOOK_ALIKES_OF_A_LONG_LIST = 100;

type Share = "whole" | "contacts" | "first";

/** `everyday` comes last. */
export function planTraffic(expectations: readonly Expectation[], everyday: readonly KnownExchange[] = []): Plan {
  const groups: Group[] = [];
  const known = new Map<string, number>();
  let size = 0;
  const add = (contacts: number, total: number, make: Group["make"], isBenign = false): number => {
    groups.push({ first: size + 1, contacts, size: total, make, isBenign });
    size += total;
    return groups.length - 1;
  };
  const groupOf = (target: Target, share: Share): number => {
    const key = `${share} ${JSON.stringify(target)}`;
    const place = known.get(key);
    if (place !== undefined) return place;
    const make = () => exchangesOf(target, share);
    const contacts = share === "first" ? contactsOf(target).slice(0, 1).length : contactsOf(target).length;
    const added = add(contacts, make().length, make);
    known.set(key, added);
    return added;
  };
  const own = expectations.map(({ targets }) => {
    if (targets.length <= LONG_LIST) return targets.map((target) => groupOf(target, "whole"));
    const step = Math.ceil(targets.length / LOOK_ALIKES_OF_A_LONG_LIST);
    return targets.map((target, index) => groupOf(target, index % step === 0 ? "whole" : "first"));
  });
  if (everyday.length > 0) add(0, everyday.length, () => everyday, true);
  return { groups, own, size };
}

function exchangesOf(target: Target, share: Share): readonly KnownExchange[] {
  const contacts = contactsOf(target);
  return share === "first" ? contacts.slice(0, 1) : [...contacts, ...lookAlikesOf(target)];
}

export interface Placed {
  readonly exchange: KnownExchange;
  readonly group: number;
  readonly isContact: boolean;
  readonly isBenign: boolean;
}

/** Number → exchange; remembers the last group, since alerts come in the order of the traffic. */
export function createFinder({ groups, size }: Plan): (number: number) => Placed | undefined {
  let last = -1;
  let made: readonly KnownExchange[] = [];
  return (number) => {
    if (number < 1 || number > size) return undefined;
    const group = groupAt(groups, number);
    const { first, contacts, make, isBenign } = groups[group] as Group;
    if (group !== last) made = make();
    last = group;
    const exchange = made[number - first];
    return exchange && { exchange, group, isContact: number - first < contacts, isBenign };
  };
}

/** The last group that begins at or before a number. */
function groupAt(groups: readonly Group[], number: number): number {
  let [low, high] = [0, groups.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((groups[middle] as Group).first <= number) low = middle;
    else high = middle - 1;
  }
  // Groups without exchanges begin where the next one does.
  return low;
}
