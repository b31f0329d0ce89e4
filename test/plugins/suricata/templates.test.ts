import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ruleParts } from "../../../plugins/shared/ids/rule-parts.ts";
import { snort } from "../../../plugins/snort/index.ts";
import { suricata } from "../../../plugins/suricata/index.ts";
import { compileTemplates, readTemplates } from "../../../src/export/templates.ts";
import type { Exporter, TemplateSet } from "../../../src/plugin.ts";

const templatesOf = (exporter: Exporter, overrides: string[] = []) => {
  const set = exporter.templates as TemplateSet;
  return compileTemplates(set, readTemplates(set, overrides));
};

describe("templates", () => {
  it.each([suricata, snort])("every row of $name renders its sample as one rule", (exporter) => {
    for (const [row, { sample }] of Object.entries((exporter.templates as TemplateSet).rows)) {
      const rule = templatesOf(exporter)[row]?.(sample) ?? "";
      expect(rule).toMatch(/^alert [^\0]*; metadata:[^;]*;\)\n$/);
      expect(ruleParts(rule).message).toMatch(/^RULEWRIGHT /);
    }
  });

  it("an override with another wording and other line ends keeps the fingerprint", async () => {
    const dir = await mkdtemp(join(tmpdir(), "rulewright-test-"));
    try {
      const override =
        'alert dns $HOME_NET any -> any any (msg:"ACME {{family}}";\r\n  dns.query; dotprefix; content:".{{{content host}}}"; fast_pattern; nocase; endswith;\r\n  classtype:trojan-activity; sid:{{sid}}; rev:{{rev}};)\r\n';
      await writeFile(join(dir, "dns.hbs"), override);
      const { sample } = (suricata.templates as TemplateSet).rows.dns as { sample: Record<string, unknown> };
      const [own, overridden] = [templatesOf(suricata), templatesOf(suricata, [dir])].map((templates) =>
        ruleParts((templates.dns?.(sample) ?? "").replaceAll("\r", "").replaceAll("\n", " ").trim()),
      );
      expect(overridden?.message).toBe("ACME quillet");
      expect(overridden?.fingerprint).toBe(own?.fingerprint);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
