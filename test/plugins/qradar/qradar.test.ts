import { isIPv4, isIPv6 } from "node:net";
import { describe, expect, it } from "vitest";
import { qradar } from "../../../plugins/qradar/index.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { goldenFiles } from "../../support/exported.ts";

const SETS: Readonly<Record<string, (value: string) => boolean>> = {
  domains: (value) => /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+$/.test(value),
  addresses: isIPv4,
  "addresses-ipv6": isIPv6,
  urls: (value) => /^https?:\/\/[!-~]+$/.test(value),
  hashes: (value) => /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(value),
};
const names = Object.keys(SETS);

/** Values by set, each read as QRadar reads it. */
function readSets(files: RenderedFiles, format: string): Record<string, string[]> {
  const extension = format === "json" ? ".json" : ".txt";
  expect([...files.keys()].sort()).toEqual(names.map((name) => `${name}${extension}`).sort());
  return Object.fromEntries(
    [...files].map(([path, data]) => {
      const text = String(data);
      const values = format === "json" ? (JSON.parse(text) as string[]) : text.split("\n").slice(0, -1);
      const name = path.slice(0, -extension.length);
      for (const value of values) expect(SETS[name]?.(value), value).toBe(true);
      return [name, values];
    }),
  );
}

describeExporter(qradar, { runner: { describe, it }, check: (files, format) => void readSets(files, format) });

describe("qradar", () => {
  const md5 = "0".repeat(32);
  const sha1 = "1".repeat(40);
  const file = exampleIndicator("sha256", { details: { md5, sha1 } });
  const given = [...exampleIndicators().filter(({ type }) => type !== "sha256"), file];
  const expected = {
    domains: ["quillet-morrow.top"],
    addresses: ["45.32.17.9"],
    "addresses-ipv6": ["2a01:4f8:c17:7d1::2"],
    urls: ["http://quillet-morrow.top/gate.php?id=1"],
    hashes: [file.value, sha1, md5],
  };

  it.each(["json", "text"])("has a set for each kind of value, as %s", async (format) => {
    const { files, rows } = await render(qradar, given, { format });
    expect(readSets(files, format)).toEqual(expected);
    expect(rows).toBe(7);
  });

  it("writes an array with one value a line, and an empty one", async () => {
    const { files } = await render(qradar, [
      exampleIndicator("domain"),
      exampleIndicator("domain", { value: "a.top" }),
    ]);
    expect(String(files.get("domains.json"))).toBe('[\n"a.top",\n"quillet-morrow.top"\n]\n');
    expect(JSON.parse(String(files.get("urls.json")))).toEqual([]);
  });

  it("lists no hash that is none", async () => {
    const { files } = await render(qradar, [exampleIndicator("sha256", { details: { md5: "=1", sha1: md5 } })]);
    expect(readSets(files, "json").hashes).toEqual([file.value]);
  });
});

describe("qradar: golden output", () => {
  it.each([
    ["qradar", "json"],
    ["qradar-text", "text"],
  ])("%s passes the check", (name, format) => {
    readSets(goldenFiles(name), format);
  });
});
