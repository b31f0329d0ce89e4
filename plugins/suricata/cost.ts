/**
 * What a sensor needs to load a release: rough figures, measured with Suricata 7.0.10 and 8.0.8 on two cores, to choose
 * a form by. An idle Suricata takes 0.3 s and 55 MB.
 */
import type { Indicator } from "../../src/plugin.ts";
import type { Draft } from "../shared/ids/rule-file.ts";
import { type Class, classOf, type Form, type Forms } from "./forms.ts";

/** What one written thing costs, and what it costs more for each thousand of its kind. */
interface Price {
  readonly milliseconds: number;
  readonly kilobytes: number;
  readonly growth?: { readonly milliseconds: number; readonly kilobytes: number };
}

const RULE: Price = { milliseconds: 0.22, kilobytes: 4.2 };
const ADDRESS_RULE: Price = {
  milliseconds: 0.03,
  kilobytes: 2.5,
  growth: { milliseconds: 0.0006, kilobytes: 0.11 },
};
const GROUPED: Price = { milliseconds: 0.007, kilobytes: 0.45 };
const LISTED: Price = { milliseconds: 0.002, kilobytes: 0.2 };

const IDLE = { seconds: 0.3, megabytes: 55 };

export interface Load {
  readonly seconds: number;
  readonly megabytes: number;
}

export interface Written {
  readonly forms: Forms;
  /** Active indicators of each class that were written. */
  readonly counts: Readonly<Record<Class, number>>;
  /** Rules of everything else. */
  readonly otherRules: number;
  readonly rulesPerName: number;
}

/** A drafter that counts what it drafts. */
export function countWritten(draft: (indicator: Indicator) => Draft) {
  const counts = { names: 0, addresses: 0, endpoints: 0 };
  let otherRules = 0;
  return {
    draft(indicator: Indicator): Draft {
      const drafted = draft(indicator);
      if (typeof drafted === "string" || indicator.status !== "active") return drafted;
      const own = classOf(indicator);
      if (own) counts[own] += 1;
      else otherRules += drafted.rules.length;
      return drafted;
    },
    of: (forms: Forms, { quic }: { readonly quic: boolean }): Written => ({
      forms,
      counts,
      otherRules,
      rulesPerName: quic ? 4 : 3,
    }),
  };
}

function priceOf(own: Class, form: Form): Price {
  if (form === "groups") return GROUPED;
  if (form !== "rules") return LISTED;
  return own === "names" ? RULE : ADDRESS_RULE;
}

export function loadOf({ forms, counts, otherRules, rulesPerName }: Written): Load {
  const pieces: readonly (readonly [number, Price])[] = [
    [counts.names * (forms.names === "rules" ? rulesPerName : 1), priceOf("names", forms.names)],
    [counts.addresses, priceOf("addresses", forms.addresses)],
    [counts.endpoints, priceOf("endpoints", forms.endpoints)],
    [otherRules, RULE],
  ];
  const sum = (unit: "milliseconds" | "kilobytes"): number =>
    pieces.reduce(
      (total, [count, price]) => total + count * (price[unit] + (price.growth?.[unit] ?? 0) * (count / 1000)),
      0,
    );
  return {
    seconds: IDLE.seconds + sum("milliseconds") / 1000,
    megabytes: IDLE.megabytes + sum("kilobytes") / 1000,
  };
}

const FORM_NAMES: Readonly<Record<Form, string>> = {
  rules: "in rules",
  groups: "in groups",
  list: "in datasets",
  reputation: "in a reputation list",
};

/** `12,000 names in datasets, 40 addresses in rules: a sensor loads them in about 0.4 s and 57 MB (…)`. */
export function describeLoad(written: Written): string {
  const classes = (["names", "addresses", "endpoints"] as const).filter((own) => written.counts[own] > 0);
  const parts = classes.map((own) => `${whole(written.counts[own])} ${own} ${FORM_NAMES[written.forms[own]]}`);
  if (written.otherRules > 0) parts.push(`${whole(written.otherRules)} other rules`);
  const { seconds, megabytes } = loadOf(written);
  const isSpared = classes.some((own) => written.forms[own] !== "rules");
  const asRules = loadOf({ ...written, forms: { names: "rules", addresses: "rules", endpoints: "rules" } });
  const instead = isSpared ? ` (as rules: ${asRules.seconds.toFixed(1)} s, ${whole(asRules.megabytes)} MB)` : "";
  return `${parts.join(", ") || "no rule"}: a sensor needs about ${seconds.toFixed(1)} s and ${whole(megabytes)} MB to load them${instead}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}
