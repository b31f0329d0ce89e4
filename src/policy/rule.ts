/** What a rule of the judge answers, and what it may look at. */
import type { Background } from "../enrich/background.ts";
import type { WarningLists } from "../enrich/warning-lists.ts";
import { EVIDENCE_ROLES } from "../model/evidence.ts";
import type { HostScope } from "../model/indicator.ts";
import type { Reason } from "../model/verdict.ts";
import type { Facts, Linked, Population } from "../store/store.ts";
import type { Policy } from "./policy.ts";
import type { SandboxOwn } from "./sandbox-own.ts";

export interface JudgeContext {
  readonly background: Background;
  readonly warningLists?: WarningLists;
  readonly policy: Policy;
  /** Why that is not the config's policy; stands among the reasons of what no gate dropped. */
  readonly policyReason?: Reason;
  /** The samples in the store: how widespread a value is, is a share of these. */
  readonly population: Population;
  /** What was learned of the sandboxes; see sandbox-own.ts. */
  readonly sandboxOwn: SandboxOwn;
  /** The time confidences have decayed to; absent, nothing decays. */
  readonly now?: Date;
}

/** What is known of names and addresses, whoever shows them. */
export type KnownPlaces = Pick<JudgeContext, "background" | "warningLists">;

/** A reason with points. */
export interface Finding {
  readonly id: string;
  readonly weight: number;
  readonly text: string;
}

/** A reason that decides alone: the value cannot be an indicator, whatever speaks for it. */
export interface Gate {
  readonly id: string;
  readonly text: string;
}

/** A reason that lets other reasons count only so far: what goes beyond is taken back. */
export interface Ceiling {
  readonly id: string;
  readonly most: number;
  readonly text: string;
}

export interface Findings {
  readonly gate?: Gate;
  readonly findings: readonly Finding[];
  readonly ceiling?: Ceiling;
  readonly scope?: HostScope;
  readonly labels?: readonly string[];
}

/** Whose place a value is, as far as that changes what is said of it. */
export interface Tenancy {
  /** One customer's name below a suffix that many share: what is known of the suffix's owner says nothing of it. */
  readonly isCustomers?: boolean;
  /** The same, where honest software is kept as often as malware: storage, delivery and web hosting. */
  readonly isHosted?: boolean;
  /** A page among strangers' on a host that many share. */
  readonly isBorrowed?: boolean;
}

export type Rule = (facts: Facts, context: JudgeContext, tenancy: Tenancy) => Finding | undefined;

/** Whether a gate dropped it, and not too few points: then nothing else was said of it, not even how it was seen. */
export function isGated({ reasonIds }: Linked): boolean {
  return reasonIds.length === 1 && !(EVIDENCE_ROLES as readonly string[]).includes(reasonIds[0] as string);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("x") ? "es" : "s"}`;
}
