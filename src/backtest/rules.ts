/**
 * Indicators of rule files as this project writes them, Suricata's and Snort's: by the sid ledger where it knows the
 * sid, else by `ioc_id` in the metadata, else, for Suricata's URLs and user agents, by what the rule matches. Other
 * rules have neither and cannot be backtested by indicator.
 */
import { canonicalise, isRejected } from "../model/canonical.ts";
import { OBSERVABLE_TYPES, type Observable } from "../model/observable.ts";
import type { Watched } from "./watched.ts";

/** sid → key of the ledger. */
export type LedgerKeys = ReadonlyMap<number, string>;

export interface ReadRule {
  /** Absent for a rule that looks for a list of files, and for one that says nothing of its indicator. */
  readonly indicator?: Watched;
  /** File names of hash lists beside the rule file. */
  readonly lists: readonly string[];
}

/** A rule of a line, or undefined for a comment, a withdrawn rule and an empty line. */
export function readRule(line: string, ledger: LedgerKeys): ReadRule | undefined {
  if (!/^\s*(?:alert|drop|reject|pass|block)\s/.test(line)) return undefined;
  const sid = Number(/;\s*sid:\s*([0-9]+)\s*;/.exec(line)?.[1]);
  const lists = [...line.matchAll(/filesha256:\s*([^;\s]+)/g)].map(([, list]) => list as string);
  const observable = observableOf(line, ledger.get(sid));
  if (observable === undefined) return { lists };
  const isBelow = /\bdotprefix;/.test(line) || !isExact(line);
  return {
    lists,
    indicator: {
      ...observable,
      ...(observable.type === "domain" ? { scope: isBelow ? "subtree" : "host" } : {}),
      ...(Number.isInteger(sid) ? { sids: [sid] } : {}),
    },
  };
}

/** Suricata's exact names have `bsize`; Snort's a depth, the length before the name, or a pattern from the start. */
function isExact(line: string): boolean {
  return /\bbsize:|\bdepth[: ]\d|\bbufferlen:|content:"\|00 00 [0-9a-f]{2}\||pcre:"\/\^/.test(line);
}

function observableOf(line: string, key: string | undefined): Observable | undefined {
  const known = key === undefined ? undefined : observableOfKey(key);
  if (known) return known;
  const matched = fromContent(line);
  if (matched) return matched;
  const id = /[\s,]ioc_id ([^,;]+)[,;]/.exec(line)?.[1];
  return id === undefined ? undefined : observableOfKey(`::${id}`);
}

/** `suricata:dns:domain:evil.test`, `suricata:https-host:url-host:evil.test`; `::domain:evil.test` for a bare id. */
export function observableOfKey(key: string): Observable | undefined {
  const [, kind, type, value = ""] = /^[^:]*:([^:]*):([^:]+):(.+)$/s.exec(key) ?? [];
  if (type === "url-host") return canonicalOf("url", `${kind === "https-host" ? "https" : "http"}://${value}/`);
  const known = OBSERVABLE_TYPES.find((own) => own === type);
  return known && canonicalOf(known, value);
}

function canonicalOf(type: Observable["type"], value: string): Observable | undefined {
  const canonical = canonicalise(type, value);
  return isRejected(canonical) ? undefined : canonical;
}

/** What a rule's metadata cannot carry exactly: there URLs and user agents are cut and lose characters. */
function fromContent(line: string): Observable | undefined {
  const host = contentOf(line, "http.host");
  const target = contentOf(line, "http.uri") ?? contentOf(line, "http.uri.raw");
  if (host !== undefined && target !== undefined) return canonicalOf("url", `http://${host}${target}`);
  const agent = contentOf(line, "http.user_agent");
  if (agent !== undefined) return canonicalOf("user-agent", agent);
  const isUrlHost = /[\s,]ioc_id url:/.test(line);
  if (host !== undefined && isUrlHost) return canonicalOf("url", `http://${host}/`);
  const name = contentOf(line, "tls.sni");
  return name !== undefined && isUrlHost ? canonicalOf("url", `https://${name}/`) : undefined;
}

/** The text that a rule wants to find in a buffer: `http.uri; bsize:9; content:"/a|3b|b";`. */
function contentOf(line: string, buffer: string): string | undefined {
  const name = buffer.replaceAll(".", "\\.");
  const pattern = new RegExp(`[;\\s]${name};(?:\\s*(?:bsize|dotprefix)[^;"]*;)*\\s*content:"([^"]*)"`).exec(line)?.[1];
  if (pattern === undefined) return undefined;
  const bytes = pattern
    .split("|")
    .map((part, at) => (at % 2 === 1 ? Buffer.from(part.replaceAll(" ", ""), "hex") : Buffer.from(part, "utf8")));
  return Buffer.concat(bytes).toString("utf8");
}
