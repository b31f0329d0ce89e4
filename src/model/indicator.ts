/**
 * The indicator: observable + verdict + validity. This is what exporters get and the one public data shape:
 * fields are only ever added, and an exporter ignores what it does not know.
 */
import { OBSERVABLE_TYPES, type Observable, type ObservableType } from "./observable.ts";
import type { Verdict } from "./verdict.ts";

export const TLP_LEVELS = ["clear", "green", "amber", "amber+strict", "red"] as const;
export type Tlp = (typeof TLP_LEVELS)[number];

export const INDICATOR_STATUSES = ["active", "expired", "revoked"] as const;
export type IndicatorStatus = (typeof INDICATOR_STATUSES)[number];

/** How wide a host may be matched: the name and everything below it, or exactly this name. */
export type HostScope = "subtree" | "host";

/** One place where the indicator was seen. */
export interface Sighted {
  /** sha256 of the sample, or absent when the report does not say. */
  readonly sample?: string;
  /** Sandbox name, or absent for merged reports and relationships. */
  readonly sandbox?: string;
  /** Where in the report, such as `dns_lookups[3].hostname`. */
  readonly place: string;
}

export interface Certificate {
  readonly serial?: string;
  readonly issuer?: string;
  readonly subject?: string;
}

/** What else the reports said about the value. Every list is sorted and holds at most 20 entries. */
export interface IndicatorDetails {
  /** domain: addresses it resolved to. */
  readonly addresses?: readonly string[];
  /** ipv4, ipv6, endpoint: hosts that resolved to it. */
  readonly hosts?: readonly string[];
  /** ipv4, ipv6: `8080/tcp`. */
  readonly ports?: readonly string[];
  /** url: `GET`, `POST`. */
  readonly methods?: readonly string[];
  /** url: user agents that asked for it. */
  readonly userAgents?: readonly string[];
  /** url: HTTP status codes. */
  readonly statuses?: readonly string[];
  /** ja3, ja3s, ja4, certificate, user-agent: hosts and endpoints of the sessions. */
  readonly peers?: readonly string[];
  /** sha256: file names. */
  readonly names?: readonly string[];
  readonly md5?: string;
  readonly sha1?: string;
  /** sha256: bytes. */
  readonly size?: number;
  /** certificate. */
  readonly certificate?: Certificate;
}

export interface Indicator {
  readonly type: ObservableType;
  /** Canonical, never defanged. */
  readonly value: string;
  /** Present on domains. */
  readonly scope?: HostScope;
  readonly verdict: Verdict;
  readonly status: IndicatorStatus;
  readonly tlp: Tlp;
  readonly families: readonly string[];
  readonly labels: readonly string[];
  readonly hunts: readonly string[];
  /** ATT&CK technique ids of the samples, `T1071.001`; at most 20. */
  readonly techniques: readonly string[];
  /** sha256 of up to 20 samples, sorted. */
  readonly samples: readonly string[];
  readonly sampleCount: number;
  /** Sandbox names, sorted. */
  readonly sandboxes: readonly string[];
  /** ISO 8601, UTC, milliseconds. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** No report bears a date: `firstSeen` and `lastSeen` are when it came to us, in the store or in this run. */
  readonly isUndated?: true;
  readonly validUntil: string;
  /** Up to 20 places, sorted. */
  readonly evidence: readonly Sighted[];
  readonly details: IndicatorDetails;
}

/**
 * Types of which one kept value is enough for an alert. The others are context: a TLS fingerprint belongs to a library
 * that harmless programs use as well, and user agents, mutexes, paths, keys and command lines are chosen freely, so
 * they need a second condition.
 */
const ALERTABLE: ReadonlySet<ObservableType> = new Set([
  "domain",
  "ipv4",
  "ipv6",
  "endpoint",
  "url",
  "sha256",
  "certificate",
]);

/** Whether a match on this indicator is worth an alert by itself. */
export function isAlertable({ type, verdict, status }: Pick<Indicator, "type" | "verdict" | "status">): boolean {
  return verdict.decision === "keep" && status === "active" && ALERTABLE.has(type);
}

const URL_ONLY: readonly unknown[] = ["shared-host", "host-not-kept"];

/** Whether the labels of a URL say that its host by itself is no indicator: only the whole URL may be matched. */
export function isUrlOnly(labels: readonly unknown[]): boolean {
  return labels.some((label) => URL_ONLY.includes(label));
}

/** Stable key of an observable or indicator: ledger entries and ids derive from it. */
export function indicatorKey({ type, value }: { readonly type: ObservableType; readonly value: string }): string {
  return `${type}:${value}`;
}

/** What a key stands for; undefined for a text that is none. */
export function fromIndicatorKey(key: string): Observable | undefined {
  const at = key.indexOf(":");
  const type = OBSERVABLE_TYPES.find((own) => own === key.slice(0, at));
  return type === undefined || at === key.length - 1 ? undefined : { type, value: key.slice(at + 1) };
}
