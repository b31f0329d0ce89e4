/**
 * The files that rules load: datasets, hash lists and reputation lists, read as the engine reads them. One rule stands
 * for every entry of its list.
 */
import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

export interface ListEntries {
  readonly path: string;
  readonly entries: readonly string[];
  /** The first line that the engine would stumble over. */
  readonly problem?: string;
}

export interface DatasetOptions {
  readonly name: string;
  readonly type: string;
  readonly load: string;
  /** `subdomain` from Suricata 8.0.7 on. */
  readonly match?: string;
  readonly format?: string;
  readonly valueKey?: string;
}

/** The value of `dataset:`; undefined when it does not test membership in a file. */
export function parseDataset(value: string): DatasetOptions | undefined {
  const [command, name, ...settings] = value.split(",").map((part) => part.trim());
  const pairs = new Map(
    settings.map((setting) => {
      const [key = "", ...rest] = setting.split(/\s+/);
      return [key, rest.join(" ")];
    }),
  );
  const [load, type] = [pairs.get("load"), pairs.get("type")];
  if (command !== "isset" || name === undefined || load === undefined || type === undefined) return undefined;
  const optional = { match: pairs.get("match"), format: pairs.get("format"), valueKey: pairs.get("value_key") };
  return {
    name,
    type,
    load,
    ...(Object.fromEntries(Object.entries(optional).filter(([, own]) => own !== undefined)) as Partial<DatasetOptions>),
  };
}

/** Entries of a dataset's file beside the rule file. */
export async function readDataset(
  ruleFile: string,
  { load, type, format, valueKey }: DatasetOptions,
): Promise<ListEntries> {
  const decode =
    format === "ndjson" || format === "jsonline" ? jsonEntry(valueKey) : (line: string) => setEntry(type, line);
  return readLines(listPath(ruleFile, load), decode);
}

/** Digests of a `filesha256` list: text after the digest and lines that begin otherwise are ignored. */
export async function readHashList(ruleFile: string, load: string): Promise<ListEntries> {
  return readLines(listPath(ruleFile, load), (line) => /^[0-9a-fA-F]{32,64}/.exec(line)?.[0]?.toLowerCase() ?? "");
}

export function listPath(ruleFile: string, load: string): string {
  return load.startsWith("/") ? load : join(dirname(ruleFile), load);
}

async function readLines(path: string, decode: (line: string) => string | undefined): Promise<ListEntries> {
  const entries: string[] = [];
  try {
    await access(path);
  } catch {
    return { path, entries, problem: "the file is missing" };
  }
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(path, "utf8") })) {
    number += 1;
    if (text === "") continue;
    const entry = decode(text);
    if (entry === undefined) return { path, entries, problem: `line ${number} is no entry: ${text.slice(0, 80)}` };
    if (entry !== "") entries.push(entry);
  }
  return { path, entries };
}

/** A line of a plain set; undefined for one that stops the engine. */
function setEntry(type: string, line: string): string | undefined {
  if (type === "string") {
    const bytes = Buffer.from(line, "base64");
    return bytes.toString("base64") === line ? bytes.toString("utf8") : undefined;
  }
  if (type === "md5" || type === "sha256") {
    return new RegExp(`^[0-9a-fA-F]{${type === "md5" ? 32 : 64}}(?:,|$)`)
      .exec(line)?.[0]
      ?.replace(",", "")
      .toLowerCase();
  }
  // Sets of addresses hold no networks.
  return /^[0-9a-fA-F.:]+$/.exec(line)?.[0];
}

function jsonEntry(valueKey: string | undefined): (line: string) => string | undefined {
  return (line) => {
    try {
      const value: unknown = (JSON.parse(line) as Record<string, unknown>)[valueKey ?? ""];
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  };
}
