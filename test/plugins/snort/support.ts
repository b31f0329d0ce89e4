/** What the tests of the Snort exporter share. */
import { snort } from "../../../plugins/snort/index.ts";
import type { Indicator } from "../../../src/model/indicator.ts";
import { type RenderedFiles, type RenderOptions, render } from "../../../src/testing.ts";
import { checkSnort2 } from "../../support/snort/snort2.ts";
import { checkSnort3 } from "../../support/snort/snort3.ts";

/** Lines of a file that are no comments. */
export function linesOf(files: RenderedFiles, path: string): string[] {
  return (files.get(path)?.toString() ?? "").split("\n").filter((line) => line !== "" && !/^(?:#|--)/.test(line));
}

export const grammarOf = (format: string) => (format === "snort2" ? checkSnort2 : checkSnort3);

/** The rules of one export, each of which passed the grammar. */
export async function rulesOf(indicators: Indicator[], settings: RenderOptions = {}): Promise<string[]> {
  const { files } = await render(snort, indicators, settings);
  const rules = linesOf(files, "rulewright.rules");
  for (const rule of rules) grammarOf(settings.format ?? "auto")(rule);
  return rules;
}

/** Header and detection of each rule. */
export async function detections(indicators: Indicator[], settings: RenderOptions = {}): Promise<string[]> {
  const rules = await rulesOf(indicators, settings);
  return rules.map((rule) => rule.replace(/msg:"[^"]*"; /, "").replace(/ (?:reference:[^;]*; )?classtype:.*$/, ""));
}
