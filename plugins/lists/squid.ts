/**
 * Access lists for Squid, and the configuration that joins them into one, `rulewright`. Squid refuses a list of names in
 * which one contains another; names of equally many labels never do, so there is a list for each number of labels.
 */
import type { Indicator } from "../../src/plugin.ts";
import type { LinesOrReason } from "../shared/rows/lines.ts";
import { httpParts } from "../shared/rows/value.ts";
import { ENDPOINT_REASON, line, type Target } from "./target.ts";

/** Squid reads so much of a line, its end included (CONFIG_LINE_LIMIT). */
const LONGEST_LINE = 2040;

/** Acl type by the beginning of a file's name, in the order they are asked: `dst` waits for DNS, so it comes last. */
const ACL_TYPES = { hosts: "dstdomain", subtrees: "dstdomain", urls: "url_regex", addresses: "dst" } as const;
const ORDER = Object.keys(ACL_TYPES);

export const squid: Target = {
  files: [],
  linesOf: ({ type, value, scope }) => {
    switch (type) {
      case "domain":
        return scope === "host" ? line("hosts.acl", value) : line(`subtrees-${labelsOf(value)}.acl`, `.${value}`);
      case "ipv4":
      case "ipv6":
        return line("addresses.acl", value);
      case "url":
        return pattern(value);
      default:
        return type === "endpoint" ? ENDPOINT_REASON : `Squid sees no ${type}`;
    }
  },
};

/** The configuration for these access lists, which lie in `folder` on the proxy. */
export function squidConfiguration(paths: Iterable<string>, folder: string): string {
  const lists = [...paths]
    .map((path) => ({ path, name: path.replace(".acl", ""), kind: path.replace(/(?:-\d+)?\.acl$/, "") }))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.name < b.name ? -1 : 1))
    .map(({ path, name, kind }) => ({
      acl: `rulewright_${name}`,
      type: ACL_TYPES[kind as keyof typeof ACL_TYPES],
      path,
    }));
  return [
    "# Rulewright. Include it, then: http_access deny rulewright",
    // Squid warns of an access list without an entry, and knows none that was never named.
    "acl rulewright_none dstdomain none.rulewright.invalid",
    ...lists.map(({ acl, type, path }) => `acl ${acl} ${type} "${folder}/${path}"`),
    `acl rulewright any-of ${["rulewright_none", ...lists.map(({ acl }) => acl)].join(" ")}`,
    "",
  ].join("\n");
}

function labelsOf(name: string): number {
  let labels = 1;
  for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) labels += 1;
  return labels;
}

/** A URL as an extended regular expression (regex(7)) that matches it alone. */
function pattern(value: Indicator["value"]): LinesOrReason {
  const parts = httpParts(value);
  if (typeof parts === "string") return parts;
  const text = `^${value.replaceAll(/[.[\]()*+?{}|^$\\]/g, "\\$&")}$`;
  return text.length > LONGEST_LINE ? "longer than the line that Squid reads" : line("urls.acl", text);
}
