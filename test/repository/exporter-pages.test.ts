/** Generated pages are what the exporters are now. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { plugins } from "../../plugins/index.ts";
import { exporterPage, hasNotes } from "../../tools/exporter-page.ts";
import { root } from "../support/cli.ts";

describe("generated pages of exporters", () => {
  const generated = plugins.flatMap(({ exporters = [] }) => exporters).filter(hasNotes);

  it.each(generated.map((exporter) => [exporter.name, exporter] as const))(
    "%s is up to date (npm run docs writes it anew)",
    async (name, exporter) => {
      expect(readFileSync(join(root, `docs/exporters/${name}.md`), "utf8")).toBe(await exporterPage(exporter));
    },
  );
});
