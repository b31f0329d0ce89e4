/**
 * The store's port: evidence in, facts for the judge out, verdicts back, indicators for exporters. One code path over
 * Kysely; SQLite stands behind it (sqlite.ts). It computes no verdict and reads no clock.
 */
import type { Collected, Enrichment, EvidenceNote, EvidenceRole, LinkKind } from "../model/evidence.ts";
import type { HostScope, Tlp } from "../model/indicator.ts";
import type { Observable, ObservableType } from "../model/observable.ts";
import type { SampleDetails } from "../model/sample-details.ts";
import type { Decision, Verdict } from "../model/verdict.ts";
import type { DeliveryLedger } from "../plugin.ts";
import type { Feedback, FeedbackStore } from "./feedback.ts";
import type { GivenLedger } from "./given-ledger.ts";
import type { HuntStore } from "./hunt-store.ts";
import type { JobStore } from "./job-store.ts";
import type { SidStore } from "./sid-ledger.ts";
import type { VersionStore } from "./version-ledger.ts";

/** A linked observable and what the judge has said of it so far. */
export interface Linked {
  readonly kind: LinkKind;
  readonly observable: Observable;
  readonly decision?: Decision;
  /** Ids of the reasons of its verdict. */
  readonly reasonIds: readonly string[];
  /** The reason that weighs most against it. */
  readonly because?: string;
  readonly labels: readonly string[];
}

/** Everything known about one observable, aggregated: the judge's input. */
export interface Facts {
  /** Of the observable in this store. */
  readonly id: number;
  readonly observable: Observable;
  /** Role → number of distinct samples that showed it so (at least 1). */
  readonly roles: ReadonlyMap<EvidenceRole, number>;
  /** Distinct samples that showed it by more than a string in memory or in the file. */
  readonly samples: number;
  readonly maliciousSamples: number;
  readonly cleanSamples: number;
  /** Samples of which the sandboxes that ran them would not say anything, and no engine did. */
  readonly undecidedSamples: number;
  /** Distinct named sandboxes. */
  readonly sandboxes: number;
  /** Family → distinct samples of it that are not clean, in order of name. */
  readonly families: ReadonlyMap<string, number>;
  readonly alerts: readonly { readonly severity: string; readonly message: string }[];
  readonly enrichment?: Omit<Enrichment, "observable" | "seenAt">;
  readonly certificate?: NonNullable<EvidenceNote["certificate"]>;
  /** What reports call a file, sorted, at most 20 names, and its bytes; absent where none says anything. */
  readonly file?: { readonly names: readonly string[]; readonly size?: number };
  /** Links to others and, for addresses, from the hosts that resolved to them; at most 20 per kind and decision. */
  readonly links: readonly Linked[];
  /** When the newest sample that shows it was new, seconds; absent when no report is dated. */
  readonly lastNew?: number;
  readonly ruling?: Ruling;
  /** What the operator's own network said of it. */
  readonly feedback?: readonly Feedback[];
}

export const RULING_ACTIONS = ["allow", "deny", "revoke"] as const;
export type RulingAction = (typeof RULING_ACTIONS)[number];

/** An operator's word on a value; it wins over every rule. */
export interface Ruling {
  /** `allow`: never an indicator. `deny`: always one. `revoke`: was one, and is withdrawn. */
  readonly action: RulingAction;
  readonly reason: string;
  /** Seconds since the epoch. */
  readonly ruledAt: number;
}

/** A ruling on what another observable stands on. */
export interface HostRuling {
  readonly host: Observable;
  readonly ruling: Ruling;
}

/** A hunt as its indicators carry it. */
export interface HuntMark {
  readonly name: string;
  readonly labels: readonly string[];
  readonly tlp?: Tlp;
}

/** Whose samples show an observable by more than a string. */
export interface Finders {
  /** Hunts by name, sorted. */
  readonly hunts: readonly string[];
  /** Whether a sample shows it that is no hunt's, or a body that names no sample. */
  readonly isFoundOtherwise: boolean;
}

/** What the judge decides; stored per observable. */
export interface Judgement {
  readonly observable: Observable;
  readonly verdict: Verdict;
  readonly scope?: HostScope;
  readonly labels: readonly string[];
}

/** A judgement and whose it is, see `Facts.id`. */
export interface StoredJudgement {
  readonly id: number;
  readonly judgement: Judgement;
}

/** One place of evidence, for people. */
export interface EvidenceRow {
  readonly role: EvidenceRole;
  readonly sample?: string;
  readonly sandbox?: string;
  readonly place: string;
  /** Seconds since the epoch. */
  readonly seenAt?: number;
  readonly note?: EvidenceNote;
}

