/** Lists for firewalls: one type a file, one entry a line. They differ in how a name stands for those below it. */
import type { Indicator } from "../../src/plugin.ts";
import type { LinesOrReason } from "../shared/rows/lines.ts";
import { httpParts } from "../shared/rows/value.ts";
import { ENDPOINT_REASON, line, type Target } from "./target.ts";

/** Values as they are. Names that stand for themselves alone have a file of their own. */
export const generic: Target = {
  files: ["domains.txt", "hosts.txt", "ipv4.txt", "ipv6.txt", "endpoints.txt", "urls.txt", "sha256.txt"].map(
    (path) => ({ path }),
  ),
  linesOf: ({ type, value, scope }) => {
    switch (type) {
      case "domain":
        return line(scope === "host" ? "hosts.txt" : "domains.txt", value);
      case "endpoint":
        return line("endpoints.txt", value);
      case "url":
        return line("urls.txt", value);
      default:
        return line(`${type}.txt`, value);
    }
  },
};

/** Entries beyond it are ignored, with a line in the system log. */
const PALO_ALTO_LONGEST = 255;

/**
 * Palo Alto Networks' external dynamic lists.
 * Source: PAN-OS, "Formatting Guidelines for an External Dynamic List" and "Guidelines for URL Category Exceptions".
 */
export const paloAlto: Target = {
  files: [{ path: "ip.txt" }, { path: "domain.txt" }, { path: "url.txt" }],
  linesOf: (indicator) => {
    const { type, value, scope } = indicator;
    switch (type) {
      case "domain":
        // A plain name stands for itself, and for those below it only where the list is set to expand.
        return scope === "host"
          ? line("domain.txt", `^${value}`)
          : { path: "domain.txt", text: `${value}\n*.${value}\n`, rows: 2 };
      case "ipv4":
      case "ipv6":
        return line("ip.txt", value);
      case "url":
        return urlLine("url.txt", indicator, (url) => {
          if (/[*^]/.test(url)) return "PAN-OS reads * and ^ in a URL as placeholders";
          return url.length > PALO_ALTO_LONGEST ? "longer than the 255 characters that PAN-OS takes" : undefined;
        });
      default:
        return elsewhere(indicator, "PAN-OS");
    }
  },
};

/** FortiOS's external resources. Source: FortiOS Administration Guide, "Threat feeds". */
export const fortiGate: Target = {
  files: [{ path: "domain.txt" }, { path: "ip.txt" }, { path: "url.txt" }, { path: "hash.txt" }],
  linesOf: (indicator) => {
    const { type, value, scope } = indicator;
    switch (type) {
      case "domain":
        return scope === "host"
          ? line("domain.txt", value)
          : { path: "domain.txt", text: `${value}\n*.${value}\n`, rows: 2 };
      case "ipv4":
      case "ipv6":
        return line("ip.txt", value);
      case "url": {
        if (value.includes("*")) return "FortiOS reads * in a URL as a placeholder";
        const reason = wholeHost(indicator);
        return reason ?? line("url.txt", value);
      }
      case "sha256":
        return line("hash.txt", value);
      default:
        return elsewhere(indicator, "FortiOS");
    }
  },
};

/**
 * Security Intelligence lists and feeds of Cisco's Firewall Management Center. A DNS entry stands for all below it, and
 * nothing says otherwise; a URL entry with a slash at its end does not. A feed without any entry leaves the last one in
 * force, so an empty one has an entry that is nowhere: RFC 5737 and RFC 2606.
 * Source: Cisco, "Custom Security Intelligence Lists" and "URL Lists and Feeds: URL Syntax and Matching Criteria".
 */
export const cisco: Target = {
  files: [
    { path: "network.txt", whenEmpty: "192.0.2.0/32\n" },
    { path: "dns.txt", whenEmpty: "none.rulewright.invalid\n" },
    { path: "url.txt", whenEmpty: "none.rulewright.invalid/\n" },
  ],
  linesOf: (indicator) => {
    const { type, value, scope } = indicator;
    switch (type) {
      case "domain":
        return scope === "host" ? line("url.txt", `${value}/`) : line("dns.txt", value);
      case "ipv4":
      case "ipv6":
        return line("network.txt", value);
      case "url":
        return urlLine("url.txt", indicator, (url) => {
          if (url.startsWith("[")) return "Cisco takes no IPv6 address in a URL entry";
          return url.includes("*") ? "Cisco reads * in a URL as a placeholder" : undefined;
        });
      default:
        return elsewhere(indicator, "Cisco");
    }
  },
};

/** A URL without its scheme, unless `flaw` finds one. */
function urlLine(path: string, indicator: Indicator, flaw: (url: string) => string | undefined): LinesOrReason {
  const parts = httpParts(indicator.value);
  if (typeof parts === "string") return parts;
  const url = `${parts.host}${parts.port === undefined ? "" : `:${parts.port}`}${parts.target}`;
  return flaw(url) ?? wholeHost(indicator) ?? line(path, url);
}

/** The entry of a front page matches every page of its host. */
function wholeHost({ value, labels }: Indicator): string | undefined {
  const parts = httpParts(value);
  if (typeof parts === "string") return parts;
  return parts.target === "/" && labels.includes("shared-host")
    ? "the entry would match every page of a host that is shared with others"
    : undefined;
}

function elsewhere({ type }: Indicator, product: string): string {
  return type === "endpoint" ? ENDPOINT_REASON : `${product} takes no list of ${type}`;
}
