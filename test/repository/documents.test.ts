import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { STARTER_CONFIG } from "../../src/commands/init.ts";
import { Config, parseConfig } from "../../src/config.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { root } from "../support/cli.ts";

function documents(folder = "."): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name === "out" || entry.name === "dist" || entry.name.startsWith("."))
      return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? documents(path) : entry.name.endsWith(".md") ? [path] : [];
  });
}

describe("documents", () => {
  it("docs/errors.md has a heading for every error code and no other", () => {
    const headings = [...readFileSync(join(root, "docs/errors.md"), "utf8").matchAll(/^## ([A-Z_]+)$/gm)].map(
      ([, code]) => code,
    );
    expect(headings.sort()).toEqual([...ERROR_CODES].sort());
  });

  it("links lead somewhere", () => {
    const broken = documents().flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !statSync(join(root, dirname(file), target), { throwIfNoEntry: false }))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("the starter config is what the defaults are", () => {
    expect(parseConfig(STARTER_CONFIG, "rulewright.yaml")).toEqual(Config.parse({}));
    const uncommented = STARTER_CONFIG.replaceAll(/^# (?=(?:plugins|warningLists|hunts|exports|sinks| {2}))/gm, "");
    expect(() => parseConfig(uncommented, "rulewright.yaml")).not.toThrow();
  });

  it("README opens with the two commands", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    expect(readme.indexOf("npm ci && npm run demo")).toBeGreaterThan(0);
    expect(readme.indexOf("npm ci && npm run demo")).toBeLessThan(900);
    expect(readme).toContain("npm ci && npm test");
  });

  it("README and docs/push.md lead to the page of each exporter and sink", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const push = readFileSync(join(root, "docs/push.md"), "utf8");
    const pages = (folder: string) => readdirSync(join(root, folder));
    expect(pages("docs/exporters").filter((page) => !readme.includes(`(docs/exporters/${page})`))).toEqual([]);
    expect(pages("docs/sinks").filter((page) => !push.includes(`(sinks/${page})`))).toEqual([]);
  });

  it("decisions are numbered once and listed", () => {
    const index = readFileSync(join(root, "docs/adr/README.md"), "utf8");
    const pages = readdirSync(join(root, "docs/adr")).filter((page) => page !== "README.md");
    const listed = pages.map((page) => {
      const [, number, title] = /^# (\d+)\. (.+)$/m.exec(readFileSync(join(root, "docs/adr", page), "utf8")) ?? [];
      expect(page.startsWith(String(number).padStart(4, "0"))).toBe(true);
      return `${number}. [${title}](${page})`;
    });
    expect(index.split("\n").filter((line) => /^\d/.test(line))).toEqual(listed);
    expect(new Set(pages.map((page) => page.slice(0, 4))).size).toBe(pages.length);
  });
});
