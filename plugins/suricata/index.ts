/**
 * The Suricata exporter: `rulewright.rules` for Suricata 7.0.3 and later, its maps of sids, and lists where there are
 * too many indicators for rules of their own, or only hashes. It does not run Suricata (see `rulewright verify`) and
 * holds no rule text: that stands in templates/suricata.
 */
import { defineExporter } from "../../src/plugin.ts";
import { renderRuleFile } from "../shared/ids/rule-file.ts";
import { readRule } from "../shared/ids/rule-parts.ts";
import { countWritten, describeLoad } from "./cost.ts";
import { suricataDrafter } from "./drafts.ts";
import { type Class, decideForms, FORMATS, type Forms } from "./forms.ts";
import { listEntry, listFiles } from "./listed.ts";
import { SuricataOptions } from "./options.ts";
import { suricataTemplates } from "./templates.ts";

const HEADER = `# Rulewright: Suricata rules for what malware contacted in sandboxes.
# For Suricata 7.0.3 and later. A rule for one indicator names it and leads to VirusTotal.
# A rule keeps its sid for life; rev moves only when what it matches changes.
# Rules of withdrawn and expired indicators stay as comments.
`;

export const suricata = defineExporter({
  name: "suricata",
  description: "Suricata rules with sid-msg.map, and datasets where there are too many for rules",
  options: SuricataOptions,
  accepts: ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256", "ja3", "ja3s", "ja4", "certificate", "user-agent"],
  formats: FORMATS,
  tombstones: true,
  readRule,
  archive: true,
  templates: suricataTemplates,
  async *render(indicators, ctx) {
    const { options, format, previous, log } = ctx;
    const forms: Forms = { names: "rules", addresses: "rules", endpoints: "rules" };
    const drafter = suricataDrafter(options, forms);
    const written = countWritten(drafter.draft);
    const settings = { ...options, format, listed: listedBefore(options, previous.paths) };
    yield* renderRuleFile(decideForms(indicators, forms, settings, ctx.signal), ctx, {
      path: "rulewright.rules",
      header: HEADER,
      draft: written.draft,
      finish: drafter.finish,
      entryOf: listEntry(options),
    });
    log.info(`suricata: ${describeLoad(written.of(forms, options))}`);
  },
});

/** Classes that stood in lists in the release before. */
function listedBefore(options: SuricataOptions, paths: readonly string[]): ReadonlySet<Class> {
  const files = listFiles(options);
  const listed = new Set<Class>();
  if (paths.includes(files.names) || paths.includes(files.hosts)) listed.add("names");
  if (paths.includes(files.addresses)) listed.add("addresses");
  return listed;
}
