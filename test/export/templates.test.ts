import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { compileTemplates, readTemplates } from "../../src/export/templates.ts";
import type { RowTemplate, TemplateSet } from "../../src/plugin.ts";

function compile(text: string, override?: string) {
  const folder = mkdtempSync(join(tmpdir(), "rulewright-templates-"));
  writeFileSync(join(folder, "row.hbs"), text);
  const own = join(folder, "own");
  if (override !== undefined) {
    mkdirSync(own);
    writeFileSync(join(own, "row.hbs"), override);
  }
  const set: TemplateSet = {
    dir: pathToFileURL(`${folder}/`),
    rows: { row: { description: "a row", sample: {} } },
    escape: (value) => `<${String(value)}>`,
    helpers: { loud: (value) => String(value).toUpperCase() },
    fields: { name: "a name", tags: "a list", maybe: "may be missing", toString: "a field all the same" },
  };
  return compileTemplates(set, readTemplates(set, [own])).row as RowTemplate;
}

describe("row templates", () => {
  it("escape by default, raw only when asked", () => {
    expect(compile("{{name}} {{{name}}} {{loud name}} {{{loud name}}}")({ name: "a&b" })).toBe("<a&b> a&b <A&B> A&B");
  });

  it("know if, unless, each and comments", () => {
    expect(
      compile(
        "{{!-- note --}}{{#if maybe}}yes{{else}}no{{/if}}{{#each tags}}{{this}},{{/each}}{{#unless maybe}}!{{/unless}}",
      )({ tags: ["a", "b"] }),
    ).toBe("no<a>,<b>,!");
  });

  it("know else if, the inverted block and the else of an empty list", () => {
    const text =
      "{{#if maybe}}m{{else if name}}n{{else}}-{{/if}}{{^if maybe}}!{{/if}}{{#each tags}}{{else}}none{{/each}}";
    expect(compile(text)({ name: "x", tags: [] })).toBe("n!none");
    expect(compile(text)({ maybe: 0, name: "", tags: ["a"] })).toBe("-!");
  });

  it("strip white space where {{~ says so", () => {
    expect(compile("a {{~#if name~}} b {{~/if}} c")({ name: "x" })).toBe("ab c");
  });

  it("render over functions that read their fields, calling only what they use", () => {
    const fails = (): never => {
      throw new Error("read");
    };
    const over = compile("{{loud name}}{{#each tags}},{{this}}{{/each}}").over<{ readonly n: number }>({
      name: ({ n }) => `x${n}`,
      tags: ({ n }) => [n, n + 1],
      maybe: fails,
    });
    expect(over({ n: 1 })).toBe("<X1>,<1>,<2>");
    const missing = compile("{{maybe}}").over<object>({ maybe: () => undefined });
    expect(() => missing({})).toThrow(expect.objectContaining({ code: "TEMPLATE_ROW" }));
  });

  it("read nothing that a row or an item does not own", () => {
    expect(() => compile("{{toString}}")({ name: "x" })).toThrow(/"toString", which it prints, is missing/);
    expect(compile("{{toString}}")({ toString: "own" })).toBe("<own>");
    expect(() => compile("{{#each tags}}{{name}}{{/each}}")({ tags: ["x"], name: "y" })).toThrow(/missing/);
    expect(compile("{{#each tags}}{{name}}{{/each}}")({ tags: [{ name: "y" }] })).toBe("<y>");
  });

  it.each([
    ["{{#if name includeZero=true}}{{/if}}", /\{\{#if}} takes one field/],
    ["{{nmae}}", /:1:1: no field "nmae"; fields are: name, tags, maybe, toString/],
    ["x\n  {{constructor}}", /:2:3: no field "constructor"/],
    ["{{__proto__}}", /no field/],
    ["{{name.length}}", /no field "name.length"/],
    ["{{../name}}", /no field/],
    ["{{@root.name}}", /no field/],
    ["{{shout name}}", /no helper "shout"; helpers are: loud/],
    ["{{loud (loud name)}}", /only a field may stand here/],
    ["{{#with name}}{{/with}}", /\{\{#with}} is not known/],
    ["{{> partial}}", /PartialStatement is not allowed/],
    ["{{#if name}}", /:1:1: /],
    ['{{loud "text"}}', /only a field/],
    ["{{lookup name tags}}", /no helper "lookup"/],
  ])("refuse %j when they load", (text, message) => {
    expect(() => compile(text)).toThrow(message);
    expect(() => compile(text)).toThrow(expect.objectContaining({ code: "TEMPLATE_INVALID", exitCode: 2 }));
  });

  it("never print a missing value, not even behind a helper", () => {
    for (const text of ["{{maybe}}", "{{{maybe}}}", "{{loud maybe}}"]) {
      expect(() => compile(text)({ name: "x" })).toThrow(expect.objectContaining({ code: "TEMPLATE_ROW" }));
      expect(() => compile(text)({ maybe: null })).toThrow(/missing/);
    }
  });

  it("are overridden by a whole file of the operator's", () => {
    expect(compile("built in", "mine {{name}}")({ name: "x" })).toBe("mine <x>");
  });

  it("do not run code a value carries", () => {
    expect(compile("{{{name}}}")({ name: "{{constructor.constructor 'return process'}}" })).toBe(
      "{{constructor.constructor 'return process'}}",
    );
  });
});
