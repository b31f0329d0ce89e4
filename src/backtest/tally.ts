/**
 * Hits of one source, counted: for each indicator how often, when first and last, on which days and by whom. Its size
 * depends on what hit and not on how much was read.
 */
import type { LogEvent } from "./event.ts";
import { canonicalClient } from "./matcher.ts";
import { dayOf, toMilliseconds } from "./time.ts";

/** Clients of one indicator that are kept by name; further ones count as others. */
export const MOST_CLIENTS = 10_000;

export interface DayCount {
  hits: number;
  /** Milliseconds since the epoch. */
  first: number;
  last: number;
}

export interface Hits {
  hits: number;
  /** Alerts that the sensor itself raised by a rule for it. */
  alerts: number;
  /** By UTC day; hits without a readable time are in none. */
  readonly days: Map<number, DayCount>;
  readonly clients: Map<string, number>;
  /** Hits by clients beyond MOST_CLIENTS, and by none named. */
  otherClients: number;
}

/**
 * What counts only when a log has nothing better: addresses of events that are no connection records, and names in
 * answers to queries.
 */
export type Channel = "main" | "addresses" | "answers";

export class Tally {
  readonly channels: Readonly<Record<Channel, Map<number, Hits>>> = {
    main: new Map(),
    addresses: new Map(),
    answers: new Map(),
  };
  hasFlows = false;
  hasQueries = false;

  see(event: LogEvent): void {
    if (event.isFlow) this.hasFlows = true;
    else if (event.names && !event.isAnswer) this.hasQueries = true;
  }

  add(index: number, event: LogEvent, channel: Channel): void {
    const hits = hitsOf(this.channels[channel], index);
    if (event.sid !== undefined) {
      hits.alerts += 1;
      return;
    }
    hits.hits += 1;
    const at = toMilliseconds(event.time);
    if (at !== undefined) addDay(hits.days, dayOf(at), { hits: 1, first: at, last: at });
    if (event.client === undefined) hits.otherClients += 1;
    else addClient(hits, canonicalClient(event.client), 1);
  }
}

/** Counts of several sources and channels in one map. */
export function mergeInto(target: Map<number, Hits>, source: ReadonlyMap<number, Hits>): void {
  for (const [index, own] of source) {
    const hits = hitsOf(target, index);
    hits.hits += own.hits;
    hits.alerts += own.alerts;
    hits.otherClients += own.otherClients;
    for (const [day, count] of own.days) addDay(hits.days, day, count);
    for (const [client, count] of own.clients) addClient(hits, client, count);
  }
}

function hitsOf(map: Map<number, Hits>, index: number): Hits {
  const known = map.get(index);
  if (known) return known;
  const hits: Hits = { hits: 0, alerts: 0, days: new Map(), clients: new Map(), otherClients: 0 };
  map.set(index, hits);
  return hits;
}

function addDay(days: Map<number, DayCount>, day: number, { hits, first, last }: DayCount): void {
  const known = days.get(day);
  if (known === undefined) {
    days.set(day, { hits, first, last });
    return;
  }
  known.hits += hits;
  known.first = Math.min(known.first, first);
  known.last = Math.max(known.last, last);
}

function addClient(hits: Hits, client: string, count: number): void {
  const known = hits.clients.get(client);
  if (known !== undefined || hits.clients.size < MOST_CLIENTS) hits.clients.set(client, (known ?? 0) + count);
  else hits.otherClients += count;
}
