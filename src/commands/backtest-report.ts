/** What a backtest prints: hits by indicator, by day and by client, and how much was looked at. */
import type { BacktestResult } from "../backtest/backtest.ts";
import type { Hits } from "../backtest/tally.ts";
import { dayName } from "../backtest/time.ts";
import { VISIBLE_TYPES, type Watched } from "../backtest/watched.ts";
import { defang } from "../model/defang.ts";
import { plainText } from "../model/text.ts";
import { count, table } from "./summary.ts";

interface Hit extends Hits {
  readonly indicator: Watched;
  /** Milliseconds since the epoch. */
  readonly first?: number;
  readonly last?: number;
}

/** Most hits first; of equals in order of type and value, as the indicators come. */
function hitsOf(indicators: readonly Watched[], { hits }: BacktestResult): Hit[] {
  return [...hits]
    .sort(([a, one], [b, other]) => other.hits - one.hits || other.alerts - one.alerts || a - b)
    .map(([index, own]) => {
      const days = [...own.days.values()];
      const bounds =
        days.length === 0
          ? {}
          : { first: Math.min(...days.map(({ first }) => first)), last: Math.max(...days.map(({ last }) => last)) };
      return { ...own, indicator: indicators[index] as Watched, ...bounds };
    });
}

interface Share {
  hits: number;
  indicators: number;
}

function shares<K>(hits: readonly Hit[], pick: (hit: Hit) => Iterable<readonly [K, number]>): Map<K, Share> {
  const all = new Map<K, Share>();
  for (const hit of hits) {
    for (const [key, number] of pick(hit)) {
      const share = all.get(key) ?? { hits: 0, indicators: 0 };
      share.hits += number;
      share.indicators += 1;
      all.set(key, share);
    }
  }
  return all;
}

function daysOf(hits: readonly Hit[]): [string, Share][] {
  const days = shares(hits, ({ days: own }) => [...own].map(([day, { hits: number }]) => [day, number] as const));
  return [...days].sort(([a], [b]) => a - b).map(([day, share]) => [dayName(day), share]);
}

function byCount<T>(map: ReadonlyMap<string, T>, countOf: (entry: T) => number): [string, T][] {
  return [...map].sort(([a, one], [b, other]) => countOf(other) - countOf(one) || (a < b ? -1 : 1));
}

function clientsOf(hits: readonly Hit[]): [string, Share][] {
  return byCount(
    shares(hits, ({ clients }) => clients),
    (share) => share.hits,
  );
}

interface Totals {
  readonly events: number;
  readonly irrelevant: number;
  readonly unreadable: number;
  readonly hits: number;
  readonly alerts: number;
  readonly visible: number;
  readonly first?: number;
  readonly last?: number;
}

function totalsOf(indicators: readonly Watched[], { sources }: BacktestResult, hits: readonly Hit[]): Totals {
  const sum = (pick: (source: BacktestResult["sources"][number]) => number): number =>
    sources.reduce((total, source) => total + pick(source), 0);
  const firsts = hits.flatMap(({ first }) => first ?? []);
  const lasts = hits.flatMap(({ last }) => last ?? []);
  return {
    events: sum(({ events }) => events),
    irrelevant: sum(({ irrelevant }) => irrelevant),
    unreadable: sum(({ unreadable }) => unreadable),
    hits: hits.reduce((total, { hits: own }) => total + own, 0),
    alerts: hits.reduce((total, { alerts }) => total + alerts, 0),
    visible: indicators.filter(({ type }) => VISIBLE_TYPES.has(type)).length,
    ...(firsts.length === 0 ? {} : { first: firsts.reduce((a, b) => Math.min(a, b)) }),
    ...(lasts.length === 0 ? {} : { last: lasts.reduce((a, b) => Math.max(a, b)) }),
  };
}

const LONGEST_VALUE = 64;

/** Tables for people, at most `top` rows each; values are defanged. */
export function backtestText(indicators: readonly Watched[], result: BacktestResult, top: number): string {
  const hits = hitsOf(indicators, result);
  const totals = totalsOf(indicators, result, hits);
  const parts = [
    result.sources
      .map(({ name, description, events, irrelevant, unreadable }) =>
        plainText(
          `${name}: ${description}, ${count(events, "event")}, ${irrelevant} of kinds that cannot hit, ${unreadable} unreadable`,
        ),
      )
      .join("\n"),
  ];
  if (hits.length > 0) {
    parts.push(
      table(["indicator", "type", "hits", "alerts", "days", "clients", "first", "last"], hits.slice(0, top).map(row)),
      table(
        ["day (UTC)", "hits", "indicators"],
        daysOf(hits)
          .slice(-top)
          .map(([day, share]) => [day, share.hits, share.indicators]),
      ),
      table(
        ["client", "hits", "indicators"],
        clientsOf(hits)
          .slice(0, top)
          .map(([client, share]) => [plainText(client, LONGEST_VALUE), share.hits, share.indicators]),
      ),
    );
  }
  parts.push(
    `${hits.length} of ${count(indicators.length, "indicator")} hit, ${totals.visible - hits.length} never, ${indicators.length - totals.visible} of types that such logs do not show.`,
  );
  return `${parts.join("\n\n")}\n`;
}

function row({ indicator, hits, alerts, days, clients, first, last }: Hit): (string | number)[] {
  return [
    plainText(defang(indicator.value), LONGEST_VALUE),
    indicator.type,
    hits,
    alerts,
    days.size,
    clients.size,
    moment(first),
    moment(last),
  ];
}

function moment(milliseconds: number | undefined): string {
  return milliseconds === undefined ? "-" : `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** One JSON document: everything that hit with all its days, and the `top` clients of each and of all. */
export function backtestJson(indicators: readonly Watched[], result: BacktestResult, top: number): string {
  const hits = hitsOf(indicators, result);
  const { visible, ...totals } = totalsOf(indicators, result, hits);
  return `${JSON.stringify(
    {
      indicators: {
        given: indicators.length,
        hit: hits.length,
        neverHit: visible - hits.length,
        notVisible: indicators.length - visible,
      },
      ...totals,
      ...dates(totals),
      sources: result.sources.map(({ hits: own, ...source }) => ({
        ...source,
        hits: [...own.values()].reduce((sum, { hits: number }) => sum + number, 0),
      })),
      days: daysOf(hits).map(([day, share]) => ({ day, ...share })),
      clients: clientsOf(hits)
        .slice(0, top)
        .map(([client, share]) => ({ client, ...share })),
      byIndicator: hits.map((hit) => hitJson(hit, top)),
    },
    undefined,
    2,
  )}\n`;
}

function hitJson(hit: Hit, top: number): object {
  const { indicator, hits, alerts, days, clients, otherClients } = hit;
  return {
    type: indicator.type,
    value: indicator.value,
    ...(indicator.scope ? { scope: indicator.scope } : {}),
    ...(indicator.sids ? { sids: indicator.sids } : {}),
    hits,
    alerts,
    ...dates(hit),
    days: Object.fromEntries([...days].sort(([a], [b]) => a - b).map(([day, own]) => [dayName(day), own.hits])),
    clientCount: clients.size,
    hitsByOtherClients: otherClients,
    clients: byCount(clients, (number) => number)
      .slice(0, top)
      .map(([client, number]) => ({ client, hits: number })),
  };
}

function dates({ first, last }: { readonly first?: number; readonly last?: number }): object {
  return {
    ...(first === undefined ? {} : { first: new Date(first).toISOString() }),
    ...(last === undefined ? {} : { last: new Date(last).toISOString() }),
  };
}
