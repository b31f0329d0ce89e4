import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { compileTemplates, readTemplates } from "../../src/export/templates.ts";
import type { TemplateSet } from "../../src/plugin.ts";

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
    fields: { name: "a name", tags: "a list", maybe: "may be missing" },
  };
  return compileTemplates(set, readTemplates(set, [own])).row as (row: object) => string;
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

  it.each([
    ["{{nmae}}", /:1:1: no field "nmae"; fields are: name, tags, maybe/],
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
