/** Lists for resolvers and hosts files: names only. */
import { isIPv6 } from "node:net";
import type { Indicator } from "../../src/plugin.ts";
import type { LinesOrReason } from "../shared/rows/lines.ts";
import { line, type Target } from "./target.ts";

/** hosts(5). It has no wildcard, so the names below a listed one still resolve. */
export function hosts(address: string): Target {
  return names("hosts", "# Rulewright: names of malware's infrastructure\n", ({ value }) => `${address} ${value}`);
}

/** Source: AdGuard, "DNS filtering syntax" (`||name^` with what is below, `|name^` alone). */
export const adguard = names("adguard.txt", "! Title: Rulewright\n", ({ value, scope }) =>
  scope === "host" ? `|${value}^` : `||${value}^`,
);

/**
 * Source: dnsmasq(8). An address without a value answers NXDOMAIN for the name and all below it. A host record answers
 * for the families it has an address of; a question for the other family would be asked upstream, and answered.
 */
export function dnsmasq(address: string): Target {
  const both = isIPv6(address) ? `0.0.0.0,${address}` : `${address},::`;
  return names("dnsmasq.conf", "# Rulewright: names of malware's infrastructure\n", ({ value, scope }) =>
    scope === "host" ? `host-record=${value},${both}` : `address=/${value}/`,
  );
}

function names(path: string, head: string, entry: (indicator: Indicator) => string): Target {
  return {
    files: [{ path, head }],
    linesOf: (indicator): LinesOrReason =>
      indicator.type === "domain" ? line(path, entry(indicator)) : `a resolver knows names, no ${indicator.type}`,
  };
}
