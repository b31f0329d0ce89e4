/** `rulewright push` of files: archives beside them, rules proven before anything is sent, dry runs, interrupts. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root, rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";
import { type FileServer, startFileServer } from "../support/file-server.ts";

let server: FileServer;
let cwd: string;
beforeEach(async () => {
  server = await startFileServer();
  cwd = temporaryFolder();
  const ingested = await rulewright(["ingest", join(samples, "tinlantern-1_zenbox.json")], { cwd });
  expect(ingested.code, ingested.stderr).toBe(0);
});
afterEach(() => server.close());

const config = (exports: string, sink: string) =>
  writeFileSync(
    join(cwd, "rulewright.yaml"),
    `exports: { ${exports} }\nsinks: { mirror: { ${sink}, maxTlp: amber } }\n`,
  );
const toServer = (name: string) => `sink: http, exports: [${name}], options: { url: "${server.url}" }`;
const sent = () => server.requests.map(({ path }) => path);

describe("rulewright push of files", () => {
  it("sends a rule export's archive with its digest behind it", async () => {
    config("", toServer("suricata"));
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    const archive = server.requests.find(({ path }) => path === "suricata/suricata.tar.gz")?.body ?? Buffer.alloc(0);
    expect(server.held.get("suricata/suricata.tar.gz.md5")).toBe(
      `${createHash("md5").update(archive).digest("hex")}\n`,
    );
    expect(sent().indexOf("suricata/suricata.tar.gz.md5")).toBeGreaterThan(sent().indexOf("suricata/suricata.tar.gz"));
  });

  it("keeps the files of two exports apart, at a server and in a folder", async () => {
    const both = "exports: [csv, again]";
    config("again: { exporter: csv, where: type=domain }", `sink: http, ${both}, options: { url: "${server.url}" }`);
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    expect(sent()).toEqual(["csv/indicators.csv", "again/indicators.csv"]);
    const folder = join(cwd, "mirror");
    config("again: { exporter: csv, where: type=domain }", `sink: file, ${both}, options: { path: "${folder}" }`);
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    for (const [path, text] of server.held) expect(readFileSync(join(folder, path), "utf8")).toBe(text);
  });

  it("leaves the folder out on request, of a single export", async () => {
    config("", `${toServer("csv")}, folders: false`);
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    expect(sent()).toEqual(["indicators.csv"]);
    config("", `${toServer("csv, lists")}, folders: false`);
    expect((await rulewright(["push"], { cwd })).stderr).toContain(
      "sinks.mirror.folders: false is for a single export",
    );
    config("", toServer("csv, csv:jsonl"));
    expect((await rulewright(["push"], { cwd })).stderr).toContain("sinks.mirror.exports: csv is named twice.");
  });

  it.each([
    ["true", "csv", ["csv/csv.tar.gz", "csv/csv.tar.gz.md5", "csv/indicators.csv"]],
    ["false", "suricata", expect.not.arrayContaining([expect.stringContaining(".tar.gz")])],
  ])("goes by archive: %s of the export %s", async (archive, name, paths) => {
    config(`${name}: { archive: ${archive} }`, toServer(name));
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    expect(sent().sort()).toEqual(paths);
  });

  itNeeds("suricata")("sends nothing of rules that the engine refuses, and exits with 4", async () => {
    const folder = join(cwd, "templates/suricata");
    mkdirSync(folder, { recursive: true });
    cpSync(join(root, "templates/suricata/dns.hbs"), join(folder, "dns.hbs"));
    const template = readFileSync(join(folder, "dns.hbs"), "utf8");
    writeFileSync(join(folder, "dns.hbs"), template.replace(" endswith;", ""));
    config("suricata: { verify: true }", toServer("suricata"));
    const { code, stderr } = await rulewright(["push"], { cwd });
    expect(stderr).toContain("refused the new output of suricata");
    expect([code, sent()]).toEqual([4, []]);
  });

  it("sends an unchanged release no second time, on another day either, and no CHANGES that nobody can know", async () => {
    config("", toServer("suricata"));
    const on = (day: string) => ({ SOURCE_DATE_EPOCH: String(Date.parse(`${day}T00:00:00Z`) / 1000) });
    expect((await rulewright(["push"], { cwd, env: on("2026-11-25") })).code).toBe(0);
    const first = sent();
    expect(first.length).toBeGreaterThan(3);
    expect(first.filter((path) => path.endsWith("CHANGES"))).toEqual([]);
    expect((await rulewright(["push"], { cwd, env: on("2026-11-26") })).code).toBe(0);
    expect(sent()).toEqual(first);
  });

  it("writes into no folder in a dry run", async () => {
    config("", `sink: file, exports: [csv], options: { path: "${join(cwd, "mirror")}" }`);
    const { code, stderr } = await rulewright(["push", "--dry-run"], { cwd });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^mirror +csv +would send [1-9]\d* bytes$/m)]);
    expect(existsSync(join(cwd, "mirror"))).toBe(false);
  });

  it("keeps what was acknowledged before an interrupt, and says so", async () => {
    config("", toServer("suricata"));
    let kill = (): void => {};
    server.check = () => {
      if (server.requests.length === 1) return false;
      kill();
      return true;
    };
    const { code, stderr } = await rulewright(["push"], {
      cwd,
      onStart: (stop) => {
        kill = () => stop("SIGINT");
      },
    });
    expect(stderr).toContain("Interrupted: what the targets acknowledged is kept, and the next push goes on there.");
    expect(code).toBe(130);
    const [acknowledged] = sent();
    server.check = () => false;
    expect((await rulewright(["push"], { cwd })).code).toBe(0);
    expect(sent().filter((path) => path === acknowledged)).toHaveLength(1);
    expect(server.held.size).toBeGreaterThan(2);
  });
});
