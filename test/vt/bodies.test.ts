import { describe, expect, it } from "vitest";
import { recogniseBody, type VtItem } from "../../src/vt/bodies.ts";
import { readDocuments } from "../../src/vt/read.ts";
import { itNeedsReference, referenceDir } from "../support/engines.ts";

const SHA = "a".repeat(64);
const kinds = (items: VtItem[] | undefined): string[] | undefined =>
  items?.map((item) => (item.kind === "ignored" ? `ignored ${item.what}` : item.kind));

describe("recogniseBody", () => {
  it("names sample and sandbox of a behaviour report by its id, at the first underscore", () => {
    const [item] =
      recogniseBody({ data: { type: "file_behaviour", id: `${SHA}_CAPE Sandbox_2`, attributes: {} } }, "x.json") ?? [];
    expect(item).toMatchObject({ kind: "report", sampleId: SHA, sandbox: "CAPE Sandbox_2" });
  });

  it("takes the sample of a merged summary from the file name, wrapped or bare", () => {
    const summary = { verdicts: ["MALWARE"] };
    for (const body of [{ data: summary }, summary]) {
      expect(recogniseBody(body, `behaviour_summary__${SHA.toUpperCase()}.json`)?.[0]).toMatchObject({
        kind: "report",
        sampleId: SHA,
      });
    }
    expect(recogniseBody(summary, "-")?.[0]).not.toHaveProperty("sampleId");
  });

  it("takes the sample of a summary from its own link before the file name", () => {
    const body = {
      data: { tags: [] },
      links: { self: `https://www.virustotal.com/api/v3/files/${SHA}/behaviour_summary` },
    };
    expect(recogniseBody(body, `${"b".repeat(64)}.json`)?.[0]).toMatchObject({ sampleId: SHA });
  });

  it("knows whose relationship a listing is", () => {
    const body = {
      data: [{ type: "ip_address", id: "198.51.100.7" }],
      links: { self: `https://www.virustotal.com/api/v3/files/${SHA}/relationships/contacted_ips?limit=20` },
    };
    expect(recogniseBody(body, "x.json")).toEqual([
      { kind: "ip_address", value: "198.51.100.7", contactedBy: { sampleId: SHA, relationship: "contacted_ips" } },
    ]);
  });

  it("reads a URL's address from attributes or context, a string or a list, never from its id", () => {
    const url = (extra: object) => recogniseBody({ type: "url", id: SHA, ...extra }, "x.json")?.[0];
    expect(url({ attributes: { url: "http://a.top/" } })).toMatchObject({ value: "http://a.top/" });
    expect(url({ context_attributes: { url: ["http://b.top/"] } })).toMatchObject({ value: "http://b.top/" });
    expect(url({})).toEqual({ kind: "ignored", what: "URL object without its address" });
  });

  it.each([
    [{ data: null }, "ignored empty answer: no sandbox ran"],
    [{ error: { code: "NotFoundError", message: "x" } }, "ignored error answer NotFoundError"],
    [{ data: { api_requests_daily: {} } }, "ignored quota answer"],
    [{ data: [] }, "ignored empty listing"],
    [{ data: ["trojan", "banker"] }, "ignored list of words"],
    [{ data: { type: "analysis", id: "x" } }, "ignored analysis"],
  ])("ignores %j", (body, kind) => expect(kinds(recogniseBody(body, "x.json"))).toEqual([kind]));

  it("skips error items inside a listing and wrapped items of threat lists", () => {
    const body = {
      data: [{ type: "file", id: SHA, error: { code: "NotFoundError" } }, { data: { type: "domain", id: "a.top" } }],
    };
    expect(kinds(recogniseBody(body, "x.json"))).toEqual(["ignored object that VirusTotal does not hold", "domain"]);
  });

  it.each([1, "text", true, null, { name: "package", version: "1" }, [1, 2], { data: 3 }, { data: [1] }])(
    "knows %j is not one of VirusTotal's",
    (body) => {
      expect(recogniseBody(body, "x.json")).toBeUndefined();
    },
  );

  it("reads no arrays in arrays and no bodies in bodies, however deep", () => {
    const nested = (depth: number, open: string, close: string): unknown =>
      JSON.parse(open.repeat(depth) + close.repeat(depth));
    expect(recogniseBody(nested(20_000, "[", "]"), "x.json")).toBeUndefined();
    expect(recogniseBody(JSON.parse(`${'{"data":['.repeat(20_000)}${"]}".repeat(20_000)}`), "x.json")).toBeUndefined();
  });

  it("counts an entry it does not recognise among bodies", () => {
    expect(kinds(recogniseBody([{ type: "domain", id: "a.top" }, 42, { weird: 1 }], "x.json"))).toEqual([
      "domain",
      "ignored unrecognised entry",
      "ignored unrecognised entry",
    ]);
  });

  it("does not take any JSON with tags for a report", () => {
    expect(recogniseBody({ name: "package", tags: ["a"] }, "x.json")).toBeUndefined();
    expect(kinds(recogniseBody({ data: { tags: ["PERSISTENCE"], verdicts: ["MALWARE"] } }, "x.json"))).toEqual([
      "report",
    ]);
  });

  it("is not fooled by prototype keys", () => {
    const body = JSON.parse(
      `{"__proto__": {"data": 1}, "constructor": {}, "data": {"type": "domain", "id": "a.top", "attributes": {"__proto__": {"url": "x"}, "popularity_ranks": {"__proto__": {"rank": 1}}}}}`,
    );
    expect(kinds(recogniseBody(body, "x.json"))).toEqual(["domain"]);
    expect(({} as Record<string, unknown>).data).toBeUndefined();
  });

  it("loses a mistyped field, not the report", () => {
    const attributes = {
      dns_lookups: [{ hostname: 5 }, "x", { hostname: "a.top", resolved_ips: "no" }],
      ip_traffic: { not: "a list" },
      tls: [null],
      verdicts: [1, "MALWARE"],
      tags: 7,
    };
    const [item] = recogniseBody({ type: "file_behaviour", id: `${SHA}_Z`, attributes }, "x.json") ?? [];
    expect(item).toMatchObject({
      report: {
        dns_lookups: [{}, undefined, { hostname: "a.top", resolved_ips: [] }],
        ip_traffic: [],
        verdicts: [undefined, "MALWARE"],
      },
    });
  });

  itNeedsReference("recognises every real body", async () => {
    const problems: unknown[] = [];
    const unknown: string[] = [];
    for await (const { value, source } of readDocuments({
      paths: [`${referenceDir}/virustotal`],
      onProblem: (problem) => problems.push(problem),
    })) {
      if (!recogniseBody(value, source)) unknown.push(source);
    }
    expect(problems).toEqual([]);
    expect(unknown).toEqual([]);
  });
});