/** A judged observable with what exporters need; dates in seconds, absent when no report was dated. */
export interface JudgedRow extends Judgement {
  /** Whether any judgement so far has kept it. */
  readonly wasKept: boolean;
  readonly families: readonly string[];
  readonly sampleLabels: readonly string[];
  readonly techniques: readonly string[];
  readonly samples: readonly string[];
  readonly sampleCount: number;
  readonly sandboxes: readonly string[];
  readonly firstSeen?: number;
  readonly lastSeen?: number;
  readonly lastNew?: number;
  /** When it first came into a store that remembers. */
  readonly addedAt?: number;
  readonly hunts: readonly HuntMark[];
  /** See `Finders`. */
  readonly isFoundOtherwise: boolean;
  readonly ruling?: Ruling;
  /** The `revoke` of its host, when it has no ruling of its own. */
  readonly withdrawnHost?: HostRuling;
  readonly evidence: readonly EvidenceRow[];
  readonly links: readonly Linked[];
}

/** The samples whose contents any body shows, which shares are taken of. A clean sample counts for no family. */
export interface Population {
  readonly samples: number;
  readonly cleanSamples: number;
  readonly families: ReadonlyMap<string, number>;
}

/** How often one sandbox's reports show an observable. Reports that show nothing at all do not count. */
export interface SandboxShare {
  readonly observable: Observable;
  readonly sandbox: string;
  readonly shown: number;
  readonly reports: number;
  /** The same of all other sandboxes together. */
  readonly shownElsewhere: number;
  readonly reportsElsewhere: number;
  /** Whose reports the sandbox's were: family → samples that are not clean. */
  readonly families: ReadonlyMap<string, number>;
  readonly cleanSamples: number;
}

export interface RejectionRow {
  readonly value: string;
  readonly reason: string;
  readonly place: string;
}

export interface StoreCounts {
  readonly samples: number;
  readonly observables: number;
  readonly evidence: number;
  readonly rejections: number;
}

/** `warning-lists`: the folder of those that it was judged by last, absolute; absent when no flag named one. */
export type SettingName = "warning-lists";

export interface Settings {
  get(name: SettingName): Promise<string | undefined>;
  /** Without a value it is forgotten. */
  set(name: SettingName, value: string | undefined): Promise<void>;
}

export interface Store {
  /** Adds a batch in one transaction; the same evidence again changes nothing. */
  add(batch: readonly Collected[]): Promise<void>;
  /** Pages of facts of one type, in order of arrival. */
  facts(type: ObservableType): AsyncIterable<readonly Facts[]>;
  /** By id of the observable; those of which nothing but strings is known are absent. */
  finders(ids: readonly number[]): Promise<ReadonlyMap<number, Finders>>;
  saveJudgements(judgements: readonly StoredJudgement[]): Promise<void>;
  /** Pages of judged observables with one of the decisions, in order of value. */
  judged(type: ObservableType, decisions: readonly Decision[]): AsyncIterable<readonly JudgedRow[]>;
  /** Pages of what is kept, and of what was kept once and is not any more. */
  indicators(type: ObservableType): AsyncIterable<readonly JudgedRow[]>;
  /** Number of judged observables by type and decision. */
  decisions(): Promise<Partial<Record<ObservableType, Record<Decision, number>>>>;
  /** One judged observable, or undefined. */
  find(observable: Observable): Promise<JudgedRow | undefined>;
  /** Refused values whose text contains `value`. */
  rejections(value: string): Promise<readonly RejectionRow[]>;
  /** Remembers an operator's word; it holds for values not seen yet too. */
  rule(observable: Observable, ruling: Ruling): Promise<void>;
  /** Forgets it; false when there was none. */
  unrule(observable: Observable): Promise<boolean>;
  /** All of them, by type and value. */
  rulings(): Promise<readonly { readonly observable: Observable; readonly ruling: Ruling }[]>;
  readonly hunts: HuntStore;
  readonly jobs: JobStore;
  /** Whether it has no evidence and never kept anything. */
  isEmpty(): Promise<boolean>;
  counts(): Promise<StoreCounts>;
  /** What is wrong with the database file itself, in the database's words; undefined when nothing is. */
  damage(): Promise<string | undefined>;
  /** The newest date that any report bears, seconds; undefined when none bears one. */
  newestDate(): Promise<number | undefined>;
  population(): Promise<Population>;
  /** What shows in `share` of a sandbox's reports or more, of sandboxes with `reports` or more; by sandbox and value. */
  sandboxShares(floor: { readonly reports: number; readonly share: number }): Promise<readonly SandboxShare[]>;
  readonly sids: SidStore;
  readonly feedback: FeedbackStore;
  readonly versions: VersionStore;
  /** `target` names the sink of the config and the export it gets. */
  deliveries(target: string, now: () => Date): DeliveryLedger;
  /** `place` names a target of pushes or an output folder, and the export. */
  given(place: string): GivenLedger;
  /** What the store remembers of how it is used. */
  readonly settings: Settings;
  /** By sha256; unknown ones are absent. */
  samples(sha256s: readonly string[]): Promise<ReadonlyMap<string, SampleDetails>>;
  close(): Promise<void>;
}
