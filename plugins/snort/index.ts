/**
 * The Snort exporter: rules for Snort 3, or for Snort 2.9 as best effort, with `sid-msg.map` and an address list for
 * the reputation inspector. It does not run Snort and holds no rule text: that stands in templates/snort.
 * Certificates, JA3, JA4 and file hashes are not accepted: Snort rules have nothing that matches them.
 */
import { defineExporter } from "../../src/plugin.ts";
import { renderRuleFile } from "../shared/ids/rule-file.ts";
import { BLOCKLIST, snortDrafter } from "./drafts.ts";
import { type SnortFormat, SnortOptions } from "./options.ts";
import { snortTemplates } from "./templates.ts";

const VERSIONS: Readonly<Record<SnortFormat, string>> = { snort3: "Snort 3", snort2: "Snort 2.9 (best effort)" };

const header = (
  format: SnortFormat,
) => `# Rulewright: ${VERSIONS[format]} rules for what malware contacted in sandboxes.
# Addresses are in ${BLOCKLIST}, for the reputation inspector.
# A rule keeps its sid for life; rev moves only when what it matches changes.
# Rules of withdrawn and expired indicators stay as comments.
`;

const LIST_HEADER = "# Rulewright: addresses that malware contacted in sandboxes.\n";

/** Where Snort 3 finds the list in its `list_dir`: file, list id, action. */
const MANIFEST = "interface.info";

export const snort = defineExporter({
  name: "snort",
  description: "Snort rules and reputation list, for Snort 3 or 2.9",
  options: SnortOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "user-agent"],
  formats: {
    snort3: { description: "Snort 3 rules, address list and its manifest", mediaType: "text/x-snort3-rules" },
    snort2: { description: "Snort 2.9 rules and address list (best effort)", mediaType: "text/x-snort2-rules" },
  },
  tombstones: true,
  templates: snortTemplates,
  async *render(indicators, ctx) {
    yield { path: BLOCKLIST, data: LIST_HEADER };
    if (ctx.format === "snort3") yield { path: MANIFEST, data: `${BLOCKLIST}, 1, ${ctx.options.listAction}\n` };
    yield* renderRuleFile(indicators, ctx, {
      path: "rulewright.rules",
      header: header(ctx.format),
      draft: snortDrafter(ctx.format, ctx.options),
    });
  },
});
