/** The public suffix of a host, by the Public Suffix List that tldts carries (https://publicsuffix.org). */
import { parse } from "tldts";

export interface SuffixFacts {
  readonly suffix: string;
  /** Suffix under which each label is a customer of a hoster (the list's private section). */
  readonly isPrivate: boolean;
  /** False when no registry on the public Internet runs this suffix. */
  readonly isKnown: boolean;
  /** The registrable domain, absent when the host is a suffix itself. */
  readonly domain?: string;
}

/**
 * Roots beside the DNS that malware resolves through public gateways or its own resolvers: a query for one of these
 * is worth a rule although no registry knows the name.
 */
const ALTERNATIVE_ROOTS = new Set(["bazar", "bit", "coin", "emc", "lib"]);

/** `host` is canonical. */
export function suffixOf(host: string): SuffixFacts {
  const parsed = parse(host, { allowPrivateDomains: true, extractHostname: false, validateHostname: false });
  const suffix = parsed.publicSuffix ?? host;
  return {
    suffix,
    isPrivate: parsed.isPrivate === true,
    isKnown: parsed.isIcann === true || parsed.isPrivate === true || ALTERNATIVE_ROOTS.has(suffix),
    ...(parsed.domain ? { domain: parsed.domain } : {}),
  };
}
