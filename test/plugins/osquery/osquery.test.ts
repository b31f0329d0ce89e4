import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { osquery } from "../../../plugins/osquery/index.ts";
import type { Indicator } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  HOSTILE_TEXTS,
  numbered,
  type RenderedFiles,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";
import { goldenFiles } from "../../support/exported.ts";

/** Columns of osquery's tables that queries may name. osquery is SQLite, so SQLite is the judge of them. */
const SCHEMA = `
  CREATE TABLE dns_cache (name TEXT, type TEXT, flags INTEGER);
  CREATE TABLE process_open_sockets (pid INTEGER, protocol INTEGER, remote_address TEXT, remote_port INTEGER);
  CREATE TABLE processes (pid INTEGER, path TEXT, cmdline TEXT);
  CREATE TABLE hash (path TEXT, directory TEXT, md5 TEXT, sha1 TEXT, sha256 TEXT);
  CREATE TABLE winbaseobj (session_id INTEGER, object_name TEXT, object_type TEXT);
  CREATE TABLE registry (key TEXT, path TEXT, name TEXT, type TEXT, data TEXT, mtime INTEGER);
  CREATE TABLE file (path TEXT, directory TEXT, filename TEXT, size INTEGER, mtime INTEGER);
`;

type Row = Readonly<Record<string, string | number>>;

interface Pack {
  readonly platform: string;
  readonly queries: Readonly<
    Record<string, { readonly query: string; readonly interval: number; readonly description: string }>
  >;
}

/** A host with what its tables show. */
function hostWith(tables: Readonly<Record<string, readonly Row[]>>): Database.Database {
  const host = new Database(":memory:");
  host.exec(SCHEMA);
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows) {
      const columns = Object.keys(row);
      host
        .prepare(`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map(() => "?").join()})`)
        .run(...Object.values(row));
    }
  }
  return host;
}

const bareHost = hostWith({});

