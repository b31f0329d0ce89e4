/**
 * Which form names, addresses and endpoints take: a rule each tells the analyst most and can be tuned by its sid, and
 * costs a sensor time and memory to load; groups and lists cost next to nothing.
 *
 * This module writes nothing (see drafts.ts) and prints nothing (see cost.ts).
 */
import type { Indicator, ObservableType } from "../../src/plugin.ts";

const RULES = { mediaType: "text/x-suricata-rules", engine: "suricata" } as const;
export const FORMATS = {
  auto: { description: "Rules, and groups and datasets where there are many", ...RULES },
  rules: { description: "One rule or more for each indicator", ...RULES },
  dataset: { description: "Names and addresses in datasets", ...RULES },
  reputation: {
    description: "Addresses in an IP reputation list, which suricata.yaml must name; the rest as auto",
    ...RULES,
  },
} as const;
export type Format = keyof typeof FORMATS;

export type Class = "names" | "addresses" | "endpoints";
export type Form = "rules" | "groups" | "list" | "reputation";

/** How each class is written; what is not decided yet is `rules`. */
export type Forms = Record<Class, Form>;

const CLASSES: Partial<Record<ObservableType, Class>> = {
  domain: "names",
  ipv4: "addresses",
  ipv6: "addresses",
  endpoint: "endpoints",
};

export function classOf({ type }: Pick<Indicator, "type">): Class | undefined {
  return CLASSES[type];
}

/** The form of a class by the number of its active indicators, up to which it holds; the last one has no bound. */
type Steps = readonly { readonly form: Form; readonly upTo: number }[];

export interface FormSettings {
  readonly format: Format;
  readonly rulesUpTo: number;
  readonly groupsUpTo: number;
  /** Classes that the release before had in a list: they stay there until they are well below the limit. */
  readonly listed: ReadonlySet<Class>;
}

/** A release whose count moves around the limit must not change all its sids each time. */
const STAYING = 0.8;

function stepsOf(own: Class, { format, rulesUpTo, groupsUpTo, listed }: FormSettings): Steps {
  const always = (form: Form): Steps => [{ form, upTo: Number.POSITIVE_INFINITY }];
  if (format === "rules") return always("rules");
  if (own === "addresses" && format === "reputation") return always("reputation");
  if (format === "dataset") return always(own === "endpoints" ? "groups" : "list");
  const factor = listed.has(own) ? STAYING : 1;
  const rules = { form: "rules", upTo: Math.floor(rulesUpTo * factor) } as const;
  if (own === "names") return [rules, ...always("list")];
  if (own === "endpoints") return [rules, ...always("groups")];
  return [rules, { form: "groups", upTo: Math.floor(groupsUpTo * factor) }, ...always("list")];
}

/**
 * Hands the indicators on and, before the first of a class, enters its form into `forms`. It holds back as many of a
 * class as it takes to decide.
 */
export async function* decideForms(
  indicators: AsyncIterable<Indicator>,
  forms: Forms,
  settings: FormSettings,
  signal: AbortSignal,
): AsyncGenerator<Indicator> {
  let open: { own: Class; steps: Steps; held: Indicator[]; active: number } | undefined;
  for await (const indicator of indicators) {
    signal.throwIfAborted();
    const own = classOf(indicator);
    if (open && own !== open.own) {
      yield* open.held;
      open = undefined;
    }
    if (own === undefined) {
      yield indicator;
      continue;
    }
    if (!open) {
      open = { own, steps: stepsOf(own, settings), held: [], active: 0 };
      forms[own] = (open.steps[0] as Steps[number]).form;
    }
    open.held.push(indicator);
    if (indicator.status === "active") open.active += 1;
    const active = open.active;
    while (active > (open.steps[0] as Steps[number]).upTo) open.steps = open.steps.slice(1);
    forms[own] = (open.steps[0] as Steps[number]).form;
    if (open.steps.length > 1) continue;
    yield* open.held;
    open.held = [];
  }
  if (open) yield* open.held;
}
