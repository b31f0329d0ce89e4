/**
 * What Splunk and AppInspect demand of a private app with lookups, written from their documentation and not from the
 * exporter: it accepts apps of others too. It runs no Splunk.
 */
import { isIP } from "node:net";
import { parse } from "csv-parse/sync";
import { expect } from "vitest";

/** Path inside the archive → content. */
export type AppFiles = ReadonlyMap<string, Buffer>;

export type Conf = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Checks a whole app and returns its CSV lookups: definition → rows in file order. */
export function checkApp(files: AppFiles): Map<string, Record<string, string>[]> {
  const folders = new Set([...files.keys()].map((path) => path.split("/")[0] as string));
  expect([...folders], "one top folder").toHaveLength(1);
  const id = [...folders][0] as string;
  expect(id).toMatch(/^[A-Za-z0-9_.-]+$/);
  const textOf = (path: string): string => {
    const data = files.get(`${id}/${path}`);
    if (!data) throw new Error(`${path} is missing`);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  };
  const confOf = (path: string): Conf => (files.has(`${id}/${path}`) ? parseConf(textOf(path)) : new Map());

  for (const path of files.keys()) checkPath(path.slice(id.length + 1));
  expect(textOf("README.txt").length).toBeGreaterThan(0);
  checkIdentity(id, parseConf(textOf("default/app.conf")), JSON.parse(textOf("app.manifest")));
  checkPermissions(parseConf(textOf("metadata/default.meta")));

  const lookups = new Map<string, Record<string, string>[]>();
  const headers = new Map<string, readonly string[]>();
  const collections = confOf("default/collections.conf");
  const transforms = parseConf(textOf("default/transforms.conf"));
  const csvs = [...transforms].filter(([, stanza]) => stanza.get("external_type") !== "kvstore");
  for (const [name, stanza] of transforms) {
    if (stanza.get("external_type") === "kvstore") headers.set(name, checkCollection(stanza, collections));
  }
  for (const [name, stanza] of csvs) {
    expect(stanza.get("filename"), "an analyst's own intelligence").not.toMatch(/^local_/);
    const { header, rows } = checkLookup(textOf(`lookups/${stanza.get("filename")}`));
    checkDefinition(stanza, header, rows);
    lookups.set(name, rows);
    headers.set(name, header);
  }
  const lookupFiles = [...files.keys()].filter((path) => path.startsWith(`${id}/lookups/`));
  const defined = csvs.map(([, stanza]) => `${id}/lookups/${stanza.get("filename")}`);
  expect(lookupFiles.toSorted(), "every lookup file has one definition").toEqual(defined.toSorted());
  checkSearches(confOf("default/savedsearches.conf"), headers);
  checkInputs(confOf("default/inputs.conf"), headers);
  return lookups;
}

/** What an app of lookups consists of; no code, no automatic lookups, nothing hidden, nothing of this instance. */
function checkPath(path: string): void {
  expect(path).toMatch(
    /^(?:app\.manifest|README\.txt|metadata\/default\.meta|default\/(?:app|transforms|savedsearches|collections|inputs)\.conf|lookups\/\w+\.csv)$/,
  );
}

/** A KV store lookup and the collection behind it; returns its fields. */
function checkCollection(stanza: ReadonlyMap<string, string>, collections: Conf): string[] {
  const collection = collections.get(stanza.get("collection") ?? "");
  if (!collection) throw new Error(`no collection ${stanza.get("collection")}`);
  const [key, ...fields] = (stanza.get("fields_list") ?? "").split(", ");
  expect(key).toBe("_key");
  const typed = [...collection.keys()].flatMap((setting) => /^field\.(\w+)$/.exec(setting)?.[1] ?? []);
  expect(fields).toEqual(typed);
  for (const [setting, value] of collection) {
    if (setting.startsWith("field.")) expect(value).toMatch(/^(string|number|bool|time)$/);
    if (setting.startsWith("accelerated_fields.")) {
      for (const field of Object.keys(JSON.parse(value))) expect(typed).toContain(field);
    }
  }
  expect(stanza.has("case_sensitive_match"), "a KV store lookup always minds case").toBe(false);
  return ["_key", ...fields];
}

