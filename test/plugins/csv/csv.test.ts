import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csv } from "../../../plugins/csv/index.ts";
import { csvCell, displayText, guardFormula } from "../../../plugins/shared/rows/cell.ts";
import { compileTemplates } from "../../../src/export/templates.ts";
import { OBSERVABLE_TYPES } from "../../../src/model/observable.ts";
import type { Indicator } from "../../../src/plugin.ts";
import { renderContext } from "../../../src/testing/render.ts";
import {
  asyncIterable,
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  hostileIndicators,
  type RenderedFiles,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";

const COLUMNS =
  "type,value,port,protocol,first_seen,last_seen,confidence,detect,tlp,malware_family,threat_type,sandboxes,sample_sha256,report_url,attack_ids,tags,comment,valid_until,sample_count,scope";
const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** Rows of a CSV by an independent strict parser: ragged rows, stray quotes and a BOM are errors. */
function parseRows(text: string): Record<string, string>[] {
  return parse(text, { columns: true, relax_column_count: false, relax_quotes: false, bom: false }) as Record<
    string,
    string
  >[];
}

async function renderText(indicators: Parameters<typeof render>[1], settings: RenderOptions = {}): Promise<string> {
  const { files } = await render(csv, indicators, settings);
  return [...files.values()].join("");
}

const PATHS: Readonly<Record<string, readonly string[]>> = {
  csv: ["indicators.csv"],
  jsonl: ["indicators.jsonl"],
  spreadsheet: ["indicators.excel.csv"],
  defanged: ["indicators.defanged.csv"],
  all: ["indicators.csv", "indicators.excel.csv", "indicators.defanged.csv", "indicators.jsonl"],
};

function check(files: RenderedFiles, format: string): void {
  expect([...files.keys()]).toEqual(PATHS[format]);
  for (const [path, bytes] of files) {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (path.endsWith(".jsonl")) {
      for (const line of text.split("\n").slice(0, -1)) expect(JSON.parse(line)).toHaveProperty("value");
      continue;
    }
    const isSpreadsheet = path.endsWith(".excel.csv");
    const lines = (isSpreadsheet ? text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n") : text).split("\n");
    expect(lines[0]).toBe(COLUMNS);
    expect(lines.join("\n")).not.toMatch(/[\r\0]/);
    // One row is one line, so that grep and tail work.
    const rows = parseRows(lines.join("\n"));
    expect(rows).toHaveLength(lines.length - 2);
    if (path === "indicators.csv") continue;
    for (const cell of rows.flatMap((row) => Object.values(row))) expect(cell).not.toMatch(/^\s*[=+\-@]|^\t/);
  }
}

describeExporter(csv, { runner: { describe, it }, check });

describe("csv: columns", () => {
  it("writes a domain", async () => {
    expect(await renderText([exampleIndicator("domain")])).toBe(
      `${COLUMNS}\n` +
        `domain,quillet-morrow.top,,,2026-10-01T08:00:00Z,2026-10-20T09:30:00Z,85,true,amber,quillet,malware_traffic,Zenbox,${SAMPLE},https://www.virustotal.com/gui/file/${SAMPLE}/behavior,T1071.001,,contacted by 1 sample;the sample is malicious by 40 of 70 engines,2027-01-18T09:30:00Z,1,subtree\n`,
    );
  });

  it("fills port and protocol of an endpoint and keeps its canonical value", async () => {
    const text = await renderText([
      exampleIndicator("endpoint"),
      exampleIndicator("endpoint", { value: "[2001:db8::7]:53/udp" }),
    ]);
    expect(parseRows(text)).toMatchObject([
      { value: "45.32.17.9:8443/tcp", port: "8443", protocol: "tcp" },
      { value: "[2001:db8::7]:53/udp", port: "53", protocol: "udp" },
    ]);
  });

  it("leaves the cell of a missing fact empty", async () => {
    const [row] = parseRows(
      await renderText([exampleIndicator("domain", { families: [], samples: [], sandboxes: [] })]),
    );
    expect(row).toMatchObject({ malware_family: "", sample_sha256: "", sandboxes: "", report_url: "", port: "" });
  });

  it("joins several values by ; and escapes a ; inside one", async () => {
    const [row] = parseRows(await renderText([exampleIndicator("domain", { families: ["a", "b;c"] })]));
    expect(row?.malware_family).toBe("a;b\\x3bc");
  });

  it("builds no link from a sample that is no sha256", async () => {
    const [row] = parseRows(await renderText([exampleIndicator("domain", { samples: ["../../evil"] })]));
    expect(row?.report_url).toBe("");
  });

  it("says what kind of threat a type is", async () => {
    const rows = parseRows(await renderText(exampleIndicators()));
    const typesOf = (threat: string) => rows.filter((row) => row.threat_type === threat).map(({ type }) => type);
    expect(typesOf("malware_file")).toEqual(["sha256"]);
    expect(typesOf("malware_trace")).toEqual(["mutex", "registry-key", "file-path", "command-line"]);
    expect(typesOf("malware_traffic")).toHaveLength(rows.length - 5);
  });

  it("gives the header alone for no indicators", async () => {
    expect(await renderText([])).toBe(`${COLUMNS}\n`);
  });

  it("accepts every type but mail addresses", () => {
    expect(csv.accepts).toEqual(OBSERVABLE_TYPES.filter((type) => type !== "email-address"));
  });
});

describe("csv: detect", () => {
  it("is true for what is worth an alert by itself", async () => {
    const rows = parseRows(await renderText(exampleIndicators()));
    expect(rows.filter(({ detect }) => detect === "true").map(({ type }) => type)).toEqual([
      "domain",
      "ipv4",
      "ipv6",
      "endpoint",
      "url",
      "sha256",
      "certificate",
    ]);
    expect(rows.filter(({ detect }) => detect === "false").map(({ type }) => type)).toEqual([
      "ja3",
      "ja3s",
      "ja4",
      "user-agent",
      "mutex",
      "registry-key",
      "file-path",
      "command-line",
    ]);
  });

  it("is false for review, drop, expired and revoked", async () => {
    const { verdict } = exampleIndicator("domain");
    const rows = parseRows(
      await renderText([
        exampleIndicator("domain", { value: "a.example", verdict: { ...verdict, decision: "review" } }),
        exampleIndicator("domain", { value: "b.example", verdict: { ...verdict, decision: "drop" } }),
        exampleIndicator("domain", { value: "c.example", status: "expired" }),
        exampleIndicator("domain", { value: "d.example", status: "revoked" }),
      ]),
    );
    expect(rows.map(({ detect }) => detect)).toEqual(["false", "false", "false", "false"]);
  });
});

describe("csv: exact values", () => {
  it.each([
    ['a "quoted" word', '"a ""quoted"" word"'],
    ["one, two", '"one, two"'],
    [" leading", '" leading"'],
    ["trailing ", '"trailing "'],
    ["=cmd|'/C calc'!A0", "=cmd|'/C calc'!A0"],
    ["-enc SQBFAFgA", "-enc SQBFAFgA"],
    ["C:\\new\\x00", "C:\\new\\x00"],
    ["\u202egnp.exe", "\u202egnp.exe"],
    ["tab\there", "tab\there"],
  ])("writes the mutex %j as %s", async (value, cell) => {
    const text = await renderText([exampleIndicator("mutex", { value })]);
    expect(text.split("\n")[1]?.startsWith(`mutex,${cell},,,2026-`)).toBe(true);
  });

  it.each([
    ["one\ntwo", "a line break or NUL in the value does not fit on one line"],
    ["one\rtwo", "a line break or NUL in the value does not fit on one line"],
    ["nul\0", "a line break or NUL in the value does not fit on one line"],
    ["\ud800", "a lone surrogate in the value has no UTF-8 form"],
  ])("skips the mutex %j with a reason", async (value, reason) => {
    const indicator = exampleIndicator("mutex", { value });
    const { skipped, rows } = await render(csv, [indicator]);
    expect(skipped).toEqual([{ indicator, reason }]);
    expect(rows).toBe(0);
  });

  it.each([
    ["domain", "Evil.example"],
    ["domain", "evil.example."],
    ["domain", "*.evil.example"],
    ["domain", "-evil.example"],
    ["ipv4", "198.51.100.7/32"],
    ["ipv6", "fe80::1%eth0"],
    ["endpoint", "198.51.100.7"],
    ["endpoint", "198.51.100.999:80/tcp"],
    ["endpoint", "198.51.100.7:0/tcp"],
    ["url", "http://evil.example/a b"],
    ["url", "evil.example/a"],
    ["sha256", "ABCD"],
    ["ja3", "=1"],
    ["ja4", "x"],
    ["certificate", "00:11"],
  ] as const)("skips the %s %j as not canonical", async (type, value) => {
    for (const format of ["csv", "jsonl"]) {
      const { skipped } = await render(csv, [exampleIndicator(type, { value })], { format });
      expect(skipped.map(({ reason }) => reason)).toEqual([`not a canonical ${type}`]);
    }
  });

  it("shows control characters of free text as escapes on one line", async () => {
    const families = ["a\r\nb\0c\td\u001b[31m\u202ee\ud800"];
    const [row] = parseRows(await renderText([exampleIndicator("domain", { families })]));
    expect(row?.malware_family).toBe("a\\r\\nb\\x00c\\td\\x1b[31m\\u202ee\\ud800");
  });

  it.each(["csv", "spreadsheet", "defanged", "jsonl"])(
    "reads back from %s with every cell in its column",
    async (format) => {
      const text = fc.string({ unit: "binary", maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), text, async (value, other) => {
          const indicator = exampleIndicator("mutex", { value, labels: [other], families: [other] });
          const { files, skipped } = await render(csv, [indicator], { format });
          const bytes = [...files.values()][0] as Buffer;
          if (skipped.length > 0) return;
          if (format === "jsonl") {
            expect(JSON.parse(String(bytes))).toEqual({ ...indicator, detect: false });
            return;
          }
          const [row] = parseRows(String(bytes).replace(/^\ufeff/, ""));
          const shown = format === "csv" ? displayText(other) : guardFormula(displayText(other));
          const joined = shown.replaceAll(";", "\\x3b");
          expect(row).toMatchObject({
            value: format === "csv" ? value : guardFormula(value),
            malware_family: joined,
            tags: joined,
            sample_count: "1",
          });
        }),
        { numRuns: 100 },
      );
    },
  );

  it("reads back as the value it was, whatever the text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), async (value) => {
        const { files, skipped } = await render(csv, [exampleIndicator("command-line", { value })]);
        const rows = parseRows(String(files.get("indicators.csv")));
        expect(rows.length + skipped.length).toBe(1);
        if (rows[0]) expect(rows[0].value).toBe(value);
      }),
      { numRuns: 200 },
    );
  });
});

