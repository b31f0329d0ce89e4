/**
 * What the collectors of one report write into: evidence, links and rejections, each once, values canonical. It does
 * not decide anything; a private address is evidence like any other.
 */
import { type Canonical, canonicaliseHost, isRejected } from "../model/canonical.ts";
import type {
  Collected,
  Enrichment,
  Evidence,
  EvidenceNote,
  EvidenceRole,
  Link,
  LinkKind,
  Rejection,
} from "../model/evidence.ts";
import { indicatorKey } from "../model/indicator.ts";
import type { Observable } from "../model/observable.ts";
import { plainText } from "../model/text.ts";

/** Longest piece of a refused value that is remembered. */
const REMEMBERED = 200;

export interface Gathering {
  /** Notes that `place` shows the value; answers the observable, or undefined when the value has no canonical form. */
  see(
    role: EvidenceRole,
    place: string,
    raw: string,
    canonical: Canonical,
    note?: EvidenceNote,
  ): Observable | undefined;
  link(from: Observable | undefined, kind: LinkKind, to: Observable | undefined): void;
  enrich(enrichment: Enrichment): void;
  /** Hosts seen by name so far, in order. */
  readonly hosts: readonly string[];
  collected(): Pick<Collected, "evidence" | "links" | "enrichments" | "rejections">;
}

export function gather(): Gathering {
  const evidence = new Map<string, Evidence>();
  const links = new Map<string, Link>();
  const rejections = new Map<string, Rejection>();
  const enrichments: Enrichment[] = [];
  const hosts = new Set<string>();
  return {
    see(role, place, raw, canonical, note) {
      if (isRejected(canonical)) {
        const value = plainText(raw, REMEMBERED);
        const key = `${canonical.rejected} ${value}`;
        if (!rejections.has(key)) rejections.set(key, { value, place, reason: canonical.rejected });
        return undefined;
      }
      if (canonical.type === "domain" && role !== "memory" && role !== "embedded") hosts.add(canonical.value);
      const key = `${role} ${indicatorKey(canonical)}`;
      const known = evidence.get(key);
      if (!known) evidence.set(key, { observable: canonical, role, place, ...(note ? { note } : {}) });
      else if (note) evidence.set(key, { ...known, note: mergeNotes(known.note, note) });
      return canonical;
    },
    link(from, kind, to) {
      if (from && to) links.set(`${indicatorKey(from)} ${kind} ${indicatorKey(to)}`, { from, kind, to });
    },
    enrich(enrichment) {
      enrichments.push(enrichment);
    },
    get hosts() {
      return [...hosts];
    },
    collected() {
      return {
        evidence: [...evidence.values()],
        links: [...links.values()],
        enrichments,
        rejections: [...rejections.values()],
      };
    },
  };
}

const MOST_NOTED = 5;

/** Lists are united, of anything else the first stays. */
function mergeNotes(first: EvidenceNote = {}, second: EvidenceNote): EvidenceNote {
  const unite = <T>(a: readonly T[] = [], b: readonly T[] = []): T[] =>
    [...new Set([...a, ...b])].sort().slice(0, MOST_NOTED);
  return {
    ...second,
    ...first,
    ...(first.methods || second.methods ? { methods: unite(first.methods, second.methods) } : {}),
    ...(first.userAgents || second.userAgents ? { userAgents: unite(first.userAgents, second.userAgents) } : {}),
    ...(first.statuses || second.statuses ? { statuses: unite(first.statuses, second.statuses) } : {}),
  };
}

/** `mail.x:25`, `1.2.3.4:80`: the host part and the port of a written authority. */
export function splitPort(raw: string): { readonly host: string; readonly port?: number } {
  const match = /^(\[[^\]]*\]|[^:]*):([0-9]{1,5})$/.exec(raw.trim());
  return match ? { host: match[1] as string, port: Number(match[2]) } : { host: raw };
}

/** Host name of a dictionary's common name, when it is one. */
export function hostOf(raw: string | undefined): Observable | undefined {
  const host = raw === undefined ? undefined : canonicaliseHost(raw);
  return host && !isRejected(host) ? host : undefined;
}
