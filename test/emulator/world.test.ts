import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collect } from "../../src/collect/report.ts";
import { createWorld, SECRETS, type World } from "../../src/emulator/index.ts";
import { specialUseAddress, specialUseName } from "../../src/enrich/special-use.ts";
import { canonicalise } from "../../src/model/canonical.ts";
import { recogniseBody } from "../../src/vt/bodies.ts";
import { root } from "../support/cli.ts";
import { END, START, smallWorld } from "./support.ts";

/** A world as text: Maps are spelled out. */
function bytes(world: World): string {
  return JSON.stringify(world, (_key, value) => (value instanceof Map ? [...value] : value));
}

const world = smallWorld();

describe("createWorld", () => {
  it("gives the same bytes for the same seed, and others for another", () => {
    expect(bytes(smallWorld(7))).toBe(bytes(world));
    expect(bytes(smallWorld(8))).not.toBe(bytes(world));
  });

  it("has no other source of chance or time", () => {
    const sources = readdirSync(join(root, "src/emulator")).map((name) =>
      readFileSync(join(root, "src/emulator", name), "utf8"),
    );
    expect(sources.filter((text) => /Math\.random|randomBytes|randomUUID|Date\.now\(|new Date\(\)/.test(text))).toEqual(
      [],
    );
  });

  it("refuses a world without time or samples", () => {
    expect(() => createWorld({ seed: 1, start: END, end: START })).toThrow(RangeError);
    expect(() => createWorld({ seed: 1, samples: 0, start: START, end: END })).toThrow(RangeError);
  });

  it("makes as many samples and families as asked, benign ones among them, spread over the time", () => {
    expect(world.samples).toHaveLength(120);
    expect(world.families).toHaveLength(8);
    expect(new Set(world.samples.map(({ family }) => family)).size).toBe(9);
    const firsts = world.samples.map(({ submissions }) => submissions[0] as number);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    const half = (START.getTime() + END.getTime()) / 2000;
    expect(firsts.filter((time) => time < half).length).toBeGreaterThan(40);
    expect(firsts.filter((time) => time > half).length).toBeGreaterThan(40);
  });

  it("works for one sample and one family, and for more families than have names", () => {
    expect(createWorld({ seed: 1, samples: 1, families: 1, start: START, end: END }).samples[0]?.family).toBe(
      "agenttesla",
    );
    const many = createWorld({ seed: 1, samples: 60, families: 40, start: START, end: END });
    expect(new Set(many.families).size).toBe(40);
  });

  it("runs some samples in no sandbox and others in up to four, with spaces in their names", () => {
    const counts = new Set(world.samples.map(({ reports }) => reports.length));
    expect([...counts].sort()).toEqual([0, 1, 2, 3, 4]);
    const names = new Set(world.samples.flatMap(({ reports }) => reports.map(({ id }) => id.slice(65))));
    expect(names).toContain("Microsoft Sysinternals");
    for (const { sha256, reports } of world.samples)
      for (const { id, attributes } of reports) expect(id).toBe(`${sha256}_${attributes.sandbox_name}`);
  });

  it("has relationships longer than an embedded one shows", () => {
    for (const name of ["contacted_domains", "contacted_ips", "contacted_urls"])
      expect(
        world.samples.filter(({ relationships }) => (relationships[name]?.length ?? 0) > 20).length,
      ).toBeGreaterThan(2);
  });

  it("shares builds inside a family and not across", () => {
    const imphashes = Map.groupBy(
      world.samples.filter(({ file }) => file.attributes.pe_info),
      ({ file }) => (file.attributes.pe_info as { imphash: string }).imphash,
    );
    expect([...imphashes.values()].some((group) => group.length > 3)).toBe(true);
    for (const group of imphashes.values()) expect(new Set(group.map(({ family }) => family)).size).toBe(1);
  });
});

describe("truth", () => {
  it("is canonical, sorted and without repeats", () => {
    for (const { type, value } of world.truth) expect(canonicalise(type, value)).toEqual({ type, value });
    const keys = world.truth.map(({ type, value }) => `${type} ${value}`);
    expect(keys).toEqual([...new Set(keys)].sort());
  });

  it("knows every network observable that our own collectors find in reports and files, in several seeds", () => {
    for (const seed of [7, "b", 99]) {
      const each = smallWorld(seed);
      const known = new Set(each.truth.map(({ type, value }) => `${type} ${value}`));
      const bodies = each.samples.flatMap(({ file, reports, relationships }) => [
        ...reports,
        {
          ...file,
          relationships: Object.fromEntries(Object.entries(relationships).map(([name, data]) => [name, { data }])),
        },
      ]);
      const found = bodies
        .flatMap((body) => recogniseBody(body, "x.json") ?? [])
        .flatMap((item) => collect(item)?.evidence ?? [])
        .map(({ observable }) => observable)
        .filter(({ type }) =>
          ["domain", "ipv4", "ipv6", "endpoint", "url", "sha256", "mutex", "certificate"].includes(type),
        )
        .map(({ type, value }) => `${type} ${value}`);
      expect([...new Set(found)].filter((key) => !known.has(key))).toEqual([]);
      const shown = new Set(found);
      const neverShown = each.truth.filter(({ type, value }) => !shown.has(`${type} ${value}`) && type !== "ja3");
      expect(neverShown).toEqual([]);
    }
  });

  it("calls nothing malicious that special use alone gives away", () => {
    for (const { type, value, label } of world.truth) {
      if (label !== "malicious") continue;
      if (type === "ipv4" || type === "ipv6") expect(specialUseAddress(value), value).toBeUndefined();
      if (type === "domain") expect(specialUseName(value), value).toBeUndefined();
    }
  });

  it("has the hard classes", () => {
    const big = createWorld({ seed: 1, start: START, end: END });
    const classes = new Set(big.truth.map(({ label, class: name }) => `${label} ${name}`));
    for (const name of [
      "malicious c2-domain",
      "malicious c2-domain-behind-cdn",
      "malicious c2-address",
      "malicious c2-url",
      "malicious lookalike-domain",
      "malicious dynamic-dns",
      "malicious tenant-host",
      "malicious mail-host",
      "malicious platform-url",
      "malicious compromised-site-url",
      "malicious dns-tunnel",
      "context compromised-site",
      "context cdn-address",
      "context tunnel-payload",
      "context credential-url",
      "noise platform",
      "noise sandbox-resolver",
      "noise sandbox-agent",
      "noise os-telemetry",
      "noise certificate-service",
      "noise time-service",
      "noise ip-echo",
      "noise honest-software",
      "noise honest-tenant",
      "noise young-popular",
      "noise memory-junk",
      "noise local-address",
      "noise mail-provider",
    ])
      expect(classes, name).toContain(name);
  });

  it("gives each malicious host and address something to be known by", () => {
    const big = createWorld({ seed: 3, start: START, end: END });
    const met = new Map<string, number>();
    for (const { relationships } of big.samples)
      for (const { id } of Object.values(relationships).flat()) met.set(id, (met.get(id) ?? 0) + 1);
    const unknowable = big.truth.filter(({ type, value, label }) => {
      if (label !== "malicious" || (type !== "domain" && type !== "ipv4")) return false;
      const object = big.domains.get(value) ?? big.addresses.get(value);
      const { malicious } = object!.attributes.last_analysis_stats as { malicious: number };
      return malicious < 2 && (met.get(value) ?? 0) < 2;
    });
    expect(unknowable).toEqual([]);
  });

  it("carries canaries that must never leave: passwords, cookies, rule text", () => {
    const text = bytes(world);
    for (const secret of Object.values(SECRETS)) expect(text).toContain(secret);
  });
});