describe("csv: options", () => {
  it("ends lines with CRLF", async () => {
    const text = await renderText([exampleIndicator("domain")], { options: { lineEnding: "crlf" } });
    expect(text.split("\r\n")).toHaveLength(3);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  });

  it("has no byte order mark unless asked", async () => {
    expect(await renderText([])).toMatch(/^type,/);
    expect(await renderText([], { options: { bom: true } })).toMatch(/^\ufefftype,/);
  });

  it("renames columns", async () => {
    const text = await renderText([], {
      options: { columnNames: { value: "indicator", malware_family: "family, best" } },
    });
    expect(text).toBe(`${COLUMNS.replace(",value,", ",indicator,").replace("malware_family", '"family, best"')}\n`);
  });

  it("refuses to rename a column that does not exist", () => {
    expect(csv.options.safeParse({ columnNames: { vlaue: "x" } }).success).toBe(false);
  });
});

describe("csv: for spreadsheets", () => {
  const rowFor = async (overrides: Partial<Indicator>) => {
    const text = await renderText([exampleIndicator("mutex", overrides)], { format: "spreadsheet" });
    return parseRows(text.replace(/^\ufeff/, ""))[0];
  };

  it("begins with a byte order mark and ends lines with CRLF, as Excel needs it", async () => {
    const text = await renderText([exampleIndicator("mutex")], { format: "spreadsheet" });
    expect(text).toMatch(/^\ufefftype,value,.*\r\nmutex,.*\r\n$/);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1"])("guards %j", async (value) => {
    expect((await rowFor({ value }))?.value).toBe(`'${value}`);
  });

  it("guards each piece of a joined cell: where lists are separated by ; a spreadsheet splits there", async () => {
    expect((await rowFor({ families: ["=1", "ok", "=2"] }))?.malware_family).toBe("'=1;ok;'=2");
  });

  it("is the only flavour for which a value is changed so", async () => {
    const [row] = parseRows(await renderText([exampleIndicator("mutex", { value: "=1", families: ["=1"] })]));
    expect(row).toMatchObject({ value: "=1", malware_family: "=1" });
  });

  it("writes network and hash types as for machines", async () => {
    const types = OBSERVABLE_TYPES.slice(0, OBSERVABLE_TYPES.indexOf("user-agent"));
    const indicators = types.flatMap((type) => [exampleIndicator(type), ...hostileIndicators(type)]);
    const values = async (format: string) =>
      parseRows((await renderText(indicators, { format })).replace(/^\ufeff/, "")).map(({ value }) => value);
    expect(await values("spreadsheet")).toEqual(await values("csv"));
  });
});

