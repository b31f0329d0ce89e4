/** The `.spl` archives, from the exporter through the archive of the pipeline, read back header by header. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { splunk } from "../../../plugins/splunk/index.ts";
import { withFolderArchives } from "../../../src/export/archive.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { renderContext } from "../../../src/testing/render.ts";
import { asyncIterable, exampleIndicators } from "../../../src/testing.ts";
import { itNeedsReference, referenceDir } from "../../support/engines.ts";
import { type AppFiles, checkApp } from "./app-check.ts";
import { readSpl } from "./spl-read.ts";

async function exported(format: string, options: Record<string, unknown> = {}): Promise<Map<string, Buffer>> {
  const indicators: Indicator[] = exampleIndicators().filter(({ type }) => splunk.accepts.includes(type));
  const chunks = splunk.render(
    asyncIterable(indicators),
    renderContext(splunk, { format, options }, () => {}),
  );
  const files = new Map<string, Buffer>();
  for await (const { path, data } of withFolderArchives(chunks, splunk.formats[format]?.folderArchive as string)) {
    files.set(path, Buffer.concat([files.get(path) ?? Buffer.alloc(0), Buffer.from(data)]));
  }
  return files;
}

const splOf = (files: AppFiles, appId: string): Buffer => files.get(`${appId}.spl`) as Buffer;

const filesOf = (archive: Buffer): AppFiles =>
  new Map(
    readSpl(archive)
      .filter(({ kind }) => kind === "0")
      .map(({ name, data }) => [name, data]),
  );

describe("splunk: .spl", () => {
  it.each([
    ["app", "rulewright_iocs"],
    ["es", "rulewright_iocs_es"],
    ["kv", "rulewright_iocs_kv"],
  ])("of format %s holds the app and nothing else", async (format, appId) => {
    const files = await exported(format);
    const packed = filesOf(splOf(files, appId));
    checkApp(packed);
    const folder = [...files].filter(([path]) => path.startsWith(`${appId}/`));
    expect(new Map(packed)).toEqual(new Map(folder));
  });

  it("has one top folder, sorted names, fixed times, no owner, no links and no extended headers", async () => {
    const entries = readSpl(splOf(await exported("app"), "rulewright_iocs"));
    expect(entries.slice(0, 5).map(({ name }) => name)).toEqual([
      "rulewright_iocs/",
      "rulewright_iocs/README.txt",
      "rulewright_iocs/app.manifest",
      "rulewright_iocs/default/",
      "rulewright_iocs/default/app.conf",
    ]);
    expect(entries.map(({ name }) => name)).toEqual(entries.map(({ name }) => name).toSorted());
    for (const { kind, mode, uid, gid, mtime, userName, name } of entries) {
      const isFolder = name.endsWith("/");
      expect({ name, kind, mode, uid, gid, mtime, userName }).toEqual({
        name,
        kind: isFolder ? "5" : "0",
        mode: isFolder ? 0o755 : 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        userName: "",
      });
    }
  });

  it("needs no extended header for the longest names that options allow", async () => {
    const options = { appId: `a${"b".repeat(59)}`, lookupPrefix: `p${"q".repeat(47)}` };
    const entries = readSpl(splOf(await exported("app", options), options.appId));
    expect([...new Set(entries.map(({ kind }) => kind))].toSorted()).toEqual(["0", "5"]);
    checkApp(new Map(entries.filter(({ kind }) => kind === "0").map(({ name, data }) => [name, data])));
  });

  it("is the same bytes every time", async () => {
    const [first, second] = [await exported("app"), await exported("app")];
    expect(splOf(second, "rulewright_iocs")).toEqual(splOf(first, "rulewright_iocs"));
  });

  it("takes the name of an app of your own", async () => {
    expect([...(await exported("app", { appId: "acme-iocs" })).keys()].at(-1)).toBe("acme-iocs.spl");
  });
});

describe("splunk: the check itself", () => {
  const golden = (folder: string): string => join(referenceDir as string, "siem/golden", folder);

  itNeedsReference("accepts an app that Splunk is known to take, as a folder and as .spl", () => {
    const dir = golden("splunk_app");
    const paths = readdirSync(dir, { recursive: true, encoding: "utf8" }).map((path) => join(dir, path));
    const files = paths.filter((path) => statSync(path).isFile());
    const names = ["vt_ioc_ip", "vt_ioc_domain", "vt_ioc_url", "vt_ioc_hash"];
    expect([...checkApp(new Map(files.map((path) => [relative(dir, path), readFileSync(path)]))).keys()]).toEqual(
      names,
    );
    expect([...checkApp(filesOf(readFileSync(golden("vt_ioc_lookups.spl")))).keys()]).toEqual(names);
  });
});
