/** The contract, with each target's own program as the parser; and live answers. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lists } from "../../../plugins/lists/index.ts";
import { measureStreaming } from "../../../src/testing/streaming.ts";
import {
  describeExporter,
  exampleIndicator,
  exampleIndicators,
  type RenderedFiles,
  render,
} from "../../../src/testing.ts";
import { ask, freePort, withResolver } from "../../support/dns.ts";
import { hasProgram, itNeeds } from "../../support/engines.ts";

const NAME = /^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9_-]{1,63}$/;
const URL_ENTRY = /^(?:[a-z0-9_.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?\/[!-~]*$/;
const isAddress = (entry: string): boolean => isIPv4(entry) || (isIPv6(entry) && !entry.includes("%"));
const isName = (entry: string): boolean => NAME.test(entry);
const isUrl = (entry: string): boolean => URL_ENTRY.test(entry.replace(/^https?:\/\//, ""));
const isHash = (entry: string): boolean => /^[0-9a-f]{64}$/.test(entry);

/** What a line of a firewall's file may be. */
const ENTRIES: Readonly<Record<string, (entry: string) => boolean>> = {
  "domains.txt": isName,
  "hosts.txt": isName,
  "ipv4.txt": isIPv4,
  "ipv6.txt": isAddress,
  "endpoints.txt": (entry) => /^(?:[\d.]+|\[[0-9a-f:]+\]):\d+\/(?:tcp|udp)$/.test(entry),
  "urls.txt": (entry) => URL.canParse(entry) && !/\s/.test(entry),
  "sha256.txt": isHash,
  "hash.txt": isHash,
  "domain.txt": (entry) => isName(entry.replace(/^(?:\*\.|\^)/, "")),
  "ip.txt": isAddress,
  "network.txt": (entry) => isAddress(entry.replace("/32", "")),
  "dns.txt": isName,
  "url.txt": isUrl,
};

function folderWith(files: RenderedFiles): string {
  const folder = mkdtempSync(join(tmpdir(), "rulewright-lists-"));
  for (const [path, data] of files) writeFileSync(join(folder, path), data);
  return folder;
}

/** Everything a program said, which must have ended well. */
function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

const PROGRAMS: Readonly<Record<string, { readonly name: string; readonly accepts: (folder: string) => void }>> = {
  dnsmasq: {
    name: "dnsmasq",
    accepts: (folder) => {
      assert.equal(run("dnsmasq", ["--test", "-C", join(folder, "dnsmasq.conf")]).trim(), "dnsmasq: syntax check OK.");
    },
  },
  nftables: {
    name: "nft",
    accepts: (folder) => {
      assert.equal(run("nft", ["-c", "-f", join(folder, "rulewright.nft")]), "");
    },
  },
  squid: {
    name: "squid",
    accepts: (folder) => {
      const included = readFileSync(join(folder, "rulewright.conf"), "utf8").replaceAll(
        "/etc/squid/rulewright",
        folder,
      );
      writeFileSync(join(folder, "squid.conf"), `${included}http_access deny rulewright\nhttp_port 127.0.0.1:3128\n`);
      assert.doesNotMatch(run("squid", ["-k", "parse", "-f", join(folder, "squid.conf")]), /warning|error|fatal/i);
    },
  },
};