describe("csv: defanged", () => {
  it("turns network values into what no mail program makes a link of, and only there", async () => {
    const types = ["domain", "ipv4", "ipv6", "endpoint", "url", "file-path"] as const;
    const indicators = [
      ...types.map((type) => exampleIndicator(type)),
      exampleIndicator("endpoint", { value: "[2001:db8::7]:53/udp" }),
    ];
    const values = async (format: string) =>
      parseRows(await renderText(indicators, { format })).map(({ value }) => value);
    expect(await values("defanged")).toEqual([
      "quillet-morrow[.]top",
      "45[.]32[.]17[.]9",
      "2a01[:]4f8[:]c17[:]7d1[:][:]2",
      "45[.]32[.]17[.]9:8443/tcp",
      "[2001[:]db8[:][:]7]:53/udp",
      "hxxp://quillet-morrow[.]top/gate.php?id=1",
      "C:\\Users\\Public\\quillet.dll",
    ]);
    expect((await values("csv"))[0]).toBe("quillet-morrow.top");
  });

  it("guards formulas too", async () => {
    const [row] = parseRows(await renderText([exampleIndicator("mutex", { value: "=1" })], { format: "defanged" }));
    expect(row?.value).toBe("'=1");
  });

  it("is a column beside the exact value where a template asks for it", async () => {
    expect(await renderWith("{{value}},{{value_defanged}}", "csv")).toBe(
      "value,value_defanged\nquillet-morrow.top,quillet-morrow[.]top\n",
    );
  });
});

