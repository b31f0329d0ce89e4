/**
 * The Suricata exporter: `rulewright.rules` for Suricata 7.0.3 and later, its `sid-msg.map`, and when there are file
 * hashes a list of them with rules of its own. It does not run Suricata (see `rulewright verify`) and holds no rule text: that stands in
 * templates/suricata.
 */
import { defineExporter } from "../../src/plugin.ts";
import { renderRuleFile } from "../shared/ids/rule-file.ts";
import { suricataDrafter } from "./drafts.ts";
import { SuricataOptions } from "./options.ts";
import { suricataTemplates } from "./templates.ts";

const HEADER = `# Rulewright: Suricata rules for what malware contacted in sandboxes.
# For Suricata 7.0.3 and later. One rule matches one indicator; its reference leads to VirusTotal.
# A rule keeps its sid for life; rev moves only when what it matches changes.
# Rules of withdrawn and expired indicators stay as comments.
`;

export const suricata = defineExporter({
  name: "suricata",
  description: "Suricata rules with sid-msg.map, one or more for each network indicator",
  options: SuricataOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256", "ja3", "ja3s", "ja4", "certificate", "user-agent"],
  formats: {
    rules: { description: "Suricata rules, sid-msg.map and hash list", mediaType: "text/x-suricata-rules" },
  },
  tombstones: true,
  archive: true,
  templates: suricataTemplates,
  async *render(indicators, ctx) {
    yield* renderRuleFile(indicators, ctx, {
      path: "rulewright.rules",
      header: HEADER,
      draft: suricataDrafter(ctx.options),
    });
  },
});
