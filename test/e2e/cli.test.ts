import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digest, root, rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { report } from "../support/reports.ts";

const folderWith = (files: Record<string, string>): string => {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
};
const goodReport = JSON.stringify(report({ dns_lookups: [{ hostname: "quillet-morrow.top" }], verdicts: ["MALWARE"] }));

describe("help", () => {
  it.each([
    [],
    ["generate"],
    ["explain"],
    ["init"],
    ["plugins"],
    ["templates"],
    ["templates", "list"],
    ["templates", "eject"],
    ["templates", "check"],
    ["config"],
    ["config", "check"],
    ["config", "show"],
    ["config", "schema"],
    ["pivot"],
    ["ingest"],
    ["judge"],
    ["export"],
    ["list"],
    ["stats"],
    ["allow"],
    ["deny"],
    ["revoke"],
    ["restore"],
  ])("%s %s --help says what it does and exits 0", async (...command) => {
    const { code, stdout } = await rulewright([...command.filter((word) => word !== undefined), "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: rulewright /);
    expect(stdout.split("\n").length).toBeGreaterThan(4);
  });

  it("loads no plugin", async () => {
    const folder = folderWith({ "rulewright.yaml": "plugins: [./explodes.js]\n", "explodes.js": "process.exit(99);" });
    expect((await rulewright(["generate", "--help"], { cwd: folder })).code).toBe(0);
  });

  it("prints the version", async () => expect((await rulewright(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/));
});

describe("mistakes", () => {
  it.each<[string, string[], number, RegExp]>([
    [
      "an unknown exporter",
      ["generate", samples, "--to", "suricatta"],
      2,
      /no exporter "suricatta" \(did you mean "suricata"\?\).*\[EXPORTER_UNKNOWN\]/,
    ],
    [
      "an unknown format",
      ["generate", samples, "--to", "stix:bundel"],
      2,
      /no format "bundel" \(did you mean "bundle"\?\)/,
    ],
    ["an unknown option", ["generate", samples, "--owt", "x"], 2, /unknown option '--owt'/],
    ["an unknown command", ["genrate"], 2, /unknown command 'genrate'/],
    ["no path", ["generate"], 2, /missing required argument 'path'/],
    ["a path that is not there", ["generate", "nowhere"], 2, /no file or folder nowhere.*\[INPUT_MISSING\]/],
    [
      "an unknown filter field",
      ["generate", samples, "--where", "typ=domain"],
      2,
      /unknown field "typ" \(did you mean "type"\?\)/,
    ],
    ["a filter on an unknown type", ["generate", samples, "--where", "type=dns"], 2, /unknown type "dns"/],
    [
      "a confidence above all",
      ["generate", samples, "--where", "confidence>=170"],
      2,
      /--where: .* from 0 to 100, not/,
    ],
    ["a TLP that is none", ["generate", samples, "--tlp", "pink"], 2, /Allowed choices are clear, green/],
    ["a day that is none", ["generate", samples, "--as-of", "yesterday"], 2, /A day looks like/],
    [
      "warning lists that are not there",
      ["generate", samples, "--warning-lists", "nowhere"],
      2,
      /nowhere.*\[WARNING_LISTS_UNREADABLE\]/,
    ],
    [
      "a config that is not there",
      ["generate", samples, "--config", "nowhere.yaml"],
      2,
      /nowhere\.yaml.*rulewright init.*\[CONFIG_UNREADABLE\]/,
    ],
    ["an export named twice", ["generate", samples, "--to", "csv,csv:jsonl"], 2, /csv is named twice/],
    [
      "a value nobody saw",
      ["explain", "nobody-saw-this.top", samples],
      2,
      /No report in .* shows nobody-saw-this\.top/,
    ],
  ])("%s", async (_, args, exit, message) => {
    const out = temporaryFolder();
    const { code, stderr } = await rulewright([...args, ...(args[0] === "generate" ? ["--out", join(out, "o")] : [])]);
    expect(stderr).toMatch(message);
    expect(code).toBe(exit);
    expect(existsSync(join(out, "o"))).toBe(false);
  });

  it("an empty folder writes nothing and keeps the previous output", async () => {
    const out = temporaryFolder();
    await rulewright(["generate", samples, "--to", "csv", "--out", out]);
    const before = digest(out);
    const { code, stderr } = await rulewright(["generate", temporaryFolder(), "--to", "csv", "--out", out]);
    expect([code, digest(out)]).toEqual([2, before]);
    expect(stderr).toMatch(/There is no report in .*nothing was read or written.*\[INPUT_EMPTY\]/);
  });

  it("a file that cannot be read is named, the others go on", async () => {
    const folder = folderWith({ "good.json": goodReport, "broken.json": '{"a": [', "notvt.json": '{"name": "x"}' });
    symlinkSync(join(folder, "nowhere"), join(folder, "link.json"));
    const out = temporaryFolder();
    const { code, stderr } = await rulewright(["generate", folder, "--to", "csv", "--out", out]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: .*broken\.json: not JSON/);
    expect(stderr).toMatch(/warning: .*notvt\.json: JSON, but no body of VirusTotal's API v3/);
    expect(stderr).toMatch(/warning: .*link\.json: no regular file/);
    expect(readFileSync(join(out, "csv/indicators.csv"), "utf8")).toContain("domain,quillet-morrow.top");
  });

  it("when none can be read it says so, exits 3 and writes nothing", async () => {
    const out = temporaryFolder();
    const { code, stderr } = await rulewright([
      "generate",
      folderWith({ "a.json": "{" }),
      "--to",
      "csv",
      "--out",
      join(out, "o"),
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/No file could be read; the previous output stands/);
    expect(existsSync(join(out, "o"))).toBe(false);
  });

  it("reports with nothing to keep give valid empty outputs", async () => {
    const out = temporaryFolder();
    const clean = JSON.stringify(report({ dns_lookups: [{ hostname: "www.microsoft.com" }], verdicts: ["CLEAN"] }));
    const { code } = await rulewright(["generate", folderWith({ "a.json": clean }), "--out", out]);
    expect(code).toBe(0);
    expect(readFileSync(join(out, "csv/indicators.csv"), "utf8")).toMatch(/^type,value,[a-z0-9_,]*\n$/);
    expect(JSON.parse(readFileSync(join(out, "stix/rulewright.stix.json"), "utf8")).type).toBe("bundle");
  });

  it("bodies of VirusTotal with nothing to collect are said to be so, and write nothing", async () => {
    const out = temporaryFolder();
    const folder = folderWith({ "a.json": '{"data": null}' });
    const { code, stderr } = await rulewright(["generate", folder, "--out", join(out, "o")]);
    expect([code, existsSync(join(out, "o"))]).toEqual([2, false]);
    expect(stderr).toMatch(/There is nothing to collect in .*\[INPUT_EMPTY\]/);
  });

  it("a day that the calendar does not have, and an empty name", async () => {
    expect((await rulewright(["generate", samples, "--as-of", "2026-02-31"])).stderr).toMatch(/A day looks like/);
    expect((await rulewright(["generate", samples, "--to", "csv,,stix"])).stderr).toMatch(/single commas/);
  });

  it("config check sees filters and options that generate would refuse", async () => {
    const folder = folderWith({ "rulewright.yaml": "exports:\n  csv:\n    where: tpye=domain\n" });
    const { code, stderr } = await rulewright(["config", "check"], { cwd: folder });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/unknown field "tpye" \(did you mean "type"\?\)/)]);
  });

  it("a typo in the config names file, line and the nearest key", async () => {
    const folder = folderWith({ "rulewright.yaml": "tlp: green\npolicy:\n  kepAt: 60\n" });
    const { code, stderr } = await rulewright(["config", "check"], { cwd: folder });
    expect(stderr).toMatch(/rulewright\.yaml:3: unknown key "policy\.kepAt" \(did you mean "keepAt"\?\)/);
    expect(code).toBe(2);
  });

  it("an exporter option that does not exist is named with the nearest", async () => {
    const folder = folderWith({ "rulewright.yaml": "exports:\n  csv:\n    options:\n      columNames: true\n" });
    const { code, stderr } = await rulewright(["generate", samples, "--to", "csv", "--out", "o"], { cwd: folder });
    expect(stderr).toMatch(/csv has no option "columNames" \(did you mean "columnNames"\?\)/);
    expect(code).toBe(2);
  });
});

describe("sids", () => {
  const reports = (...hosts: string[]) =>
    folderWith(
      Object.fromEntries(
        hosts.map((hostname) => [
          `${hostname}.json`,
          JSON.stringify(report({ dns_lookups: [{ hostname }], verdicts: ["MALWARE"] })),
        ]),
      ),
    );
  const sidsIn = (out: string) =>
    new Map(
      readFileSync(join(out, "suricata/rulewright.rules"), "utf8")
        .split("\n")
        .flatMap((line) => {
          const [, id, sid] = /ioc_id ([^,]+),.*|$/.test(line)
            ? [line, /ioc_id ([^,]+)/.exec(line)?.[1], /sid:(\d+)/.exec(line)?.[1]]
            : [];
          return id && sid ? [[`${line.split(" ")[1]} ${id}`, sid] as const] : [];
        }),
    );

  it("stay with their rules when reports come and go, and are not given twice", async () => {
    const out = temporaryFolder();
    const run = (folder: string) => rulewright(["generate", folder, "--to", "suricata", "--out", out]);
    await run(reports("quillet-morrow.top", "umber-saltire.top"));
    const first = sidsIn(out);
    await run(reports("aldous-fennimore.top", "umber-saltire.top"));
    const second = sidsIn(out);
    for (const [rule, sid] of second)
      if (first.has(rule)) expect(sid).toBe(first.get(rule));
      else expect([...first.values()]).not.toContain(sid);
    expect([...second.keys()].some((rule) => rule.includes("umber-saltire.top"))).toBe(true);
    await run(reports("quillet-morrow.top", "umber-saltire.top"));
    expect(sidsIn(out)).toEqual(first);
  });

  it("a damaged ledger stops the run before anything is written", async () => {
    const out = temporaryFolder();
    const folder = reports("quillet-morrow.top");
    await rulewright(["generate", folder, "--to", "suricata", "--out", out]);
    writeFileSync(join(out, "sid-ledger.ndjson"), '{"key":"x"');
    const before = digest(out);
    const { code, stderr } = await rulewright(["generate", folder, "--to", "suricata", "--out", out]);
    expect([code, digest(out)]).toEqual([2, before]);
    expect(stderr).toMatch(/sid-ledger\.ndjson cannot be read at line 1.*\[SID_LEDGER_UNREADABLE\]/);
  });

  it("a range that is full says so", async () => {
    const out = temporaryFolder();
    const folder = reports("quillet-morrow.top", "umber-saltire.top");
    writeFileSync(join(folder, "rulewright.yaml"), "sids: { first: 5000000, last: 5000002 }\n");
    const { code, stderr } = await rulewright(["generate", ".", "--to", "suricata", "--out", out], { cwd: folder });
    expect([code, stderr]).toEqual([4, expect.stringMatching(/No sid is left between 5000000 and 5000002/)]);
  });
});

describe("outputs", () => {
  it("npm run from a folder of a checkout reads and writes in that folder, with its own templates in use", async () => {
    const folder = folderWith({ "reports.json": goodReport });
    const env = { npm_lifecycle_event: "rulewright", INIT_CWD: folder };
    const { code, stderr } = await rulewright(["generate", "reports.json", "--to", "csv"], { cwd: root, env });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("your templates")]);
    expect(readFileSync(join(folder, "out/csv/indicators.csv"), "utf8")).toMatch(/^type,value/);
    const atRoot = await rulewright(["generate", samples, "--to", "csv", "--out", "-"], { cwd: root });
    expect(atRoot.stderr).not.toContain("your templates");
  });

  it("--out - prints one export and leaves no folder", async () => {
    const folder = folderWith({ "a.json": goodReport });
    const { code, stdout } = await rulewright(["generate", "a.json", "--to", "csv:jsonl", "--out", "-"], {
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).value),
    ).toContain("quillet-morrow.top");
    expect(readdirSync(folder)).toEqual(["a.json"]);
    const two = await rulewright(["generate", "a.json", "--out", "-"], { cwd: folder });
    expect([two.code, two.stderr]).toEqual([2, expect.stringMatching(/Standard output takes one export/)]);
  });

  it("a run of some exports does not forget the files of the others", async () => {
    const folder = folderWith({ "a.json": goodReport });
    await rulewright(["generate", "a.json", "--to", "suricata,csv"], { cwd: folder });
    const { stdout } = await rulewright(["generate", "a.json", "--to", "csv:jsonl", "--json"], { cwd: folder });
    const manifest = JSON.parse(stdout);
    expect(manifest).toEqual(JSON.parse(readFileSync(join(folder, "out/manifest.json"), "utf8")));
    expect(manifest.earlier.map(({ name }: { name: string }) => name)).toEqual(["suricata"]);
    expect(readdirSync(join(folder, "out/csv"))).toEqual(["indicators.jsonl"]);
    writeFileSync(join(folder, "out/suricata/mine.txt"), "");
    await rulewright(["generate", "a.json", "--to", "suricata", "--where", "type=sha256"], { cwd: folder });
    expect(existsSync(join(folder, "out/suricata/mine.txt"))).toBe(true);
  });
});