/** Intelligence downloads: off, and from a lookup that exists. */
function checkInputs(inputs: Conf, headers: ReadonlyMap<string, readonly string[]>): void {
  for (const [name, stanza] of inputs) {
    expect(name).toMatch(/^threatlist:\/\/\w+$/);
    expect(stanza.get("disabled"), name).toBe("1");
    expect(headers.has((stanza.get("url") ?? "").replace(/^lookup:\/\//, "")), `${name} names a lookup`).toBe(true);
    expect(Number(stanza.get("interval"))).toBeGreaterThanOrEqual(3600);
  }
}

/** Stanzas of a .conf file. Throws on duplicates, continued lines and lines that are neither stanza nor setting. */
export function parseConf(text: string): Conf {
  const conf = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (line.endsWith("\\")) throw new Error(`continued line: ${line}`);
    const stanza = /^\[(.*)\]$/.exec(line);
    if (stanza) {
      const name = stanza[1] as string;
      if (conf.has(name)) throw new Error(`two stanzas [${name}]`);
      current = new Map();
      conf.set(name, current);
      continue;
    }
    const setting = /^([\w.]+) = (.*)$/.exec(line);
    if (!setting || !current) throw new Error(`not a setting: ${line}`);
    if (current.has(setting[1] as string)) throw new Error(`two settings ${setting[1]}`);
    current.set(setting[1] as string, setting[2] as string);
  }
  return conf;
}

function checkIdentity(id: string, app: Conf, manifest: Record<string, unknown>): void {
  const info = manifest.info as { id: { name: string; version: string } };
  const version = app.get("launcher")?.get("version");
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(app.get("id")?.get("version")).toBe(version);
  expect(info.id.version).toBe(version);
  expect(app.get("package")?.get("id")).toBe(id);
  expect(app.get("id")?.get("name")).toBe(id);
  expect(info.id.name).toBe(id);
  expect(app.get("package")?.get("check_for_updates")).toMatch(/^(0|false)$/);
  expect(app.get("install")?.get("is_configured")).toMatch(/^(0|false)$/);
  expect(app.get("install")?.get("build")).toMatch(/^\d+$/);
  expect(app.get("ui")?.get("is_visible")).toMatch(/^(0|false)$/);
  for (const key of ["author", "description"]) expect(app.get("launcher")?.get(key)).toMatch(/\S/);
  expect(app.get("ui")?.get("label")).toMatch(/\S/);
  expect(manifest.schemaVersion).toBe("2.0.0");
  expect(manifest.info).toMatchObject({ id: { group: null }, license: expect.anything() });
  expect(manifest.targetWorkloads).toEqual(["_search_heads"]);
}

function checkPermissions(meta: Conf): void {
  expect(meta.get("")?.get("access")).toBe("read : [ * ], write : [ admin, sc_admin ]");
  for (const stanza of ["lookups", "transforms"]) expect(meta.get(stanza)?.get("export")).toBe("system");
}

/** Checks the text of a CSV lookup. */
export function checkLookup(text: string): { header: string[]; rows: Record<string, string>[] } {
  expect(text.startsWith("\ufeff"), "byte order mark").toBe(false);
  expect(text, "a bare CR or NUL").not.toMatch(/\r(?!\n)|\0/);
  const lines = text.split(/\r?\n/);
  expect(lines.pop(), "ends in a line end").toBe("");
  expect((lines[0] as string).length).toBeLessThanOrEqual(4096);
  const [header, ...records] = parse(text, { relax_column_count: false, relax_quotes: false }) as string[][];
  if (!header) throw new Error("no header");
  expect(records.length, "one row is one line").toBe(lines.length - 1);
  expect(header.length).toBeGreaterThanOrEqual(2);
  expect(new Set(header).size, "distinct columns").toBe(header.length);
  for (const field of header) expect(field).toMatch(/^[A-Za-z_]\w*$/);
  // Those of Enterprise Security have fixed columns; all others say until when they hold.
  const needed = header.includes("weight") ? ["description"] : ["indicator", "description", "first_seen", "last_seen"];
  for (const field of needed) expect(header).toContain(field);
  const rows = records.map((cells) =>
    Object.fromEntries(header.map((field, index) => [field, cells[index] as string])),
  );
  return { header, rows };
}

function checkDefinition(
  stanza: ReadonlyMap<string, string>,
  header: readonly string[],
  rows: readonly Record<string, string>[],
): void {
  expect(stanza.get("filename")).toMatch(/^\w+\.csv$/);
  const maxMatches = Number(stanza.get("max_matches") ?? 100);
  expect(maxMatches).toBeGreaterThanOrEqual(1);
  expect(maxMatches).toBeLessThanOrEqual(1000);
  // Splunk's default is true, so the setting has to stand there either way.
  expect(stanza.get("case_sensitive_match")).toMatch(/^(true|false)$/);
  if (header.includes("url")) expect(stanza.get("case_sensitive_match")).toBe("true");
  if (header.includes("file_hash")) expect(stanza.get("case_sensitive_match")).toBe("false");
  const matchType = stanza.get("match_type");
  if (matchType === undefined) return;
  const [, mode, column] = /^(WILDCARD|CIDR)\((\w+)\)$/.exec(matchType) ?? [];
  expect(header).toContain(column);
  if (mode === "WILDCARD") expect(stanza.get("case_sensitive_match")).toBe("false");
  for (const row of rows) {
    const cell = row[column as string] as string;
    if (mode === "WILDCARD") expect(cell, "*x hits nox").toMatch(/^(\*\.)?[^*]+$/);
    else {
      const [address, bits] = cell.split("/");
      expect(isIP(address as string), cell).not.toBe(0);
      if (bits !== undefined) expect(Number(bits)).toBeLessThanOrEqual(isIP(address as string) === 4 ? 32 : 128);
    }
  }
  if (mode === "WILDCARD") checkOrder(rows.map((row) => row[column as string] as string));
}

/** Splunk answers with the first row that matches: no row may stand behind one that hits all it would hit. */
function checkOrder(patterns: readonly string[]): void {
  const before = new Set<string>();
  for (const pattern of patterns) {
    const labels = pattern.replace(/^\*\./, "").split(".");
    for (let first = 1; first < labels.length; first += 1) {
      const wider = `*.${labels.slice(first).join(".")}`;
      expect(before.has(wider), `${pattern} stands behind ${wider}`).toBe(false);
    }
    before.add(pattern);
  }
}

function checkSearches(searches: Conf, headers: ReadonlyMap<string, readonly string[]>): void {
  for (const [title, stanza] of searches) {
    expect(stanza.get("disabled"), title).toBe("1");
    expect(stanza.get("enableSched"), title).toBe("0");
    // Hourly at most: what AppInspect calls a tight schedule runs every few minutes.
    expect(stanza.get("cron_schedule"), title).toMatch(/^\d{1,2} \S+ \S+ \S+ \S+$/);
    for (const [key, value] of stanza) if (key.startsWith("dispatch.")) expect(value).not.toMatch(/^rt/);
    const [, name, match, output] = /\| lookup (\w+) (.*?) OUTPUT (.*?) \|/.exec(stanza.get("search") ?? "") ?? [];
    const header = headers.get(name as string);
    expect(header, `${title} names a lookup that exists`).toBeDefined();
    for (const [column] of (match as string).matchAll(/\w+(?= AS|$)/g)) {
      if (!(match as string).includes(`AS ${column}`)) expect(header).toContain(column);
    }
    for (const column of (output as string).split(" ")) expect(header, `${title} outputs ${column}`).toContain(column);
  }
}

/** What a WILDCARD lookup with `max_matches = 1` answers: the first row in file order whose pattern matches. */
export function wildcardLookup(
  rows: readonly Record<string, string>[],
  column: string,
  query: string,
): Record<string, string> | undefined {
  return rows.find((row) => {
    const pattern = (row[column] as string).split("*").map((part) => part.replace(/[.\\+?^$(){}|[\]]/g, "\\$&"));
    return new RegExp(`^${pattern.join(".*")}$`, "is").test(query);
  });
}
