/** From a judged row to the indicator that exporters get. */
import {
  type Indicator,
  type IndicatorDetails,
  type IndicatorStatus,
  indicatorKey,
  TLP_LEVELS,
  type Tlp,
} from "../model/indicator.ts";
import { OBSERVABLE_TYPES, type Observable, type ObservableType, parseEndpoint } from "../model/observable.ts";
import type { Verdict } from "../model/verdict.ts";
import type { EvidenceRow, JudgedRow, Linked, Store } from "../store/store.ts";
import { type HuntPolicies, policyFor } from "./hunt-policies.ts";
import { DECAY } from "./judge.ts";
import type { Policy } from "./policy.ts";
import { validUntil } from "./validity.ts";

export interface IndicatorContext {
  readonly tlp: Tlp;
  readonly policy: Policy;
  /** Default: no hunt has a policy of its own. */
  readonly huntPolicies?: HuntPolicies;
  /** Stands in for the time of reports that bear none, in a store that does not remember when they came. */
  readonly asOf: Date;
  /** The time at which validity is checked; absent, the reports count as current at `asOf` and nothing expires. */
  readonly expiresAt?: Date;
}

export function toIndicator(row: JudgedRow, context: IndicatorContext): Indicator {
  const { tlp, asOf, expiresAt } = context;
  const { type, value } = row.observable;
  // What no report dates is as old as its place in the store: as of now, it would be new in every export.
  const undated = row.addedAt === undefined ? asOf.getTime() : row.addedAt * 1000;
  const firstSeen = row.firstSeen === undefined ? undated : row.firstSeen * 1000;
  const lastSeen = row.lastSeen === undefined ? undated : row.lastSeen * 1000;
  const lastNew = expiresAt === undefined ? asOf.getTime() : row.lastNew === undefined ? lastSeen : row.lastNew * 1000;
  const finders = { hunts: row.hunts.map(({ name }) => name), isFoundOtherwise: row.isFoundOtherwise };
  const { policy } = policyFor(finders, context.policy, context.huntPolicies ?? new Map());
  const until = validUntil(type, fullConfidence(row.verdict), lastNew, policy);
  return {
    type,
    value,
    ...(row.scope ? { scope: row.scope } : {}),
    verdict: row.verdict,
    status: statusOf(row, until, expiresAt),
    tlp: strictestTlp(row, tlp),
    families: row.families,
    labels: [...new Set([...row.labels, ...row.sampleLabels, ...row.hunts.flatMap(({ labels }) => labels)])].sort(),
    hunts: finders.hunts,
    techniques: row.techniques,
    samples: row.samples,
    sampleCount: row.sampleCount,
    sandboxes: row.sandboxes,
    firstSeen: new Date(firstSeen).toISOString(),
    lastSeen: new Date(lastSeen).toISOString(),
    ...(row.lastSeen === undefined ? { isUndated: true as const } : {}),
    validUntil: new Date(until).toISOString(),
    evidence: row.evidence.map(({ sample, sandbox, place }) => ({
      ...(sample ? { sample } : {}),
      ...(sandbox ? { sandbox } : {}),
      place,
    })),
    details: detailsOf(row.observable, row.evidence, row.links),
  };
}

/** The confidence before decay. */
function fullConfidence({ confidence, reasons }: Verdict): number {
  return reasons.reduce((full, { id, weight }) => (id === DECAY ? full - weight : full), confidence);
}

function statusOf(
  { ruling, withdrawnHost, verdict, wasKept }: JudgedRow,
  until: number,
  expiresAt: Date | undefined,
): IndicatorStatus {
  if (ruling?.action === "revoke" || withdrawnHost || (wasKept && verdict.decision !== "keep")) return "revoked";
  return expiresAt !== undefined && until <= expiresAt.getTime() ? "expired" : "active";
}

/** Shared no wider than the strictest of all that found it allows; `common` is that of what has none of its own. */
function strictestTlp({ hunts, isFoundOtherwise }: JudgedRow, common: Tlp): Tlp {
  const own = hunts.map(({ tlp = common }) => tlp);
  const all = isFoundOtherwise || own.length === 0 ? [...own, common] : own;
  return all.reduce((a, b) => (TLP_LEVELS.indexOf(a) < TLP_LEVELS.indexOf(b) ? b : a));
}

/** Indicators in export order, also those that were one and are withdrawn. Throws the signal's reason when aborted. */
export async function* indicatorsOf(
  store: Store,
  context: IndicatorContext,
  signal: AbortSignal,
): AsyncGenerator<Indicator> {
  for (const type of OBSERVABLE_TYPES) {
    for await (const page of store.indicators(type)) {
      for (const row of page) {
        signal.throwIfAborted();
        yield toIndicator(row, context);
      }
    }
  }
}

function detailsOf(
  observable: Observable,
  evidence: readonly EvidenceRow[],
  links: readonly Linked[],
): IndicatorDetails {
  const linked = (kind: Linked["kind"], types: readonly ObservableType[]): string[] =>
    sortedDistinct(
      links
        .filter(
          (link) =>
            link.kind === kind &&
            types.includes(link.observable.type) &&
            indicatorKey(link.observable) !== indicatorKey(observable),
        )
        .map((link) => link.observable.value),
    );
  const notes = evidence.flatMap(({ note }) => note ?? []);
  const noted = (pick: (note: NonNullable<EvidenceRow["note"]>) => string | number | undefined): string[] =>
    sortedDistinct(notes.flatMap((note) => pick(note) ?? []).map(String));
  const notedAll = (
    pick: (note: NonNullable<EvidenceRow["note"]>) => readonly (string | number)[] | undefined,
  ): string[] => sortedDistinct(notes.flatMap((note) => pick(note) ?? []).map(String));
  switch (observable.type) {
    case "domain":
      return present({ addresses: linked("resolves-to", ["ipv4", "ipv6"]) });
    case "ipv4":
    case "ipv6":
      return present({
        hosts: linked("resolves-to", ["domain"]),
        ports: sortedDistinct(
          linked("at-address", ["endpoint"]).map(
            (endpoint) => `${parseEndpoint(endpoint).port}/${parseEndpoint(endpoint).transport}`,
          ),
        ),
      });
    case "url":
      return present({
        methods: notedAll(({ methods }) => methods),
        userAgents: notedAll(({ userAgents }) => userAgents),
        statuses: notedAll(({ statuses }) => statuses),
      });
    case "sha256": {
      const md5 = noted((note) => note.md5)[0];
      const sha1 = noted((note) => note.sha1)[0];
      const size = notes.find((note) => note.size !== undefined)?.size;
      return {
        ...present({ names: noted(({ name }) => name) }),
        ...(md5 ? { md5 } : {}),
        ...(sha1 ? { sha1 } : {}),
        ...(size === undefined ? {} : { size }),
      };
    }
    case "certificate": {
      const note = notes.find(({ certificate }) => certificate)?.certificate;
      const { isSelfSigned: _, ...certificate } = note ?? {};
      return { ...present({ peers: linked("session-with", OBSERVABLE_TYPES) }), ...(note ? { certificate } : {}) };
    }
    default:
      return present({ peers: linked("session-with", OBSERVABLE_TYPES) });
  }
}

function present<T extends Record<string, readonly string[]>>(lists: T): Partial<T> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<T>;
}

function sortedDistinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort().slice(0, 20);
}
