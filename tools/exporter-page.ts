/**
 * The page of an exporter, `docs/exporters/<name>.md`: what its metadata say, an excerpt of its golden output and the
 * reasons it gives for skipping, around the hand-written `plugins/<name>/notes.md`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Manifest, ManifestExport } from "../src/export/manifest.ts";
import type { Indicator } from "../src/model/indicator.ts";
import { type Exporter, z } from "../src/plugin.ts";
import { exampleIndicator, hostileIndicators, render } from "../src/testing.ts";

const root = join(import.meta.dirname, "..");
/** An excerpt has so many lines: of the one file of an export, or of each of several. */
const LINES_OF_ONE = 12;
const LINES_OF_EACH = 3;
const MOST_FILES = 10;
const MOST_COLUMNS = 200;

export function notesPath({ name }: Exporter): string {
  return `plugins/${name}/notes.md`;
}

/** Whether the page is generated; an exporter without notes has a hand-written page. */
export function hasNotes(exporter: Exporter): boolean {
  return existsSync(join(root, notesPath(exporter)));
}

/** The whole page. Throws when the exporter has no golden output. */
export async function exporterPage(exporter: Exporter): Promise<string> {
  const { name, description } = exporter;
  const notes = readFileSync(join(root, notesPath(exporter)), "utf8").trim();
  const sections = [
    `<!-- Written by \`npm run docs\`. What a person wrote of it is in ${notesPath(exporter)}. -->`,
    `# ${name}`,
    `${description}.`,
    formats(exporter),
    `Takes ${exporter.accepts.map(code).join(", ")}. Other types${exporter.tombstones ? "" : ", and what has expired or was withdrawn,"} are counted as skipped.`,
    ...excerpts(exporter),
    fromPage(notes),
    ...options(exporter),
    ...templates(exporter),
    ...(await skips(exporter)),
  ];
  return `${sections.join("\n\n")}\n`;
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(columns), `|${columns.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function formats({ formats: forms }: Exporter): string {
  const rows = Object.entries<{ description: string; mediaType: string }>(forms).map(
    ([name, { description, mediaType }], index) => [
      index === 0 ? `${code(name)} (default)` : code(name),
      description,
      code(mediaType),
    ],
  );
  return table(["format", "what", "media type"], rows);
}

/** Links of the notes lead from the plugin's folder; on the page they lead from `docs/exporters`. */
function fromPage(notes: string): string {
  return notes.replaceAll(/\]\((\.\.\/\.\.\/[^)]+)\)/g, (_, target: string) => {
    return `](${posix.relative("docs/exporters", posix.join("plugins/x", target))})`;
  });
}

function excerpts(exporter: Exporter): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "samples/out/manifest.json"), "utf8")) as Manifest;
  const own = manifest.exports.filter((entry) => entry.exporter === exporter.name);
  if (own.length === 0) throw new Error(`samples/out has nothing of ${exporter.name}; run: npm run golden`);
  const order = Object.keys(exporter.formats);
  const sorted = own.toSorted((a, b) => order.indexOf(a.format) - order.indexOf(b.format));
  return [
    "## What it writes",
    "From the [sample reports](../../samples/README.md), cut:",
    ...sorted.flatMap((entry) => [...(own.length > 1 ? [`### ${entry.format}`] : []), ...excerptOf(entry)]),
  ];
}

/** The files of one export in one block, as head(1) shows several. */
function excerptOf({ name, files }: ManifestExport): string[] {
  const shown = files.slice(0, MOST_FILES).map(({ path }) => {
    const text = readFileSync(join(root, "samples/out", name, path), "utf8");
    return files.length === 1 ? firstLines(text, LINES_OF_ONE) : `==> ${path} <==\n${firstLines(text, LINES_OF_EACH)}`;
  });
  const rest = files.slice(MOST_FILES).map(({ path }) => code(path));
  return [
    ...(files.length === 1 ? [files.map(({ path }) => code(path)).join()] : []),
    `\`\`\`\n${shown.join("\n")}\n\`\`\``,
    ...(rest.length > 0 ? [`and ${rest.join(", ")}.`] : []),
  ];
}

function firstLines(text: string, most: number): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const cut = lines
    .slice(0, most)
    .map((line) => (line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS)}…` : line));
  return [...cut, ...(lines.length > most ? ["…"] : [])].join("\n");
}

interface Property {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

function options({ name, options: shape }: Exporter): string[] {
  const { properties = {} } = z.toJSONSchema(shape, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, Property>;
  };
  const rows = Object.entries(properties).map(([option, { description = "", default: value, enum: values }]) => [
    code(option),
    value === undefined ? "none" : code(typeof value === "string" ? value : JSON.stringify(value)),
    `${description}${values ? ` One of ${values.map((one) => code(String(one))).join(", ")}.` : ""}`,
  ]);
  return rows.length === 0
    ? []
    : ["## Options", `Under \`exports.${name}.options\` of the config.`, table(["name", "default", "meaning"], rows)];
}

function templates({ name, templates: set }: Exporter): string[] {
  if (!set) return [];
  return [
    "## Templates",
    `[Row templates](../templates.md) of \`templates/${name}/\`:`,
    table(
      ["row", "what"],
      Object.entries(set.rows).map(([row, { description }]) => [code(`${row}.hbs`), description]),
    ),
    table(
      ["field", "meaning"],
      Object.entries(set.fields).map(([field, meaning]) => [code(field), meaning]),
    ),
    ...(set.helpers ? [`Helpers: ${Object.keys(set.helpers).map(code).join(", ")}.`] : []),
  ];
}

/** Further values that some format cannot express. */
const FURTHER: readonly Pick<Indicator, "type" | "value">[] = [
  { type: "domain", value: "_dmarc.quillet-morrow.top" },
  { type: "endpoint", value: "45.32.17.9:53/udp" },
  { type: "endpoint", value: "[2a01:4f8:c17:7d1::2]:8443/tcp" },
  { type: "url", value: "https://45.32.17.9:8443/gate.php" },
  { type: "url", value: "http://[2a01:4f8:c17:7d1::2]/gate.php" },
  { type: "url", value: "https://quillet-morrow.top/a*b^c?d=e|f" },
  { type: "url", value: "ftp://quillet-morrow.top/a" },
];

/** Every reason that the examples of the contract suite and a few more values meet. */
async function skips(exporter: Exporter): Promise<string[]> {
  const typesOf = new Map<string, Set<string>>();
  const unsure = { decision: "review", confidence: 40, reasons: [] } as const;
  const probes = exporter.accepts.flatMap((type) => [
    exampleIndicator(type),
    exampleIndicator(type, { verdict: unsure }),
    ...(type === "domain" ? [exampleIndicator(type, { scope: "host" })] : []),
    ...hostileIndicators(type),
  ]);
  probes.push(...FURTHER.map(({ type, value }) => exampleIndicator(type, { value })));
  for (const format of Object.keys(exporter.formats)) {
    const { skipped } = await render(exporter, probes, { format });
    for (const { indicator, reason } of skipped) {
      // `not a canonical domain`, `… ipv4` and so on are one row.
      const general = reason.replaceAll(new RegExp(`\\b${indicator.type}\\b`, "g"), "…");
      typesOf.set(general, (typesOf.get(general) ?? new Set()).add(indicator.type));
    }
  }
  const rows = [...typesOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, types]) => [
      reason,
      exporter.accepts
        .filter((type) => types.has(type))
        .map(code)
        .join(", "),
    ]);
  return rows.length === 0
    ? []
    : ["## What is skipped", "Each with its reason, counted in `manifest.json`:", table(["reason", "types"], rows)];
}
