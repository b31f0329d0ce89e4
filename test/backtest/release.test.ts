import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { suricata } from "../../plugins/suricata/index.ts";
import { readRelease } from "../../src/backtest/release.ts";
import { exampleIndicator, render } from "../../src/testing.ts";
import { root, temporaryFolder } from "../support/cli.ts";

const OUT = join(root, "samples/out");

function file(name: string, text: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

const DNS = (scope: string, options = "") =>
  `alert dns $HOME_NET any -> any any (msg:"RULEWRIGHT DNS query x"; dns.query; ${scope} fast_pattern; nocase;${options} sid:1000007; rev:1; metadata:confidence High, ioc_id domain:evil.test, tlp amber;)\n`;

describe("rule files", () => {
  it("take scope from the text and the indicator from ioc_id", async () => {
    const subtree = file("a.rules", DNS('dotprefix; content:".evil.test";', " endswith;"));
    expect((await readRelease([subtree])).indicators).toEqual([
      { type: "domain", value: "evil.test", scope: "subtree", sids: [1000007] },
    ]);
    const host = file("a.rules", DNS('bsize:9; content:"evil.test";'));
    expect((await readRelease([host])).indicators).toEqual([
      { type: "domain", value: "evil.test", scope: "host", sids: [1000007] },
    ]);
  });

  it("take URLs from what the rule matches, when no ledger knows better", async () => {
    const rule = (uri: string) =>
      `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"x"; flow:established,to_server; http.uri.raw; bsize:9; content:"${uri}"; fast_pattern; http.host; bsize:9; content:"evil.test"; sid:1000008; rev:1; metadata:ioc_id url:http://evil.test:81/a_b, tlp amber;)\n`;
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.rules"), rule("/a|3b|b"));
    const read = async () => (await readRelease([join(folder, "a.rules")])).indicators.map(({ value }) => value);
    expect(await read()).toEqual(["http://evil.test/a;b"]);
    writeFileSync(
      join(folder, "sid-ledger.ndjson"),
      '{"key":"suricata:http-uri:url:http://evil.test:81/a;b","sid":1000008,"rev":1,"fingerprint":"x"}\n',
    );
    expect(await read()).toEqual(["http://evil.test:81/a;b"]);
  });

  it("pass over comments and withdrawn rules, and name rules that say nothing of their indicator", async () => {
    const path = file(
      "a.rules",
      `# c\n#${DNS('bsize:9; content:"evil.test";')}alert tcp any any -> any 80 (msg:"x"; sid:1; rev:1;)\n${DNS("")}`,
    );
    expect((await readRelease([path])).problems).toEqual([
      `${path}: 1 rule names no indicator and no sid ledger knows them`,
    ]);
    await expect(readRelease([file("a.rules", "# nothing\n")])).rejects.toThrow("There is no indicator in");
  });

  it("read the hash lists that rules name", async () => {
    const folder = temporaryFolder();
    const rules = join(folder, "f.rules");
    writeFileSync(rules, 'alert http any any -> any any (msg:"x"; filesha256:h.lst; sid:5; rev:1;)\n');
    await expect(readRelease([rules])).rejects.toThrow("There is no indicator");
    writeFileSync(join(folder, "h.lst"), `${"c".repeat(64)}\n`);
    expect((await readRelease([rules])).indicators).toEqual([{ type: "sha256", value: "c".repeat(64) }]);
  });

  it("of the samples give the same as their CSV, for what rules can see", async () => {
    const rules = await readRelease([join(OUT, "suricata")]);
    const csv = await readRelease([join(OUT, "csv")]);
    const known = new Map(csv.indicators.map((own) => [`${own.type} ${own.value}`, own.scope ?? "subtree"]));
    const unknown = rules.indicators.filter(({ type, value }) => !known.has(`${type} ${value}`));
    expect(unknown).toEqual([]);
    for (const { type, value, scope } of rules.indicators)
      if (type === "domain") expect([value, known.get(`domain ${value}`)]).toEqual([value, scope]);
    expect(rules.suricataFiles.map((path) => path.slice(OUT.length))).toEqual([
      "/suricata/rulewright-files.rules",
      "/suricata/rulewright.rules",
    ]);
  });

  it.each(["dataset", "reputation"])("in the form %s give the same as one rule each", async (format) => {
    const given = [
      exampleIndicator("domain"),
      exampleIndicator("domain", { value: "cdn.bad-host.top", scope: "host" }),
      exampleIndicator("ipv4", { details: {} }),
      exampleIndicator("ipv6", { details: {} }),
      exampleIndicator("endpoint"),
    ];
    const read = async (form: string) => {
      const folder = temporaryFolder();
      const { files } = await render(suricata, given, { format: form });
      for (const [path, data] of files) writeFileSync(join(folder, path), data);
      const { indicators, problems } = await readRelease([folder]);
      return { indicators: indicators.map(({ sids: _, ...own }) => own), problems };
    };
    const asRules = await read("rules");
    expect(asRules.indicators).toHaveLength(5);
    expect(await read(format)).toEqual(asRules);
  });

  it("of Snort are read alike, and not given to Suricata", async () => {
    const snort = await readRelease([join(OUT, "snort")]);
    const suricata = await readRelease([join(OUT, "suricata/rulewright.rules")]);
    const shared = new Set(snort.indicators.map(({ type }) => type));
    const strip = (release: typeof snort) =>
      release.indicators.filter(({ type }) => shared.has(type)).map(({ sids: _, ...own }) => own);
    expect(strip(snort)).toEqual(strip(suricata));
    expect(snort.suricataFiles).toEqual([]);
  });

  it("find the ledger beside or above them", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "suricata"));
    cpSync(join(OUT, "suricata/rulewright.rules"), join(folder, "suricata/rulewright.rules"));
    const urls = async () =>
      (await readRelease([folder])).indicators.filter(({ value }) => /^http.*:7080\//.test(value)).length;
    expect(await urls()).toBe(0);
    cpSync(join(OUT, "sid-ledger.ndjson"), join(folder, "sid-ledger.ndjson"));
    expect(await urls()).toBe(2);
  });
});

