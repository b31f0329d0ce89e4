/** Every real body at once: nothing is misread, no noise comes out, the known C2 servers do. */
import { readFileSync } from "node:fs";
import { BlockList, isIPv6 } from "node:net";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { parseEndpoint, parseUrl } from "../../src/model/observable.ts";
import { loadCheck } from "../../src/verify/suricata.ts";
import { rulewright, temporaryFolder } from "../support/cli.ts";
import { hasProgram, itNeedsReference, referenceDir } from "../support/engines.ts";
import { exportedRows } from "../support/exported.ts";

/** The ranges of the IANA registries as a second hand wrote them down. */
const SPECIAL = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const)
  SPECIAL.addSubnet(network, prefix);

const BACKGROUND =
  /(?:^|\.)(?:(?:microsoft|windows|windowsupdate|msftncsi|msftconnecttest|msn|bing|live|office|office365|skype|msedge|digicert|sectigo|comodoca|usertrust|lencr|letsencrypt|globalsign|verisign|thawte|geotrust|entrust|godaddy|starfieldtech|amazontrust|gvt1|gstatic|googleapis|ipify|ip-api|ipinfo|icanhazip|ident|wtfismyip|ifconfig|myip|checkip|ntp|opendns|quad9|spamhaus|abuseat|uceprotect)\.(?:com|org|net|io|me|co|pki)|(?:in-addr|ip6)\.arpa|local|localdomain|dns\.google|one\.one\.one\.one)$/;
const RESOLVERS = new Set([
  "1.1.1.1",
  "1.0.0.1",
  "8.8.8.8",
  "8.8.4.4",
  "9.9.9.9",
  "114.114.114.114",
  "208.67.222.222",
  "208.67.220.220",
  "4.2.2.2",
  "223.5.5.5",
]);

describe("the real bodies", () => {
  itNeedsReference("are read without a false error and give infrastructure, not noise", async () => {
    const out = temporaryFolder();
    const { code, stderr } = await rulewright(["generate", join(referenceDir as string, "virustotal"), "--out", out]);
    expect(code).toBe(0);
    // They are years old, and generate says so.
    expect(stderr.match(/^warning: .*$/gm)).toEqual([
      expect.stringMatching(/^warning: as of 20\d\d-\d\d-\d\d, the newest/),
    ]);
    expect(stderr).not.toContain("could not be read");

    const rows = exportedRows(out);
    const hosts = rows.flatMap(({ type, value }) =>
      type === "domain" ? [value] : type === "url" && !parseUrl(value).isAddress ? [parseUrl(value).host] : [],
    );
    const addresses = rows.flatMap(({ type, value }) =>
      type === "ipv4" || type === "ipv6"
        ? [value]
        : type === "endpoint"
          ? [parseEndpoint(value).address]
          : type === "url" && parseUrl(value).isAddress
            ? [parseUrl(value).host]
            : [],
    );
    expect(hosts.filter((host) => !host.includes(".") || BACKGROUND.test(host))).toEqual([]);
    expect(
      addresses.filter(
        (address) => RESOLVERS.has(address) || (isIPv6(address) ? !/^[23]/.test(address) : SPECIAL.check(address)),
      ),
    ).toEqual([]);

    const exported = new Set(rows.map(({ value }) => value));
    const expected = [
      // Emotet
      "103.224.241.74:8080/tcp",
      "160.16.143.191:8080/tcp",
      "159.65.135.222:7080/tcp",
      "139.59.80.108:8080/tcp",
      // TrickBot
      "171.101.229.2:449/tcp",
      "103.56.207.230:443/tcp",
      "103.36.79.3:443/tcp",
      // Loki
      "jaikhodiyargroup.com",
      "http://jaikhodiyargroup.com/jsss/5/fre.php",
      "touxzw.ir",
      "http://touxzw.ir/sccc/five/fre.php",
      "94.156.177.41:80/tcp",
      "Mozilla/4.08 (Charon; Inferno)",
      // AgentTesla
      "mail.gunsaldi.com",
      "31.222.235.198:587/tcp",
      "162.254.34.31:587/tcp",
    ];
    expect(expected.filter((value) => !exported.has(value))).toEqual([]);
    if (hasProgram("suricata"))
      expect(await loadCheck(join(out, "suricata/rulewright.rules"))).toEqual({ ok: true, errors: [], warnings: [] });
    expect(JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")).input.problems).toBe(0);
  });

  itNeedsReference("export no value that only stands in memory", async () => {
    const out = temporaryFolder();
    const { stdout } = await rulewright([
      "generate",
      join(referenceDir as string, "virustotal"),
      "--to",
      "csv",
      "--out",
      out,
      "--explain",
      "--json",
    ]);
    const decided = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const onlyMemory = decided.filter(
      ({ evidence }) =>
        evidence.length > 0 &&
        evidence.length < 20 &&
        evidence.every(({ role }: { role: string }) => role === "memory"),
    );
    expect(onlyMemory.length).toBeGreaterThan(100);
    expect(onlyMemory.filter(({ verdict }) => verdict.decision !== "drop").map(({ value }) => value)).toEqual([]);
  });
});