function check(files: RenderedFiles, format: string): void {
  for (const [path, data] of files) {
    const text = data.toString();
    assert.ok(text === "" || text.endsWith("\n"), path);
    assert.doesNotMatch(text, /[^\n -~]/, path);
    const isEntry = ENTRIES[path];
    if (isEntry && format !== "hosts") {
      const lines = text.split("\n").slice(0, -1);
      assert.deepEqual(
        lines.filter((line) => !isEntry(line)),
        [],
        path,
      );
      assert.equal(new Set(lines).size, lines.length, path);
    }
  }
  if (format === "hosts") assert.match(String(files.get("hosts")), /^#.*\n(?:0\.0\.0\.0 [a-z0-9_.-]+\n)*$/);
  if (format === "adguard") assert.match(String(files.get("adguard.txt")), /^! .*\n(?:\|{1,2}[a-z0-9_.-]+\^\n)*$/);
  const program = PROGRAMS[format];
  if (program && hasProgram(program.name)) program.accepts(folderWith(files));
}

describeExporter(lists, { runner: { describe, it }, check });

describe("lists: programs take the golden outputs", () => {
  for (const [format, { name, accepts }] of Object.entries(PROGRAMS)) {
    itNeeds(name)(`${name}, without a warning`, () => {
      const golden = new URL(`../../../samples/out/lists-${format}/`, import.meta.url).pathname;
      const manifest = readFileSync(join(golden, "../manifest.json"), "utf8");
      const { files } = JSON.parse(manifest).exports.find((one: { name: string }) => one.name === `lists-${format}`);
      accepts(folderWith(new Map(files.map(({ path }: { path: string }) => [path, readFileSync(join(golden, path))]))));
    });
  }
});

describe("lists: squid", () => {
  itNeeds("squid")("takes a name and the names below it", async () => {
    const names = ["a.evil.example", "b.a.evil.example", "evil.example", "evil.example.org", "notevil.example"];
    const { files } = await render(
      lists,
      names.map((value) => exampleIndicator("domain", { value })),
      { format: "squid" },
    );
    check(files, "squid");
  });
});

describe("lists: dnsmasq answers", () => {
  const subtree = exampleIndicator("domain");
  const host = exampleIndicator("domain", { value: "quillet.ddns.example", scope: "host" });

  itNeeds("dnsmasq")("for listed names, and not for those beside them", async () => {
    const { files } = await render(lists, [subtree, host], { format: "dnsmasq" });
    const port = await freePort();
    const conf = join(folderWith(files), "dnsmasq.conf");
    const options = ["--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1"];
    await withResolver(["dnsmasq", "-k", "-C", conf, "-p", String(port), "--user=root", ...options], port, async () => {
      for (const name of ["quillet-morrow.top", "a.b.quillet-morrow.top"]) {
        expect(await ask(port, name)).toEqual({ status: "NXDOMAIN", data: [] });
      }
      expect(await ask(port, "quillet.ddns.example")).toEqual({ status: "NOERROR", data: ["0.0.0.0"] });
      expect(await ask(port, "quillet.ddns.example", "AAAA")).toEqual({ status: "NOERROR", data: ["::"] });
      for (const name of ["notquillet-morrow.top", "ddns.example", "other.ddns.example", "a.quillet.ddns.example"]) {
        expect((await ask(port, name)).status, name).toBe("REFUSED");
      }
    });
  });
});

describe("lists: nft", () => {
  itNeeds("nft")("takes the chain of the exporter's page beside the sets", async () => {
    const notes = readFileSync(new URL("../../../plugins/lists/notes.md", import.meta.url), "utf8");
    const chain = /^ {2}table inet rulewright \{\n.*?^ {2}\}$/ms.exec(notes)?.[0] as string;
    expect(chain).toContain("@ipv6_endpoints");
    const { files } = await render(lists, exampleIndicators(), { format: "nftables" });
    check(new Map([["rulewright.nft", Buffer.from(`${files.get("rulewright.nft")}${chain}\n`)]]), "nftables");
  });

  itNeeds("nft")("takes 20,000 addresses within seconds", async () => {
    const indicators = Array.from({ length: 20_000 }, (_, index) =>
      exampleIndicator("ipv4", { value: `45.32.${index >> 8}.${index & 255}` }),
    );
    const { files } = await render(lists, indicators, { format: "nftables" });
    check(files, "nftables");
  });
});

describe("lists: with a limit", () => {
  it("holds no more than the limit", async () => {
    const settings = { format: "generic", options: { maxRows: 2000 } };
    const { heapGrowth, skipped } = await measureStreaming(lists, "domain", 100_000, settings);
    expect(skipped).toBe(98_000);
    expect(heapGrowth).toBeLessThan(8 * 1024 * 1024);
  });

  it("passes the contract's checks of one type", async () => {
    const { files, skipped, indicators } = await render(lists, exampleIndicators(), { options: { maxRows: 1 } });
    expect((indicators as number) + skipped.length).toBe(6);
    check(files, "generic");
  });
});