function readPack(data: Buffer | undefined): Pack {
  const pack = JSON.parse(String(data)) as Pack;
  expect(Object.keys(pack)).toEqual(["platform", "queries"]);
  expect(pack.platform).toBe("windows");
  for (const [name, { query, interval, description }] of Object.entries(pack.queries)) {
    expect(name).toMatch(/^[a-z_]+_\d{3,}$/);
    expect(interval).toBeGreaterThanOrEqual(60);
    expect(description).not.toBe("");
    const statement = bareHost.prepare(query);
    expect(statement.readonly).toBe(true);
    if (query.includes("FROM hash")) expect(query).toMatch(/ WHERE \(path LIKE /);
  }
  return pack;
}

function check(files: RenderedFiles): void {
  expect([...files.keys()].sort()).toEqual(["rulewright-hunting.json", "rulewright.json"]);
  for (const data of files.values()) readPack(data);
}

describeExporter(osquery, { runner: { describe, it }, check });

/** Name of the query → rows that it finds on a host. */
async function found(
  indicators: readonly Indicator[],
  tables: Readonly<Record<string, readonly Row[]>>,
  settings: RenderOptions = {},
): Promise<Record<string, unknown[]>> {
  const { files } = await render(osquery, indicators, settings);
  const host = hostWith(tables);
  const queries = [...files.values()].flatMap((data) => Object.entries(readPack(data).queries));
  return Object.fromEntries(queries.map(([name, { query }]) => [name, host.prepare(query).all()]));
}

const value = (type: Indicator["type"]) => exampleIndicator(type).value;

describe("osquery: packs", () => {
  it("keep what alerts from what is for hunting", async () => {
    const { files } = await render(osquery, exampleIndicators());
    expect([...files.values()].map((data) => Object.keys(readPack(data).queries))).toEqual([
      ["dns_cache_001", "address_001", "endpoint_001", "file_hash_001"],
      ["mutex_001", "registry_001", "file_path_001"],
    ]);
  });

  it("are this for a hash", async () => {
    const { files } = await render(osquery, [exampleIndicator("sha256")], { options: { hashPaths: ["C:\\Temp\\%"] } });
    expect(String(files.get("rulewright.json"))).toBe(`{
  "platform": "windows",
  "queries": {
    "file_hash_001": {"query":"SELECT path, sha256 FROM hash WHERE (path LIKE 'C:\\\\Temp\\\\%') AND sha256 IN ('${value("sha256")}')","interval":3600,"snapshot":false,"description":"Has a file that is malware or was dropped by malware in a sandbox"}
  }
}
`);
  });

  it("split long lists, and lose nothing", async () => {
    const indicators = Array.from({ length: 1001 }, (_, index) => numbered("sha256", index));
    const rows = indicators.map(({ value }) => ({ path: `C:\\ProgramData\\${value}`, sha256: value }));
    const results = await found(indicators, { hash: rows });
    expect(Object.values(results).map(({ length }) => length)).toEqual([500, 500, 1]);
  });

  it("hold as many values as the option allows, in every table", async () => {
    const types = ["domain", "ipv4", "endpoint", "sha256", "mutex", "registry-key", "file-path"] as const;
    const indicators = types.flatMap((type) => Array.from({ length: 900 }, (_, index) => numbered(type, index)));
    const { files } = await render(osquery, indicators, { options: { maxValues: 900 } });
    check(files);
    expect([...files.values()].flatMap((data) => Object.keys(readPack(data).queries))).toHaveLength(types.length);
    expect(osquery.options.safeParse({ maxValues: 901 }).success).toBe(false);
  });

  it("hash no whole drive", () => {
    for (const path of ["%", "C:\\%", "C:\\%%", "/tmp/%"]) {
      expect(osquery.options.safeParse({ hashPaths: [path] }).success).toBe(false);
    }
  });

  it("take what is under review for neither", async () => {
    const verdict = { decision: "review", confidence: 40, reasons: [] } as const;
    const { skipped } = await render(osquery, [
      exampleIndicator("domain", { verdict }),
      exampleIndicator("mutex", { verdict }),
      exampleIndicator("file-path", { status: "expired" }),
    ]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "the verdict is review, and whatever is listed alerts",
      "the verdict is review",
      "expired",
    ]);
  });
});