describe("csv: all flavours", () => {
  it("are the files of each by itself", async () => {
    const given = exampleIndicators();
    const { files, indicators } = await render(csv, given, { format: "all" });
    for (const format of ["csv", "spreadsheet", "defanged", "jsonl"]) {
      for (const [path, data] of (await render(csv, given, { format })).files) {
        expect(String(files.get(path))).toBe(String(data));
      }
    }
    expect(indicators).toBe(given.length - 1);
  });

  it("write what only some can carry, and skip what none can", async () => {
    const given = [exampleIndicator("mutex", { value: "a\nb" }), exampleIndicator("domain", { value: "*.x" })];
    const { files, skipped, indicators } = await render(csv, given, { format: "all" });
    expect(indicators).toBe(1);
    expect(String(files.get("indicators.jsonl"))).toContain("a\\nb");
    expect(String(files.get("indicators.csv")).split("\n")).toHaveLength(2);
    expect(skipped.map(({ reason }) => reason)).toEqual(["not a canonical domain"]);
  });
});

async function renderWith(text: string, format: string): Promise<string> {
  const templates = compileTemplates(csv.templates as NonNullable<typeof csv.templates>, [
    { row: "row", file: "row.hbs", text, isOverride: true },
  ]);
  let rendered = "";
  const context = { ...renderContext(csv, { format }, () => {}), templates };
  for await (const { data } of csv.render(asyncIterable([exampleIndicator("domain")]), context)) rendered += data;
  return rendered;
}

describe("csv: the template decides the columns", () => {
  it("writes a header that follows the template", async () => {
    expect(await renderWith("{{value}},{{#if port}}{{port}}{{/if}},{{scope}}\r\n", "csv")).toBe(
      "value,port,scope\nquillet-morrow.top,,subtree\n",
    );
  });
});

describe("csv: JSON Lines", () => {
  it("carries the whole indicator and detect", async () => {
    const indicator = exampleIndicator("domain", { details: { addresses: ["45.32.17.9"] } });
    const text = await renderText([indicator], { format: "jsonl" });
    expect(JSON.parse(text)).toEqual({ ...indicator, detect: true });
    expect(text).toMatch(/^\{"type":"domain","value":"quillet-morrow\.top","scope":"subtree","detect":true,/);
  });

  it("carries what no CSV line can", async () => {
    const value = "one\ntwo\r\0\ud800\u2028";
    const { files, skipped } = await render(csv, [exampleIndicator("mutex", { value })], { format: "jsonl" });
    expect(skipped).toEqual([]);
    expect(JSON.parse(String(files.get("indicators.jsonl")))).toMatchObject({ value });
  });

  it("gives an empty file for no indicators", async () => {
    const { files } = await render(csv, [], { format: "jsonl" });
    expect([...files].map(([path, data]) => [path, data.length])).toEqual([["indicators.jsonl", 0]]);
  });
});

describe("cells", () => {
  it("survive a strict parser, in any neighbourhood", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 5 }), (cells) => {
        const line = cells.map(csvCell).join(",");
        expect(parse(`${line}\n`, { relax_column_count: false, skip_empty_lines: false })).toEqual([cells]);
      }),
    );
  });

  it("show any text on one line that UTF-8 carries", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = displayText(text);
        expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });

  it("never begin with a formula once guarded", () => {
    fc.assert(
      fc.property(fc.constantFrom("=", "+", "-", "@", "\t", "\r", "\uff0b"), fc.string(), (start, rest) => {
        expect(guardFormula(start + rest)).toBe(`'${start}${rest}`);
      }),
    );
  });
});
