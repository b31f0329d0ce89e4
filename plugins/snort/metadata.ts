/** The metadata of a Snort rule: the shared entries, without what Snort's parsers read as something else. */
import type { Indicator } from "../../src/plugin.ts";
import { metadata, RuleText, type Severity } from "../shared/ids/rule-text.ts";

/**
 * Metadata stands outside quotes. There Snort 3 takes `[` for a list up to its `]`, `#` and `/*` for a comment and `!`
 * for a negation, each up to where it ends, which may be the end of the file; Snort 2.9 takes `$x` for a variable and
 * refuses the file without it. A balanced IPv6 address is a list that ends.
 */
export function snortMetadata(indicator: Indicator, severity: Severity): RuleText {
  const text = metadata(indicator, severity).toString();
  if (!/[$#!*[\]]/.test(text)) return new RuleText(text);
  return new RuleText(text.replace(/\[[0-9a-f:.]+\]|[$#!*[\]]/g, (found) => (found.length > 1 ? found : "_")));
}
