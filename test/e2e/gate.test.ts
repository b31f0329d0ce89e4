/** The proof before the swap: `verify` and `reload` of an export. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { capture, dnsExchange } from "../../src/verify/traffic.ts";
import { root, rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";

const NAME = "cobaltwickerparsnip.net";
const OTHER = "gravelmittenorchid.top";
let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const env = { SOURCE_DATE_EPOCH: "1795564800" };
const run = (...args: string[]) => rulewright(args, { cwd, env });
const config = (text: string) => writeFileSync(join(cwd, "rulewright.yaml"), text);
const read = (path: string) => readFileSync(join(cwd, path), "utf8");
const proofIn = (path: string) => JSON.parse(read(path)).exports[0].proof;

/** A template of the operator's that forgot where a name ends. */
function breakTemplate(): void {
  const folder = join(cwd, "templates/suricata");
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "templates/suricata/dns.hbs"), join(folder, "dns.hbs"));
  const template = read("templates/suricata/dns.hbs");
  writeFileSync(join(folder, "dns.hbs"), template.replace(" endswith;", ""));
}

describe("verify of an export", () => {
  itNeeds("suricata")(
    "publishes what is proven, with the proof in the manifest and the rules",
    async () => {
      config("exports: { suricata: { verify: { metadata: true } } }\n");
      const { code, stderr } = await run("generate", samples, "--to", "suricata");
      expect([code, stderr]).toEqual([0, expect.stringContaining("suricata")]);
      const { engine, rules, quarantined, withheld, traffic } = proofIn("out/manifest.json");
      expect(engine).toMatch(/^suricata \d+\.\d+\.\d+/);
      expect([rules.failed, quarantined, withheld]).toEqual([0, [], []]);
      expect(rules.proven).toBeGreaterThan(50);
      expect(traffic.sha256).toMatch(/^[0-9a-f]{64}$/);
      const marked = read("out/suricata/rulewright.rules").match(/^alert .*, verified_by suricata_[0-9.]+;\)$/gm);
      expect(marked).toHaveLength(rules.proven);
    },
    60_000,
  );

  itNeeds("suricata")(
    "refuses an output with a failing rule, keeps the previous one and exits with 4",
    async () => {
      await run("generate", samples, "--to", "suricata");
      const before = read("out/suricata/rulewright.rules");
      breakTemplate();
      const { code, stderr } = await run("generate", samples, "--to", "suricata", "--verify");
      expect(code).toBe(4);
      expect(stderr).toMatch(
        /refused the new output of suricata, \d+ of \d+ rules failed; the previous output stands\./,
      );
      expect(stderr).toContain("too-wide: an alert on what is not its own: DNS query for ");
      expect(read("out/suricata/rulewright.rules")).toBe(before);
    },
    60_000,
  );

  itNeeds("suricata")(
    "sets failing rules apart when asked to, and publishes the rest",
    async () => {
      breakTemplate();
      config("exports: { suricata: { verify: { onFailure: quarantine } } }\n");
      expect((await run("generate", samples, "--to", "suricata")).code).toBe(0);
      const rules = read("out/suricata/rulewright.rules");
      const apart = rules.match(/^# quarantined, too-wide: .*: alert dns /gm) ?? [];
      const { quarantined } = proofIn("out/manifest.json");
      expect(apart.length).toBeGreaterThan(0);
      expect(quarantined).toHaveLength(apart.length);
      expect(quarantined[0].rule).toMatch(/^suricata:dns:domain:/);
      expect(rules).toMatch(/^alert tls /m);
      expect((await run("verify", "out/suricata")).code).toBe(0);
    },
    60_000,
  );

  itNeeds("suricata")(
    "withholds an indicator that fires on your own captures, and sends it to review",
    async () => {
      mkdirSync(join(cwd, "captures"));
      writeFileSync(join(cwd, "captures/office.pcap"), capture([dnsExchange(`www.${NAME}`)]).pcap);
      config("exports: { suricata: { verify: { benign: captures } } }\n");
      expect((await run("ingest", samples)).code).toBe(0);
      const verdict = async () => {
        const rows = (await run("list", "--json")).stdout.trim().split("\n");
        return rows.map((row) => JSON.parse(row)).find(({ value }) => value === NAME).verdict;
      };
      expect((await verdict()).decision).toBe("keep");
      const { code, stderr } = await run("export");
      expect([code, stderr]).toEqual([0, expect.stringContaining("suricata")]);
      expect(proofIn("out/manifest.json").withheld).toEqual([`domain:${NAME}`]);
      expect(read("out/suricata/rulewright.rules")).not.toContain(NAME);
      const { decision, reasons } = await verdict();
      expect(decision).toBe("review");
      expect(reasons.find(({ id }: { id: string }) => id === "fired-on-benign").text).toMatch(
        /^a rule for it fired on harmless traffic: 1 hit \(an alert on everyday traffic: 10\.0\.0\.1 → 192\.0\.2\.53/,
      );
      // From the next run on it is in review like any other.
      expect((await run("export")).code).toBe(0);
      expect(proofIn("out/manifest.json").withheld).toEqual([]);
    },
    120_000,
  );

  itNeeds("suricata")(
    "in run, judges what it withheld by the same warning lists as the rest",
    async () => {
      mkdirSync(join(cwd, "captures"));
      writeFileSync(join(cwd, "captures/office.pcap"), capture([dnsExchange(`www.${NAME}`)]).pcap);
      mkdirSync(join(cwd, "lists/captive-portals"), { recursive: true });
      const list = {
        name: "captive-portals",
        version: 1,
        type: "hostname",
        matching_attributes: ["domain"],
        list: [OTHER],
      };
      writeFileSync(join(cwd, "lists/captive-portals/list.json"), JSON.stringify({ ...list, description: "our own" }));
      config("exports: { suricata: { verify: { benign: captures } } }\n");
      expect((await run("ingest", samples)).code).toBe(0);
      const decisions = async () => {
        const rows = (await run("list", "--json")).stdout.trim().split("\n");
        const verdicts = rows.map((row) => JSON.parse(row)).map(({ value, verdict }) => [value, verdict.decision]);
        return new Map(verdicts as [string, string][]);
      };
      expect((await decisions()).get(OTHER)).toBe("keep");
      const { code, stderr } = await run("run", "--once", "--warning-lists", "lists");
      expect(code, stderr).toBe(0);
      const after = await decisions();
      expect(after.get(NAME)).toBe("review");
      expect(after.get(OTHER)).not.toBe("keep");
    },
    120_000,
  );

  itNeeds("suricata")(
    "by hand, verify --record does the same",
    async () => {
      mkdirSync(join(cwd, "captures"));
      writeFileSync(join(cwd, "captures/office.pcap"), capture([dnsExchange(`www.${NAME}`)]).pcap);
      const store = ["--store", "sqlite:store.db"];
      expect((await run("ingest", samples, ...store)).code).toBe(0);
      expect((await run("export", "--to", "suricata", ...store)).code).toBe(0);
      const { code, stderr } = await run("verify", "out/suricata", "--benign", "captures", "--record", ...store);
      expect([code, stderr]).toEqual([4, expect.stringContaining("Sent to review: 1 indicator of the store.")]);
      const { stdout } = await run("list", "--json", "--decision", "review", ...store);
      expect(stdout).toContain(`"value":"${NAME}"`);
    },
    60_000,
  );

  it("is refused for an export that writes no rules", async () => {
    config("exports: { csv: { verify: true } }\n");
    const { code, stderr } = await run("generate", samples, "--to", "csv");
    expect([code, stderr]).toEqual([
      2,
      "error: exports.csv.verify: there is no engine that proves what csv:csv writes. Remove it. [OPTION_INVALID]\n",
    ]);
  });
});

describe("reload of an export", () => {
  it("runs after a swap and not when nothing changed", async () => {
    config("exports: { csv: { reload: \"sh -c 'echo reloaded >> log'\" } }\n");
    for (let time = 0; time < 2; time += 1) expect((await run("generate", samples, "--to", "csv")).code).toBe(0);
    expect(read("log")).toBe("reloaded\n");
  });

  it("that fails brings the previous files back, and the next run tries again", async () => {
    expect((await run("generate", samples, "--to", "csv", "--where", "type=domain")).code).toBe(0);
    const before = read("out/csv/indicators.csv");
    config("exports: { csv: { reload: \"sh -c 'echo no sensor; exit 3'\" } }\n");
    for (let time = 0; time < 2; time += 1) {
      const { code, stderr } = await run("generate", samples, "--to", "csv");
      expect(code).toBe(4);
      expect(stderr).toContain(
        "error: The new output of csv was taken back: The reload exited with 3; the previous files stand.",
      );
      expect(stderr).toContain(`Nothing new was written to ${join(cwd, "out")}; the previous output stands.\n`);
      expect(stderr).not.toContain("Written to");
      expect(read("out/csv/indicators.csv")).toBe(before);
    }
    expect(existsSync(join(cwd, "out/csv/.rulewright"))).toBe(false);
  });
});
