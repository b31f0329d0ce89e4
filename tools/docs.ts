/** `npm run docs`: writes the page of every built-in exporter that has notes (see exporter-page.ts). */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { plugins } from "../plugins/index.ts";
import { exporterPage, hasNotes } from "./exporter-page.ts";

const root = join(import.meta.dirname, "..");

for (const exporter of plugins.flatMap(({ exporters = [] }) => exporters).filter(hasNotes)) {
  writeFileSync(join(root, `docs/exporters/${exporter.name}.md`), await exporterPage(exporter));
}
