/**
 * Who reads it: consumers differ in what they accept, so the same facts are told to each in its way. One table, so
 * that what a profile changes can be read in one place; docs/exporters/stix.md says why.
 */
import type { Indicator, ObservableType } from "../../src/plugin.ts";

export const PROFILE_NAMES = ["generic", "opencti", "misp", "siem"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export interface Profile {
  /** Observables, samples, analyses, families and what joins them; without it the indicators alone. */
  readonly hasGraph: boolean;
  /** What an indicator is based on. */
  readonly basis: "observed-data" | "observable";
  readonly hasInfrastructure: boolean;
  /** Domain to address, also within observed data. */
  readonly hasResolutions: boolean;
  /** Which objects an analysis may list. */
  readonly analysed: "any" | "files";
  readonly hasOpenCtiExtension: boolean;
  /** One comparison on a well-known property, and a value that no reader cuts. */
  readonly isSimple: boolean;
}

const GENERIC: Profile = {
  hasGraph: true,
  basis: "observed-data",
  hasInfrastructure: true,
  hasResolutions: true,
  analysed: "any",
  hasOpenCtiExtension: false,
  isSimple: false,
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  generic: GENERIC,
  // OpenCTI joins an indicator to its observable by based-on, and loses one whose main observable type it cannot tell.
  opencti: { ...GENERIC, basis: "observable", hasOpenCtiExtension: true },
  // misp-stix stops at anything but files in an analysis, does not know infrastructure, and misses relationships that
  // observed data lists.
  misp: { ...GENERIC, hasInfrastructure: false, hasResolutions: false, analysed: "files" },
  siem: { ...GENERIC, hasGraph: false, isSimple: true },
};

const SIMPLE_TYPES: ReadonlySet<ObservableType> = new Set([
  "domain",
  "ipv4",
  "ipv6",
  "url",
  "sha256",
  "certificate",
  "mutex",
]);

/** Why an indicator is not for the readers of this profile; undefined when it is. */
export function profileMisfit({ isSimple }: Profile, { type, value }: Indicator): string | undefined {
  if (!isSimple) return undefined;
  if (!SIMPLE_TYPES.has(type)) return "profile siem: readers of simple patterns do not match this type";
  // One reader ends a value at its first quote, one drops spaces, one keeps the escapes.
  return /['\\ ]/.test(value)
    ? "profile siem: a quote, a backslash or a space in the value, which readers cut"
    : undefined;
}