describe("generate", () => {
  it("gives the same bytes again, in another time zone, locale and file order", async () => {
    const first = temporaryFolder();
    const second = temporaryFolder();
    const shuffled = temporaryFolder();
    const names = readdirSync(samples).sort();
    for (const [index, name] of names.entries())
      cpSync(
        join(samples, name),
        join(shuffled, name.replace(/^/, /^[0-9a-z_]*[0-9a-f]{64}/.test(name) ? `${99 - index}-` : `${99 - index}-`)),
      );
    await rulewright(["generate", samples, "--out", first]);
    const { code } = await rulewright(["generate", shuffled, "--out", second], {
      env: { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8" },
    });
    expect(code).toBe(0);
    const { "manifest.json": _a, ...a } = digest(first);
    const { "manifest.json": _b, ...b } = digest(second);
    expect(Object.keys(a).length).toBeGreaterThan(8);
    expect(b).toEqual(a);
  });

  it("touches nothing when nothing changed, the manifest included", async () => {
    const out = temporaryFolder();
    await rulewright(["generate", samples, "--out", out]);
    const before = digest(out);
    const { stderr } = await rulewright(["generate", samples, "--out", out]);
    expect(digest(out)).toEqual(before);
    expect(stderr.match(/unchanged/g)?.length).toBe(6);
  });

  it("accounts for every indicator and names every file in the manifest", async () => {
    const out = temporaryFolder();
    await rulewright(["generate", samples, "--out", out]);
    const manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
    const files = digest(out);
    expect(manifest.exports.map(({ name }: { name: string }) => name)).toEqual([
      "suricata",
      "snort",
      "stix",
      "misp",
      "csv",
      "splunk",
    ]);
    for (const { name, in: given, written, skipped, files: own } of manifest.exports) {
      expect(given).toBe(manifest.decisions.keep);
      expect(written + Object.values<number>(skipped).reduce((sum, count) => sum + count, 0)).toBe(given);
      for (const { path, sha256 } of own) expect(files[`${name}/${path}`]).toBe(sha256);
      expect(own.map(({ path }: { path: string }) => `${name}/${path}`).sort()).toEqual(
        Object.keys(files)
          .filter((file) => file.startsWith(`${name}/`))
          .sort(),
      );
    }
  });

  it("reads standard input", async () => {
    const out = temporaryFolder();
    const { code } = await rulewright(["generate", "-", "--to", "csv", "--out", out], { input: `${goodReport}\n` });
    expect(code).toBe(0);
    expect(readFileSync(join(out, "csv/indicators.csv"), "utf8")).toContain("quillet-morrow.top");
  });

  it("--where filters and --explain prints kept and dropped with reasons", async () => {
    const out = temporaryFolder();
    const { stdout } = await rulewright([
      "generate",
      samples,
      "--to",
      "csv",
      "--where",
      "type=domain confidence>=60",
      "--explain",
      "--json",
      "--out",
      out,
    ]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(new Set(lines.map(({ verdict }) => verdict.decision))).toEqual(new Set(["keep", "review", "drop"]));
    for (const { verdict } of lines) {
      expect(verdict.reasons.length).toBeGreaterThan(0);
      expect(verdict.reasons.reduce((sum: number, { weight }: { weight: number }) => sum + weight, 0)).toBe(
        verdict.confidence,
      );
    }
    const rows = readFileSync(join(out, "csv/indicators.csv"), "utf8").trim().split("\n").slice(1);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.every((row) => row.startsWith("domain,"))).toBe(true);
  });

  it("an interrupt leaves the outputs as they were and exits 130", async () => {
    const out = temporaryFolder();
    await rulewright(["generate", samples, "--out", out]);
    const before = digest(out);
    const many = temporaryFolder();
    const body = report({
      dns_lookups: Array.from({ length: 300 }, (_, n) => ({ hostname: `h${n}.quillet-morrow.top` })),
      verdicts: ["MALWARE"],
    });
    for (let n = 0; n < 1500; n += 1) writeFileSync(join(many, `${n}.json`), JSON.stringify(body));
    writeFileSync(join(many, "0-first.json"), "{");
    const { code, stderr } = await rulewright(["generate", many, "--out", out], {
      onStderr: interruptOnce(),
    });
    expect(code).toBe(130);
    expect(stderr).toContain("Interrupted: the outputs are untouched.");
    expect(digest(out)).toEqual(before);
  });

  const tiny = mountTiny();
  (tiny ? it : it.skip)(
    `a full disk fails the export, names it and keeps the previous output${tiny ? "" : " (skipped: no rights to mount a small file system)"}`,
    async () => {
      try {
        await rulewright(["generate", folderWith({ "a.json": goodReport }), "--to", "csv", "--out", tiny as string]);
        const before = readFileSync(join(tiny as string, "csv/indicators.csv"), "utf8");
        const bulky = report({
          dns_lookups: Array.from({ length: 5000 }, (_, n) => ({ hostname: `h${n}.quillet-morrow.top` })),
          verdicts: ["MALWARE"],
        });
        const { code, stderr } = await rulewright([
          "generate",
          folderWith({ "a.json": JSON.stringify(bulky) }),
          "--to",
          "csv",
          "--out",
          tiny as string,
        ]);
        expect(code).toBe(4);
        expect(stderr).toMatch(/The export csv failed: .*(no space left|full)/i);
        expect(readFileSync(join(tiny as string, "csv/indicators.csv"), "utf8")).toBe(before);
        expect(readdirSync(join(tiny as string, "csv"))).toEqual(["indicators.csv"]);
      } finally {
        spawnSync("umount", [tiny as string]);
      }
    },
  );

  it("a refused check keeps the previous output, exits 4 and lets the others go on", async () => {
    const folder = folderWith({ "a.json": goodReport });
    const out = join(folder, "out");
    await rulewright(["generate", "a.json", "--to", "csv,stix"], { cwd: folder });
    const before = digest(join(out, "csv"));
    writeFileSync(join(folder, "rulewright.yaml"), "exports:\n  csv:\n    check: sh -c 'echo no good >&2; exit 1'\n");
    writeFileSync(
      join(folder, "b.json"),
      JSON.stringify(
        report({ dns_lookups: [{ hostname: "second-quillet.top" }], verdicts: ["MALWARE"] }, { sample: 2 }),
      ),
    );
    const { code, stderr } = await rulewright(["generate", "a.json", "b.json", "--to", "csv,stix"], { cwd: folder });
    expect(code).toBe(4);
    expect(stderr).toMatch(/The check of csv refused the new output: .*no good/s);
    expect(digest(join(out, "csv"))).toEqual(before);
    expect(readFileSync(join(out, "stix/rulewright.stix.json"), "utf8")).toContain("second-quillet.top");
  });
});

describe("generate without warning lists", () => {
  const mutexOnly = JSON.stringify(report({ mutexes_created: ["QuilletMorrow-7731"], verdicts: ["MALWARE"] }));

  it.each<[string, string, string[], boolean]>([
    ["says what that means where it keeps hosts", goodReport, [], true],
    ["says nothing in JSON", goodReport, ["--json"], false],
    ["says nothing with lists", goodReport, ["--warning-lists", "lists"], false],
    ["says nothing where it keeps none", mutexOnly, [], false],
  ])("%s", async (_what, body, flags, isSaid) => {
    const list = JSON.stringify({ name: "x", version: 20261101, description: "x", type: "hostname", list: ["x.org"] });
    const cwd = folderWith({ "a.json": body });
    mkdirSync(join(cwd, "lists/x"), { recursive: true });
    writeFileSync(join(cwd, "lists/x/list.json"), list);
    const { code, stderr } = await rulewright(["generate", "a.json", "--to", "csv", ...flags], { cwd });
    expect(code, stderr).toBe(0);
    expect(stderr.includes("No warning lists: popular names")).toBe(isSaid);
  });
});

describe("explain", () => {
  it("takes a defanged value and prints decision, reasons and places", async () => {
    const { code, stdout } = await rulewright(["explain", "quillet-morrow[.]top", "-"], { input: goodReport });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "quillet-morrow[.]top  (domain)\n  keep, confidence 65, matched as the name and everything below it\n   +50  dns-lookup: looked up by 1 sample\n   +15  malicious-sample: 1 of 1 sample malicious by engines or sandbox\n      seen  dns_lookups[0].hostname · dns-lookup · Zenbox · sample 555555555555…\n",
    );
  });

  it("explains what is no observable at all", async () => {
    const { stdout } = await rulewright(["explain", "45.32.17.9x", "-"], {
      input: JSON.stringify(report({ dns_lookups: [{ hostname: "45.32.17.9x y" }] })),
    });
    expect(stdout).toMatch(/not an observable: not a host name/);
  });
});

