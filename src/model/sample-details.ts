/** A detonated file as exporters see it, with the sandboxes that ran it. */
import type { SandboxOpinion } from "./evidence.ts";

/** One sandbox's run of a sample. */
export interface Analysis {
  readonly sandbox: string;
  /** ISO 8601, UTC, milliseconds; absent when no report is dated. */
  readonly analysedAt?: string;
  /** What this sandbox says; absent when it says nothing. */
  readonly opinion?: SandboxOpinion;
}

export interface SampleDetails {
  readonly sha256: string;
  readonly md5?: string;
  readonly sha1?: string;
  /** A file name, as VirusTotal has it: the attacker's text. */
  readonly name?: string;
  /** Bytes. */
  readonly size?: number;
  /** First submission to VirusTotal, ISO 8601, UTC, milliseconds. */
  readonly submittedAt?: string;
  /** Engines that say malicious, of all that answered. */
  readonly malicious?: number;
  readonly engines?: number;
  /** What the sandboxes (or GTI) say, the gravest. */
  readonly opinion?: SandboxOpinion;
  /** The most probable first. */
  readonly families: readonly string[];
  /** Sorted. */
  readonly labels: readonly string[];
  /** ATT&CK technique ids, sorted. */
  readonly techniques: readonly string[];
  /** By name of the sandbox. */
  readonly analyses: readonly Analysis[];
}