describe("osquery: queries", () => {
  it("find a look-up of the name and, for a tree, below it", async () => {
    const names = [
      "quillet-morrow.top",
      "C2.Quillet-Morrow.top",
      "notquillet-morrow.top",
      "a.duckdns.org",
      "b.a.duckdns.org",
    ];
    const { dns_cache_001: rows } = await found(
      [exampleIndicator("domain"), exampleIndicator("domain", { value: "a.duckdns.org", scope: "host" })],
      { dns_cache: names.map((name) => ({ name, type: "A" })) },
    );
    expect((rows as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      "C2.Quillet-Morrow.top",
      "a.duckdns.org",
      "quillet-morrow.top",
    ]);
  });

  it("take the _ of a name for itself", async () => {
    const names = ["x.a_b.top", "x.acb.top"];
    const { dns_cache_001: rows } = await found([exampleIndicator("domain", { value: "a_b.top" })], {
      dns_cache: names.map((name) => ({ name })),
    });
    expect(rows).toMatchObject([{ name: "x.a_b.top" }]);
  });

  it("find a connection, and for an endpoint only to its port", async () => {
    const socket = { pid: 7, protocol: 6, remote_address: "45.32.17.9" };
    const results = await found([exampleIndicator("ipv4"), exampleIndicator("endpoint")], {
      process_open_sockets: [
        { ...socket, remote_port: 8443 },
        { ...socket, remote_port: 443 },
        { ...socket, remote_port: 8443, protocol: 17 },
        { ...socket, remote_address: "45.32.17.90", remote_port: 8443 },
      ],
      processes: [{ pid: 7, path: "C:\\a.exe", cmdline: "a.exe -x" }],
    });
    expect(results.address_001).toHaveLength(3);
    expect(results.endpoint_001).toEqual([
      { path: "C:\\a.exe", cmdline: "a.exe -x", pid: 7, remote_address: "45.32.17.9", remote_port: 8443 },
    ]);
  });

  it("find a file by its hash where files are hashed", async () => {
    const sha256 = value("sha256");
    const { file_hash_001: rows } = await found([exampleIndicator("sha256")], {
      hash: [
        { path: "C:\\Users\\ada\\Downloads\\a.exe", sha256 },
        { path: "C:\\Users\\ada\\Downloads\\b.exe", sha256: "0".repeat(64) },
        { path: "D:\\a.exe", sha256 },
      ],
    });
    expect(rows).toEqual([{ path: "C:\\Users\\ada\\Downloads\\a.exe", sha256 }]);
  });

  it("find a mutex by its name within its directory, and nothing else of that name", async () => {
    const { mutex_001: rows } = await found([exampleIndicator("mutex")], {
      winbaseobj: [
        { session_id: 1, object_name: "quillet-4471", object_type: "Mutant" },
        { session_id: 1, object_name: "quillet-4471", object_type: "Event" },
      ],
    });
    expect(rows).toEqual([{ session_id: 1, object_name: "quillet-4471" }]);
  });

  it.each([
    ["HKEY_CURRENT_USER\\Software\\Quillet", "HKEY_USERS\\S-1-5-21-1-2-3-1001\\Software\\Quillet"],
    ["HKEY_USERS\\S-1-5-21-9-9-9-500\\Software\\Quillet", "HKEY_USERS\\S-1-5-21-1-2-3-1001\\Software\\Quillet"],
    ["HKEY_LOCAL_MACHINE\\Software\\O'Quillet", "HKEY_LOCAL_MACHINE\\SOFTWARE\\O'Quillet"],
  ])("find the registry key %s as %s", async (key, path) => {
    const { registry_001: rows } = await found([exampleIndicator("registry-key", { value: key })], {
      registry: [{ path, name: "Quillet" }, { path: `${path}2` }],
    });
    expect(rows).toMatchObject([{ path, name: "Quillet" }]);
  });

  it("find a file where malware put one", async () => {
    const { file_path_001: rows } = await found([exampleIndicator("file-path")], {
      file: [{ path: value("file-path"), size: 1 }, { path: "C:\\Users\\Public\\other.dll" }],
    });
    expect(rows).toMatchObject([{ path: value("file-path") }]);
  });

  it("skip what the tables cannot show", async () => {
    const { skipped } = await render(osquery, [
      exampleIndicator("registry-key", { value: "HKEY_LOCAL_MACHINE\\Software\\50%" }),
      exampleIndicator("file-path", { value: "/tmp/quillet" }),
    ]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "a % in a registry path is a wildcard of osquery",
      "no path of a Windows drive",
    ]);
  });

  it.each(HOSTILE_TEXTS)("find the mutex %j and no other, or skip it", async (name) => {
    const mutex = exampleIndicator("mutex", { value: name });
    const { skipped } = await render(osquery, [mutex]);
    if (skipped.length > 0) return;
    const rows = [name, "other"].map((object_name) => ({ session_id: 1, object_name, object_type: "Mutant" }));
    expect(await found([mutex], { winbaseobj: rows })).toEqual({ mutex_001: [{ session_id: 1, object_name: name }] });
  });

  it("find any text again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 30 }), async (text) => {
        const path = `C:\\${text}`;
        const indicator = exampleIndicator("file-path", { value: path });
        const { skipped } = await render(osquery, [indicator]);
        if (skipped.length > 0) return;
        expect((await found([indicator], { file: [{ path }] })).file_path_001).toHaveLength(1);
      }),
      { numRuns: 100 },
    );
  });
});

describe("osquery: golden output", () => {
  it("passes the check", () => {
    check(goldenFiles("osquery"));
  });
});
