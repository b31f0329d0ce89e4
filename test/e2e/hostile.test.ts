/**
 * A folder of hostile reports: whatever stands in them, every output loads in its target's own parser, carries nothing
 * injected, and the good indicators among them come out.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { plugins } from "../../plugins/index.ts";
import { HOSTILE_TEXTS } from "../../src/testing.ts";
import { loadCheck } from "../../src/verify/suricata.ts";
import { digest, type Ran, rulewright, temporaryFolder } from "../support/cli.ts";
import { readCsv } from "../support/csv-rows.ts";
import { itNeeds } from "../support/engines.ts";
import { exportedRows } from "../support/exported.ts";
import { fileObject, report, sampleId } from "../support/reports.ts";

const GOOD = ["good-quillet-morrow.top", "45.32.17.9:8443/tcp", "http://good-quillet-morrow.top/gate.php?id=1"];

/** Marks that stand only inside hostile texts: none may come out where a parser would act on it. */
const INJECTED_SID = "31337";
const PAYLOADS = [
  ...HOSTILE_TEXTS,
  `x"; sid:${INJECTED_SID}; rev:1;) alert ip any any -> any any (msg:"owned"; sid:${INJECTED_SID}`,
  `a|3b|b;\\";content:"x`,
  `'] OR [file:name = 'owned`,
  `\\' OR 1=1`,
  `=HYPERLINK("http://owned.example","x")`,
  `+cmd|' /C calc'!A0`,
  `"},{"type":"indicator","id":"owned`,
  "{{#each this}}{{this}}{{/each}}{{lookup . 'constructor'}}",
  "..\\..\\windows\\system32\\x",
  "/etc/cron.d/owned",
  "*",
  "*.top",
  "\u202eevil\u2069",
  "line\u2028separator",
  "\ufeffbom",
];

/** Every field of a report with one text in it. */
function poisoned(text: string, sample: number): object {
  return {
    type: "file_behaviour",
    id: `${sampleId(sample)}_${text}`,
    attributes: {
      sandbox_name: text,
      verdicts: ["MALWARE", text],
      verdict_labels: [text],
      tags: [text],
      dns_lookups: [
        { hostname: text, resolved_ips: [text] },
        { hostname: `${text}.top`, resolved_ips: ["45.32.17.9"] },
      ],
      ip_traffic: [{ destination_ip: text, destination_port: 80, transport_layer_protocol: text }],
      http_conversations: [
        { url: text, request_method: text, request_headers: { "User-Agent": text, [text]: text } },
        {
          url: `http://poisoned-${sample}.top/${text}`,
          request_method: "GET",
          request_headers: { "User-Agent": `Quillet ${text}` },
        },
      ],
      tls: [
        {
          sni: text,
          ja3: text,
          ja3s: text,
          ja4: text,
          thumbprint: text,
          serial_number: text,
          subject: { CN: text, [text]: text },
          issuer: { CN: text },
        },
      ],
      ja3_digests: [text],
      smtp_conversations: [{ hostname: text, destination_ip: text, smtp_from: text, auth_pass: text }],
      ids_alerts: [
        {
          rule_msg: text,
          alert_severity: text,
          alert_context: { dest_ip: "45.32.17.9", hostname: text, url: text, ja3: [text] },
        },
      ],
      memory_pattern_domains: [text],
      memory_pattern_ips: [text],
      memory_pattern_urls: [text],
      mutexes_created: [text],
      registry_keys_set: [{ key: `HKCU\\Software\\${text}`, value: text }],
      files_dropped: [{ path: text, sha256: text }],
      command_executions: [text],
      mitre_attack_techniques: [{ id: text }],
      attack_techniques: { [text]: [] },
    },
  };
}

/** Every field with a value of the wrong type. */
function mistyped(value: unknown, sample: number): object {
  const names = [
    "sandbox_name",
    "analysis_date",
    "verdicts",
    "verdict_labels",
    "tags",
    "dns_lookups",
    "ip_traffic",
    "http_conversations",
    "tls",
    "ja3_digests",
    "smtp_conversations",
    "ids_alerts",
    "memory_pattern_domains",
    "mutexes_created",
    "registry_keys_set",
    "files_dropped",
    "command_executions",
    "mitre_attack_techniques",
    "attack_techniques",
  ];
  return {
    type: "file_behaviour",
    id: `${sampleId(sample)}_Zenbox`,
    attributes: Object.fromEntries(names.map((name) => [name, value])),
  };
}

