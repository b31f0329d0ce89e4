/**
 * The Snort exporter: rules for Snort 3 or for Snort 2.9, with what a sensor needs beside them: sid-msg.map, an address
 * list for the reputation inspector, hashes for the file policy, event filters, and a snippet that loads them all.
 * It does not run Snort and holds no rule text: that stands in templates/snort.
 */
import { defineExporter, OBSERVABLE_TYPES } from "../../src/plugin.ts";
import { renderRuleFile } from "../shared/ids/rule-file.ts";
import { readRule } from "../shared/ids/rule-parts.ts";
import { type AddressChoice, addressRuleLimit, choosingAddressForm } from "./addresses.ts";
import { withCompanions } from "./companions.ts";
import { snortDrafter } from "./drafts.ts";
import { RULES, rulesHeader } from "./files.ts";
import { engineOf, SNORT_FORMATS, SnortOptions } from "./options.ts";
import { snortTemplates } from "./templates.ts";

export const snort = defineExporter({
  name: "snort",
  description: "Snort rules, reputation list and file policy, for Snort 3 or 2.9",
  options: SnortOptions,
  // All of them: what no rule can match is skipped with the reason that is Snort's.
  accepts: OBSERVABLE_TYPES,
  formats: SNORT_FORMATS,
  tombstones: true,
  readRule,
  templates: snortTemplates,
  render(indicators, ctx) {
    const { format, options } = ctx;
    const engine = engineOf(format);
    const addresses: AddressChoice = { form: "rules" };
    const chosen = choosingAddressForm(indicators, addresses, addressRuleLimit(format, options));
    const draft = snortDrafter(engine, options, addresses);
    const rules = renderRuleFile(chosen, ctx, { path: RULES, header: rulesHeader(engine), draft });
    return withCompanions(rules, format, options);
  },
});