describe("plugins, templates, config, init", () => {
  it("a third-party exporter works through plugins:", async () => {
    const out = temporaryFolder();
    const { code } = await rulewright([
      "generate",
      samples,
      "--config",
      "samples/configs/plugin.yaml",
      "--to",
      "hosts,highlights",
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    expect(readFileSync(join(out, "hosts/hosts"), "utf8")).toMatch(/^0\.0\.0\.0 [a-z0-9.-]+\n/);
    expect(readFileSync(join(out, "highlights/indicators.csv"), "utf8")).toMatch(/^type,value/);
  });

  it("works from any folder, and one that fails stops only what needs it", async () => {
    const folder = folderWith({
      "rulewright.yaml": "plugins: [./mine.js, ./broken.js]\n",
      "broken.js": "throw new Error('out of order');",
      "a.json": goodReport,
    });
    cpSync("samples/plugin-hosts/index.js", join(folder, "mine.js"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    expect((await rulewright(["generate", "a.json", "--to", "hosts,csv"], { cwd: folder })).code).toBe(0);
    const listing = await rulewright(["plugins"], { cwd: folder });
    expect(listing.code).toBe(2);
    expect(listing.stderr).toContain("The plugin ./broken.js did not load: out of order.");
    expect(listing.stdout).toContain("exporter hosts: ");
    const missing = await rulewright(["generate", "a.json", "--to", "broken"], { cwd: folder });
    expect(missing.stderr).toContain("The plugin ./broken.js did not load: out of order.");
  });

  it("templates can be ejected, changed and checked", async () => {
    const folder = folderWith({ "a.json": goodReport });
    expect((await rulewright(["templates", "eject", "suricata"], { cwd: folder })).code).toBe(0);
    const file = join(folder, "templates/suricata/dns.hbs");
    writeFileSync(file, readFileSync(file, "utf8").replace("RULEWRIGHT", "ACME"));
    expect((await rulewright(["templates", "check"], { cwd: folder })).stdout).toContain(
      "suricata/dns.hbs  ok (yours)",
    );
    await rulewright(["generate", "a.json", "--to", "suricata"], { cwd: folder });
    expect(readFileSync(join(folder, "out/suricata/rulewright.rules"), "utf8")).toContain('msg:"ACME ');
    writeFileSync(file, "{{nmae}}");
    const broken = await rulewright(["generate", "a.json", "--to", "suricata"], { cwd: folder });
    expect(broken.code).toBe(2);
    expect(broken.stderr).toMatch(/dns\.hbs:1:1: no field "nmae"/);
  });

  it("init writes a config that is sound and never overwrites one", async () => {
    const folder = temporaryFolder();
    expect((await rulewright(["init"], { cwd: folder })).code).toBe(0);
    expect((await rulewright(["config", "check"], { cwd: folder })).stderr).toMatch(/rulewright\.yaml is sound/);
    const again = await rulewright(["init"], { cwd: folder });
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/exists and was left alone/)]);
  });

  it("config schema and show print JSON", async () => {
    expect(JSON.parse((await rulewright(["config", "schema"])).stdout).properties).toHaveProperty("warningLists");
    expect(JSON.parse((await rulewright(["config", "show", "--json"])).stdout).policy.keepAt).toBe(50);
    expect(
      JSON.parse((await rulewright(["plugins", "--json"])).stdout).exporters.map(({ name }: { name: string }) => name),
    ).toContain("suricata");
  });

  it("ends quietly when the reader of a pipe goes away", () => {
    const piped = spawnSync(
      "sh",
      [
        "-c",
        `${process.execPath} src/cli.ts generate ${samples} --to csv --out ${temporaryFolder()} --explain | head -1`,
      ],
      { encoding: "utf8" },
    );
    expect(piped.status).toBe(0);
    expect(piped.stderr).not.toMatch(/EPIPE|bug/);
  });
});

/** A second signal would end the process at once. */
function interruptOnce(): (text: string, kill: (signal: NodeJS.Signals) => void) => void {
  let isDone = false;
  return (_, kill) => {
    if (!isDone) kill("SIGINT");
    isDone = true;
  };
}

function mountTiny(): string | undefined {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=192k", "tmpfs", folder]).status === 0 ? folder : undefined;
}