describe("rows of the csv exporter", () => {
  it("give type, value, scope, other digests and shared hosts", async () => {
    const jsonl = file(
      "i.jsonl",
      [
        { type: "domain", value: "evil.test", scope: "host", status: "active", labels: [] },
        { type: "url", value: "https://paste.test/x", status: "active", labels: ["shared-host"] },
        { type: "sha256", value: "c".repeat(64), labels: [], details: { md5: "a".repeat(32) } },
        { type: "domain", value: "gone.test", status: "revoked", labels: [] },
        { type: "domain", value: "maybe.test", verdict: { decision: "review" }, labels: [] },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
    );
    expect((await readRelease([jsonl])).indicators).toEqual([
      { type: "domain", value: "evil.test", scope: "host" },
      { type: "url", value: "https://paste.test/x", isUrlOnly: true },
      { type: "sha256", value: "c".repeat(64), aliases: ["a".repeat(32)] },
    ]);
    const csv = file("i.csv", 'type,value,tags\ndomain,evil.test,dynamic-dns;x\nurl,"http://evil.test/a,b",\n');
    expect((await readRelease([csv])).indicators).toEqual([
      { type: "domain", value: "evil.test", scope: "host" },
      { type: "url", value: "http://evil.test/a,b" },
    ]);
  });

  it("name what cannot be read, and of a folder take only what is theirs", async () => {
    const csv = file("i.csv", "type,value\ndomain,evil.test\nplanet,mars\n");
    expect((await readRelease([csv])).problems).toEqual([`${csv}:3: no indicator`]);
    const other = file("other.csv", "host,owner\na.test,b\n");
    await expect(readRelease([other])).rejects.toThrow("There is no indicator in");
    expect((await readRelease([OUT])).problems).toEqual([]);
    await expect(readRelease([join(OUT, "nowhere")])).rejects.toThrow("There is no file or folder");
  });
});
