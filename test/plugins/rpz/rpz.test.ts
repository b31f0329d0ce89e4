import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { rpz } from "../../../plugins/rpz/index.ts";
import { addressTrigger } from "../../../plugins/rpz/triggers.ts";
import { type Indicator, sha256 } from "../../../src/plugin.ts";
import {
  describeExporter,
  exampleIndicator,
  type RenderedFiles,
  type RenderOptions,
  render,
} from "../../../src/testing.ts";
import { type Answer, ask, freePort, withResolver } from "../../support/dns.ts";
import { hasProgram, itNeeds } from "../../support/engines.ts";

const PATH = "rulewright.rpz";
const host = exampleIndicator("domain", { value: "quillet.ddns.example", scope: "host" });
const listed = [exampleIndicator("domain"), host, exampleIndicator("ipv4"), exampleIndicator("ipv6")];

function saved(files: RenderedFiles): string {
  const folder = mkdtempSync(join(tmpdir(), "rulewright-rpz-"));
  for (const [path, data] of files) writeFileSync(join(folder, path), data);
  return folder;
}

function said(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

function check(files: RenderedFiles, format: string): void {
  if (format === "unbound") {
    const text = String(files.get("rulewright.conf"));
    const entry = /^local-(?:zone: "[a-z0-9_.-]+\." always_nxdomain|data: "[a-z0-9_.-]+\. A 0\.0\.0\.0")$/;
    for (const line of text.split("\n").slice(2, -1)) assert.match(line, entry);
    if (!hasProgram("unbound-checkconf")) return;
    const file = join(saved(files), "rulewright.conf");
    assert.equal(said("unbound-checkconf", file).trim(), `unbound-checkconf: no errors in ${file}`);
    return;
  }
  const text = String(files.get(PATH));
  for (const line of text.split("\n").slice(0, -1)) {
    assert.match(line, /^(?:[;$@] ?.*|[a-z0-9_*-][a-z0-9_.-]* CNAME \.)$/);
  }
  if (!hasProgram("named-checkzone")) return;
  const output = said("named-checkzone", "-i", "none", "rulewright.rpz", join(saved(files), PATH));
  assert.match(output, /^zone rulewright\.rpz\/IN: loaded serial \d+\nOK\n$/);
}

async function zone(indicators: readonly Indicator[], settings: RenderOptions = {}): Promise<string> {
  return String((await render(rpz, indicators, settings)).files.get(PATH));
}

/** The records of a zone, without head and foot. */
async function records(indicators: readonly Indicator[], options = {}): Promise<string[]> {
  return (await zone(indicators, { options })).split("\n").slice(3, -3);
}

describeExporter(rpz, { runner: { describe, it }, check });

describe("rpz: zone", () => {
  it("has relative owners, a wildcard for what is below, and the SOA record last", async () => {
    const above = [
      "; Rulewright. Owner names are relative to the zone.",
      "$TTL 300",
      "@ NS localhost.",
      "quillet-morrow.top CNAME .",
      "*.quillet-morrow.top CNAME .",
      "quillet.ddns.example CNAME .",
      "32.9.17.32.45.rpz-ip CNAME .",
      "128.2.zz.7d1.c17.4f8.2a01.rpz-ip CNAME .",
      "",
    ].join("\n");
    expect(await zone(listed)).toBe(
      `${above}; sha256 of the records above: ${sha256(above)}\n@ SOA localhost. hostmaster.localhost. ( 1795478400 3600 600 86400 300 )\n`,
    );
  });

  it.each([
    ["2001:db8::7", "128.7.zz.db8.2001.rpz-ip"],
    ["2001:db8::", "128.zz.db8.2001.rpz-ip"],
    ["::1", "128.1.zz.rpz-ip"],
    ["2001:db8:1:2:3:4:5:6", "128.6.5.4.3.2.1.db8.2001.rpz-ip"],
    ["2001:db8:0:1:1:1:1:1", "128.1.1.1.1.1.0.db8.2001.rpz-ip"],
    ["203.0.113.7", "32.7.113.0.203.rpz-ip"],
  ])("%s is %s", (address, owner) => {
    expect(addressTrigger(address)).toBe(owner);
  });

  it.each([
    [{ action: "nodata" }, "*."],
    [{ action: "drop" }, "rpz-drop."],
    [{ action: "passthru" }, "rpz-passthru."],
    [{ sinkhole: "sink.example.net" }, "sink.example.net."],
  ])("%j answers with %s", async (options, target) => {
    expect(await records([host], options)).toEqual([`quillet.ddns.example CNAME ${target}`]);
  });

  it("leaves addresses out when told to", async () => {
    const { skipped } = await render(rpz, listed, { options: { addresses: false } });
    expect(skipped.map(({ reason }) => reason)).toEqual(Array(2).fill("addresses are left out (option addresses)"));
  });

  it.each([
    ["1.2.rpz-ip", "the zone would read the name as a trigger of another kind"],
    ["ns.evil.rpz-nsdname", "the zone would read the name as a trigger of another kind"],
    [
      `${"a".repeat(60)}.`.repeat(3).concat("b".repeat(60)),
      "with the zone behind it the name is longer than DNS allows",
    ],
    ["evil.example.", "not a canonical domain"],
  ])("skips %s", async (value, reason) => {
    const { skipped } = await render(rpz, [exampleIndicator("domain", { value })]);
    expect(skipped.map((one) => one.reason)).toEqual([reason]);
  });

  it.each([{ zone: "a b" }, { zone: "a." }, { sinkhole: ";" }, { action: "block" }, { ttl: 0 }])(
    "refuses the options %j",
    (options) => {
      expect(rpz.options.safeParse(options).success).toBe(false);
    },
  );
});

describe("rpz: serial", () => {
  const at = (time: string) => new Date(time);
  const serialIn = (text: string): number => Number(/\( (\d+) /.exec(text)?.[1]);
  const first = () => render(rpz, listed, { now: at("2026-11-24T00:00:00Z") });

  it("is the time of the first run", async () => {
    expect(serialIn(String((await first()).files.get(PATH)))).toBe(Date.UTC(2026, 10, 24) / 1000);
  });

  it("stays while the records do, whatever the time", async () => {
    const { files } = await first();
    const again = await zone(listed, { previous: files, now: at("2027-03-01T00:00:00Z") });
    expect(again).toBe(String(files.get(PATH)));
  });

  it("is the time of the change", async () => {
    const { files } = await first();
    const changed = await zone([host], { previous: files, now: at("2026-12-01T00:00:00Z") });
    expect(serialIn(changed)).toBe(Date.UTC(2026, 11, 1) / 1000);
  });

  it("grows even when the clock does not", async () => {
    const { files } = await first();
    const changed = await zone([host], { previous: files, now: at("2020-01-01T00:00:00Z") });
    expect(serialIn(changed)).toBe(Date.UTC(2026, 10, 24) / 1000 + 1);
  });

  it("follows the options too: they change the records", async () => {
    const { files } = await first();
    const changed = await zone(listed, { previous: files, options: { ttl: 60 } });
    expect(serialIn(changed)).toBe(Date.UTC(2026, 10, 24) / 1000 + 1);
  });

  it("starts again at 1 after the last", async () => {
    const old = String((await first()).files.get(PATH)).replace(/\( \d+ /, "( 4294967295 ");
    const changed = await zone([host], { previous: new Map([[PATH, Buffer.from(old)]]) });
    expect(serialIn(changed)).toBe(1);
  });
});

describe("rpz: unbound", () => {
  it("denies a zone, or answers one name alone", async () => {
    const { files, skipped } = await render(rpz, listed, { format: "unbound" });
    expect(String(files.get("rulewright.conf"))).toBe(
      '# Rulewright\nserver:\nlocal-zone: "quillet-morrow.top." always_nxdomain\nlocal-data: "quillet.ddns.example. A 0.0.0.0"\n',
    );
    expect(skipped.map(({ reason }) => reason)).toEqual(
      Array(2).fill("local zones hold names; format `zone` takes addresses"),
    );
  });
});

const OTHERS = "198.51.100.99";
const TRUTH = { status: "NOERROR", data: [OTHERS] };
const DENIED = { status: "NXDOMAIN", data: [] };

/** A root in which every name has an address, so that what is not denied is seen to resolve. */
const ROOT = `$TTL 300
. SOA localhost. hostmaster.localhost. ( 1 3600 600 86400 300 )
. NS ns.test.
* A ${OTHERS}
ns.test. A 127.0.0.1
by-address.test. A 45.32.17.9
by-address.test. AAAA 2a01:4f8:c17:7d1::2
next-address.test. A 45.32.17.10
next-address.test. AAAA 2a01:4f8:c17:7d1::3
`;

/** Name, type → what must be answered. */
const EXPECTED: readonly (readonly [string, string, Answer])[] = [
  ["quillet-morrow.top", "A", DENIED],
  ["a.b.quillet-morrow.top", "A", DENIED],
  ["quillet.ddns.example", "A", DENIED],
  ["by-address.test", "A", DENIED],
  ["by-address.test", "AAAA", DENIED],
  ["xn--bcher-kva.example", "A", DENIED],
  ["notquillet-morrow.top", "A", TRUTH],
  ["quillet-morrow.top.example", "A", TRUTH],
  ["top", "A", TRUTH],
  ["a.quillet.ddns.example", "A", TRUTH],
  ["ddns.example", "A", TRUTH],
  ["next-address.test", "A", { status: "NOERROR", data: ["45.32.17.10"] }],
  ["next-address.test", "AAAA", { status: "NOERROR", data: ["2a01:4f8:c17:7d1::3"] }],
];

describe("rpz: live resolvers", () => {
  let folder: string;
  beforeAll(async () => {
    const { files } = await render(rpz, [...listed, exampleIndicator("domain", { value: "xn--bcher-kva.example" })]);
    folder = saved(files);
    writeFileSync(join(folder, "root.zone"), ROOT);
  });

  async function answers(port: number, expected = EXPECTED): Promise<void> {
    for (const [name, type, answer] of expected) expect(await ask(port, name, type), `${name} ${type}`).toEqual(answer);
  }

  function namedConf(port: number, zoneFile: string): string {
    const file = join(folder, `named-${port}.conf`);
    writeFileSync(
      file,
      `options {
        directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
        pid-file none; session-keyfile none; recursion yes; dnssec-validation no;
        response-policy { zone "rulewright.rpz"; } qname-wait-recurse no;
      };
      controls { };
      zone "." { type primary; file "root.zone"; };
      zone "rulewright.rpz" { type primary; file "${zoneFile}"; allow-query { none; }; };\n`,
    );
    return file;
  }

  itNeeds("named")("named denies what is listed and resolves what is beside it", async () => {
    const port = await freePort();
    const log = await withResolver(["named", "-g", "-n", "1", "-c", namedConf(port, PATH)], port, () => answers(port));
    expect(log).toContain("rpz: rulewright.rpz: reload done: success");
    expect(log).not.toMatch(/invalid rpz|not the canonical|out-of-zone|ignoring/);
  });

  itNeeds("named")("named takes every form of IPv6 address as canonical", async () => {
    const random = fc.sample(fc.ipV6(), { numRuns: 300, seed: 7 }).map((text) => new URL(`http://[${text}]/`).hostname);
    const values = [...new Set(random.map((text) => text.slice(1, -1)))];
    const { files } = await render(
      rpz,
      values.map((value) => exampleIndicator("ipv6", { value })),
    );
    writeFileSync(join(folder, "v6.rpz"), files.get(PATH) as Buffer);
    const port = await freePort();
    const log = await withResolver(["named", "-g", "-n", "1", "-c", namedConf(port, "v6.rpz")], port, async () => {});
    expect(log).toContain("rpz: rulewright.rpz: reload done: success");
    expect(log).not.toMatch(/invalid rpz|not the canonical|out-of-zone|ignoring/);
  });

  const unboundConf = (port: number, policy: string): string => {
    const file = join(folder, `unbound-${port}.conf`);
    writeFileSync(
      file,
      `server:
        directory: "${folder}"
        chroot: ""
        username: ""
        pidfile: ""
        use-syslog: no
        interface: 127.0.0.1@${port}
        do-daemonize: no
        local-zone: "test." nodefault
        module-config: "respip iterator"
      remote-control:
        control-enable: no
      auth-zone:
        name: "."
        zonefile: root.zone
        for-downstream: no
        for-upstream: yes
      ${policy}\n`,
    );
    return file;
  };

  itNeeds("unbound")("unbound reads the same zone the same way", async () => {
    const port = await freePort();
    const conf = unboundConf(port, `rpz:\n  name: rulewright.rpz\n  zonefile: ${PATH}`);
    const log = await withResolver(["unbound", "-d", "-c", conf], port, () => answers(port));
    expect(log).not.toMatch(/error|warning/);
  });

  itNeeds("unbound")("unbound does so with local zones, but for addresses", async () => {
    const { files } = await render(rpz, listed, { format: "unbound" });
    writeFileSync(join(folder, "rulewright.conf"), files.get("rulewright.conf") as Buffer);
    const port = await freePort();
    const conf = unboundConf(port, `include: ${join(folder, "rulewright.conf")}`);
    const log = await withResolver(["unbound", "-d", "-c", conf], port, () =>
      answers(port, [
        ["quillet-morrow.top", "A", DENIED],
        ["a.b.quillet-morrow.top", "A", DENIED],
        ["quillet.ddns.example", "A", { status: "NOERROR", data: ["0.0.0.0"] }],
        ["a.quillet.ddns.example", "A", TRUTH],
        ["notquillet-morrow.top", "A", TRUTH],
      ]),
    );
    expect(log).not.toMatch(/error|warning/);
  });

  itNeeds("named-checkzone")("named-checkzone takes the samples' golden output", () => {
    check(new Map([[PATH, readFileSync(new URL("../../../samples/out/rpz/rulewright.rpz", import.meta.url))]]), "zone");
  });
});