let out: string;
let ran: Ran;
beforeAll(async () => {
  const folder = temporaryFolder();
  out = join(temporaryFolder(), "out");
  const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
  write(
    "good.json",
    JSON.stringify(
      report({
        dns_lookups: [{ hostname: GOOD[0] }],
        ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 8443 }],
        http_conversations: [{ url: GOOD[2], request_method: "GET" }],
        verdicts: ["MALWARE"],
      }),
    ),
  );
  for (const [index, text] of PAYLOADS.entries()) {
    // Twice, by two samples of one family, so that even a mutex is kept.
    write(`poisoned-${index}.json`, JSON.stringify([poisoned(text, 100 + index), poisoned(text, 200 + index)]));
    write(
      `object-${index}.json`,
      JSON.stringify(
        fileObject(
          100 + index,
          {
            meaningful_name: text,
            last_analysis_stats: { malicious: 40 },
            popular_threat_classification: { suggested_threat_label: `trojan.${text}` },
            md5: text,
            sha1: text,
          },
          { contacted_domains: { data: [{ type: "domain", id: text }] } },
        ),
      ),
    );
  }
  for (const [index, value] of [
    null,
    7,
    "text",
    true,
    [],
    {},
    [null],
    [7],
    [[]],
    { a: 1 },
    Array(50).fill({}),
  ].entries()) {
    write(`mistyped-${index}.json`, JSON.stringify(mistyped(value, 300 + index)));
  }
  write(
    "prototype.json",
    `{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "type": "file_behaviour", "id": "${sampleId(400)}_Z", "attributes": {"__proto__": {"dns_lookups": [{"hostname": "polluted-quillet.top"}]}, "dns_lookups": [{"__proto__": {"hostname": "polluted-quillet.top"}}]}}`,
  );
  write(
    "names.json",
    JSON.stringify(
      report(
        {
          dns_lookups: [
            { hostname: "a".repeat(65_536) },
            { hostname: `${"b.".repeat(32_768)}top` },
            { hostname: `${"c".repeat(64)}.top` },
          ],
          mutexes_created: ["M".repeat(65_536)],
        },
        { sample: 401 },
      ),
    ),
  );
  write(
    "nul.json",
    JSON.stringify(
      report(
        { dns_lookups: [{ hostname: "nul\u0000.quillet.top" }, { hostname: "line\n.quillet.top" }] },
        { sample: 402 },
      ),
    ),
  );
  write("truncated.json", JSON.stringify(report({ dns_lookups: [{ hostname: "lost-quillet.top" }] })).slice(0, -5));
  write("deep.json", `{"data": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
  write(
    "bom.json",
    Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(
        JSON.stringify(
          report({ dns_lookups: [{ hostname: "bom-quillet-morrow.top" }], verdicts: ["MALWARE"] }, { sample: 403 }),
        ),
      ),
    ]),
  );
  write(
    "latin1.json",
    Buffer.from(
      JSON.stringify(
        report(
          {
            dns_lookups: [{ hostname: "latin-quillet-morrow.top" }],
            mutexes_created: ["caf\xe9"],
            verdicts: ["MALWARE"],
          },
          { sample: 404 },
        ),
      ),
      "latin1",
    ),
  );
  write("binary.json", Buffer.from([0, 1, 2, 255, 254, 0]));
  mkdirSync(join(folder, "folder.json"));
  const builtIn = plugins.flatMap(({ exporters = [] }) => exporters.map(({ name }) => name));
  ran = await rulewright(["generate", folder, "--out", out, "--explain", "--to", builtIn.join(",")]);
});

const contentOf = (path: string): string => readFileSync(join(out, path), "utf8");
const files = (): string[] => Object.keys(digest(out));

describe("hostile reports", () => {
  it("cost themselves only, and are named", () => {
    expect(ran.code).toBe(0);
    for (const name of ["truncated.json", "binary.json"]) expect(ran.stderr).toMatch(new RegExp(`warning: .*${name}`));
    expect(ran.stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f\u202e]/);
    expect(ran.stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
  });

  it("still yield the good indicators among them", () => {
    const values = exportedRows(out).map(({ value }) => value);
    expect(values).toEqual(expect.arrayContaining([...GOOD, "bom-quillet-morrow.top", "latin-quillet-morrow.top"]));
    expect(values.filter((value) => /polluted|lost-quillet/.test(value))).toEqual([]);
  });

  it("write nothing outside the output folder and no odd names inside", () => {
    for (const path of files()) expect(path).toMatch(/^[a-z0-9_-]+(?:\/[\w.-]+)*\/?[\w.-]+$/);
    expect(readdirSync(join(out, "..")).sort()).toEqual(["out"]);
  });

  it("carry nothing injected into rules", () => {
    for (const path of ["suricata/rulewright.rules", "snort/rulewright.rules"]) {
      const rules = contentOf(path)
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"));
      expect(rules.length).toBeGreaterThan(20);
      for (const rule of rules) {
        expect(rule).toMatch(/^alert [^\n]*\)$/);
        expect(rule.match(/\bsid:\d+/g), rule).toHaveLength(1);
        expect(rule).not.toMatch(new RegExp(`sid:${INJECTED_SID}`));
      }
    }
  });

  itNeeds("suricata")("load in Suricata without a warning", async () => {
    expect(await loadCheck(join(out, "suricata/rulewright.rules"))).toEqual({ ok: true, errors: [], warnings: [] });
  });

  /** Program → what it is asked to read; it must end well and say no more than that all is. */
  const CONSUMERS: Readonly<Record<string, { readonly args: () => string[]; readonly says: RegExp }>> = {
    "named-checkzone": {
      args: () => ["-i", "none", "rulewright.rpz", join(out, "rpz/rulewright.rpz")],
      says: /^zone rulewright\.rpz\/IN: loaded serial \d+\nOK\n$/,
    },
    yara: { args: () => [join(out, "yara/rulewright.yar"), join(out, "manifest.json")], says: /^$/ },
    clamscan: {
      args: () => ["--no-summary", "-d", join(out, "clamav/rulewright.hsb"), join(out, "manifest.json")],
      says: /manifest\.json: OK\n$/,
    },
    xmllint: { args: () => ["--noout", join(out, "openioc/rulewright.ioc")], says: /^$/ },
  };
  for (const [program, { args, says }] of Object.entries(CONSUMERS)) {
    itNeeds(program)(`load in ${program} without a word`, () => {
      const { status, stdout, stderr } = spawnSync(program, args(), { encoding: "utf8" });
      expect(`${stdout}${stderr}`).toMatch(says);
      expect(status).toBe(0);
    });
  }

  it("stay data in JSON", () => {
    const bundle = JSON.parse(contentOf("stix/rulewright.stix.json"));
    expect(new Set(bundle.objects.map(({ id }: { id: string }) => id)).size).toBe(bundle.objects.length);
    for (const { type, pattern } of bundle.objects)
      if (type === "indicator")
        expect(pattern).toMatch(/^\[[a-z0-9-]+:[^\n]* = '(?:[^'\\]|\\['\\])*'(?: AND [^\n]*)?\]$/);
    for (const path of files().filter((name) => name.startsWith("misp/")))
      expect(() => JSON.parse(contentOf(path))).not.toThrow();
  });

  it("break no parser of JSON, JSON lines or YAML, in any output", () => {
    const parsers: Readonly<Record<string, (text: string) => void>> = {
      json: (text) => JSON.parse(text),
      ndjson: (text) =>
        text
          .split("\n")
          .slice(0, -1)
          .forEach((line) => void JSON.parse(line)),
      yml: (text) => expect(parseDocument(text).errors).toEqual([]),
    };
    const read = files().flatMap((path) => {
      const parse = parsers[path.split(".").at(-1) as string];
      if (parse) expect(() => parse(contentOf(path)), path).not.toThrow();
      return parse ? [path.split("/")[0]] : [];
    });
    expect(read).toEqual(
      expect.arrayContaining(["elastic", "manifest.json", "misp", "osquery", "qradar", "sigma", "stix"]),
    );
  });

  it("stay cells in CSV: as many columns in every row, one row a line", () => {
    const rows = exportedRows(out);
    expect(contentOf("csv/indicators.csv").trim().split("\n")).toHaveLength(rows.length + 1);
    for (const path of files().filter((name) => name.endsWith(".csv")))
      expect(readCsv(readFileSync(join(out, path))).header, path).not.toBe("");
  });
});
