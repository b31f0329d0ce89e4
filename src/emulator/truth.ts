/**
 * What an analyst who built the malware would say of every value in a world. The emulator's answers never carry it;
 * tests compare verdicts with it.
 */
import { canonicalise, isRejected } from "../model/canonical.ts";
import type { ObservableType } from "../model/observable.ts";

/**
 * `malicious`: belongs to the malware, a defender wants it. `noise`: must never be exported. `context`: neither, such as
 * a shared CDN address behind a malicious host; keeping or dropping it is no mistake.
 */
export type Label = "malicious" | "noise" | "context";

export interface Truth {
  readonly type: ObservableType;
  /** Canonical, as src/model/canonical.ts has it. */
  readonly value: string;
  readonly label: Label;
  /** Why it is in the world: `c2-domain`, `dynamic-dns`, `certificate-service`, … */
  readonly class: string;
  readonly family?: string;
}

export interface Saying {
  readonly label: Label;
  readonly class: string;
  readonly family?: string | undefined;
}

export interface TruthBook {
  /**
   * What is true of a value, as a report spells it; one that has no canonical form is no observable. An address may be
   * given as `ipv4` whichever it is.
   */
  note(type: ObservableType, raw: string, saying: Saying): void;
  /** A report shows the value: without that there is nothing to know about it. */
  show(type: ObservableType, raw: string): void;
  /** What was shown, sorted by type and value. Throws when something was shown of which nothing was noted. */
  list(): Truth[];
}

const FORCE: Readonly<Record<Label, number>> = { malicious: 2, context: 1, noise: 0 };

/** Of several sayings on one value the most forceful stands: an address of a malicious and a benign host is context. */
export function openTruthBook(): TruthBook {
  const noted = new Map<string, Truth>();
  const shown = new Set<string>();
  const keys = new Map<string, string | undefined>();
  const keyOf = (type: ObservableType, raw: string): string | undefined => {
    const spelling = `${type} ${raw}`;
    if (!keys.has(spelling)) {
      const canonical = canonicalise(type === "ipv4" && raw.includes(":") ? "ipv6" : type, raw);
      keys.set(spelling, isRejected(canonical) ? undefined : `${canonical.type} ${canonical.value}`);
    }
    return keys.get(spelling);
  };
  return {
    note(type, raw, saying) {
      const key = keyOf(type, raw);
      const before = key && noted.get(key);
      if (!key || (before && FORCE[before.label] >= FORCE[saying.label])) return;
      const at = key.indexOf(" ");
      noted.set(key, {
        type: key.slice(0, at) as ObservableType,
        value: key.slice(at + 1),
        label: saying.label,
        class: saying.class,
        ...(saying.family && saying.label !== "noise" ? { family: saying.family } : {}),
      });
    },
    show(type, raw) {
      const key = keyOf(type, raw);
      if (key) shown.add(key);
    },
    list: () =>
      [...shown].sort().map((key) => {
        const truth = noted.get(key);
        if (!truth) throw new Error(`the world shows ${key} and does not say what it is`);
        return truth;
      }),
  };
}
