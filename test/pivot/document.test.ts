/** docs/pivot.md shows what the command prints and what the table of kinds says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gatherSamples } from "../../src/pivot/gathering.ts";
import { KINDS, TRAIT_KINDS } from "../../src/pivot/kinds.ts";
import { pivot } from "../../src/pivot/pivot.ts";
import { pivotText } from "../../src/pivot/text.ts";
import { root, samples } from "../support/cli.ts";

const page = readFileSync(join(root, "docs/pivot.md"), "utf8");

describe("docs/pivot.md", () => {
  it("has the example as it is printed", () => {
    const gathering = gatherSamples();
    for (const name of readdirSync(samples).filter((name) => name.startsWith("tinlantern-")))
      gathering.add(JSON.parse(readFileSync(join(samples, name), "utf8")), name);
    expect(page).toContain(`\`\`\`\n${pivotText(pivot(gathering.samples()))}\`\`\`\n`);
  });

  it("has a row for each kind of trait", () => {
    const rows = TRAIT_KINDS.map((kind) => {
      const { label, facet, specificity, query, why } = KINDS[kind];
      return `| ${label} | ${facet} | ${specificity} | \`${query("…")}\` | ${why} |`;
    });
    expect(page).toContain(`|---|---|---|---|---|\n${rows.join("\n")}\n\n`);
  });
});
