/**
 * VirusTotal Intelligence queries from trait values. Every value is the attacker's: it can never leave its quotes and
 * add a modifier. Queries are for pasting and so not defanged.
 *
 * Source: "File search modifiers" of docs.virustotal.com.
 */

/** `modifier:value` for a value whose form is known: a hash, a GUID, a time. Never for free text. */
export function exactTerm(modifier: string, value: string): string {
  return `${modifier}:${value}`;
}

/**
 * `modifier:"value"`. A quote is escaped. A backslash stays as it is, for paths are searched so; only where it would
 * take the quote behind it for its own it is doubled.
 */
export function textTerm(modifier: string, value: string): string {
  const escaped = value.replace(/(\\*)("|$)/g, (_, slashes: string, quote: string) =>
    quote === "" ? slashes + slashes : `${slashes}${slashes}\\${quote}`,
  );
  return `${modifier}:"${escaped}"`;
}

/** All of the terms, first submitted in the last `days` days. */
export function recent(terms: readonly string[], days = 7): string {
  return [...terms, `fs:${days}d+`].join(" AND ");
}
