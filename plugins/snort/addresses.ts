/**
 * How addresses are written: rules, which name family and reference but cost Snort an evaluation per connection, or
 * a line of the reputation list, which costs nothing however long it is and can say nothing. The rules are two, for TCP
 * and UDP: one of the protocol ip is evaluated on every packet (Snort 3.11, 1000 addresses: 25 times the whole run's
 * time without rules, against 3 times for the two).
 */
import type { Indicator } from "../../src/plugin.ts";
import type { SnortFormat, SnortOptions } from "./options.ts";

/** Decided before the first address is drafted. */
export interface AddressChoice {
  form: "rules" | "list";
}

export function isAddressType({ type }: Pick<Indicator, "type">): boolean {
  return type === "ipv4" || type === "ipv6";
}

/** The same indicators; holds addresses back until it is known whether they are more than the limit. */
export async function* choosingAddressForm(
  indicators: AsyncIterable<Indicator>,
  choice: AddressChoice,
  limit: number,
): AsyncGenerator<Indicator> {
  let held: Indicator[] | undefined = Number.isFinite(limit) ? [] : undefined;
  for await (const indicator of indicators) {
    if (held && isAddressType(indicator)) {
      held.push(indicator);
      if (held.length <= limit) continue;
      choice.form = "list";
      yield* held;
      held = undefined;
      continue;
    }
    // Addresses stand together in export order.
    if (held && held.length > 0) {
      yield* held;
      held = undefined;
    }
    yield indicator;
  }
  yield* held ?? [];
}

/** Up to how many addresses are rules. */
export function addressRuleLimit(format: SnortFormat, options: SnortOptions): number {
  switch (format) {
    case "rules":
      return Number.POSITIVE_INFINITY;
    case "reputation":
      return 0;
    default:
      return options.addressRules;
  }
}
