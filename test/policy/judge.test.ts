import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadBackground } from "../../src/enrich/background.ts";
import type { EvidenceRole } from "../../src/model/evidence.ts";
import type { Observable } from "../../src/model/observable.ts";
import { judge } from "../../src/policy/judge.ts";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import type { Facts } from "../../src/store/store.ts";
import { fileObject, report, verdictOn, wholeStore } from "../support/reports.ts";

const domain = (value: string): Observable => ({ type: "domain", value });
const ipv4 = (value: string): Observable => ({ type: "ipv4", value });
const endpoint = (value: string): Observable => ({ type: "endpoint", value });
const url = (value: string): Observable => ({ type: "url", value });
const lookup = (hostname: string, ...resolved_ips: string[]) => ({ dns_lookups: [{ hostname, resolved_ips }] });
const traffic = (destination_ip: string, destination_port = 443) => ({
  ip_traffic: [{ destination_ip, destination_port, transport_layer_protocol: "TCP" }],
});
const MALWARE = { verdicts: ["MALWARE"] };

async function outcome(observable: Observable, ...bodies: object[]): Promise<string> {
  const { verdict } = await verdictOn(observable, bodies);
  return `${verdict.decision} ${verdict.reasons.map(({ id }) => id).join(" ")}`;
}

describe("hosts", () => {
  it("keeps a dedicated host, matched with everything below it", async () => {
    const row = await verdictOn(domain("quillet-morrow.top"), [
      report({ ...lookup("quillet-morrow.top"), ...MALWARE }),
    ]);
    expect(row.verdict).toEqual({
      decision: "keep",
      confidence: 65,
      reasons: [
        { id: "dns-lookup", weight: 50, text: "looked up by 1 sample" },
        { id: "malicious-sample", weight: 15, text: "1 of 1 sample malicious by engines or sandbox" },
      ],
    });
    expect(row.scope).toBe("subtree");
  });

  it.each([
    ["wpad", "special-use-name"],
    ["7.17.32.45.in-addr.arpa", "special-use-name"],
    ["printer.local", "special-use-name"],
    ["github.io", "public-suffix"],
    ["quillet.comi", "unknown-suffix"],
    ["173.160.99.20.zen.spamhaus.org", "block-list-query|security-vendor"],
    ["www.msftconnecttest.com", "connectivity-check"],
    ["ctldl.windowsupdate.com", "os-telemetry"],
    ["ocsp.digicert.com", "certificate-service"],
    ["pool.ntp.org", "time-service"],
    ["api.ipify.org", "ip-echo"],
    ["dns.google", "public-resolver"],
    ["pastebin.com", "borrowed-host"],
    ["cdn.discordapp.com", "borrowed-host"],
    ["bit.ly", "borrowed-host"],
    ["duckdns.org", "dynamic-dns-parent|public-suffix"],
  ])("drops %s: %s", async (host, reason) => {
    expect(await outcome(domain(host), report({ ...lookup(host), ...MALWARE }))).toMatch(
      new RegExp(`^drop (?:${reason})$`),
    );
  });

  it.each([
    "time.windows.com.evil-quillet.top",
    "ocsp.digicert.com.evil-quillet.top",
    "notpastebin.com",
    "evil-github.com",
  ])("is not fooled by %s", async (host) => {
    expect(await outcome(domain(host), report({ ...lookup(host), ...MALWARE }))).toMatch(/^keep /);
  });

  it.each(["quillet.duckdns.org", "quillet.pages.dev", "quillet.beget.tech", "quillet.github.io"])(
    "keeps the customer %s as exactly this host",
    async (host) => {
      const row = await verdictOn(domain(host), [report({ ...lookup(host), ...MALWARE })]);
      expect([row.verdict.decision, row.scope]).toEqual(["keep", "host"]);
    },
  );

  it("lets the tunnel's carrier stand for the names below it", async () => {
    const names = Array.from({ length: 12 }, (_, n) => ({ hostname: `${"x9f3a".repeat(5)}${n}.tunnel-carrier.top` }));
    const body = report({ dns_lookups: names, ...MALWARE });
    expect(await outcome(domain("tunnel-carrier.top"), body)).toMatch(/^keep tunnel/);
    expect(await outcome(domain(`${"x9f3a".repeat(5)}3.tunnel-carrier.top`), body)).toBe("drop tunnel-payload");
  });

  it("popular is not benign, and one detection is noise", async () => {
    const object = (rank: number, malicious: number) => ({
      type: "domain",
      id: "quillet-morrow.top",
      attributes: {
        last_analysis_date: 1_760_000_000,
        last_analysis_stats: { malicious, undetected: 80 },
        popularity_ranks: { "Cisco Umbrella": { rank, timestamp: 1_760_000_000 } },
      },
    });
    const contact = report(lookup("quillet-morrow.top"));
    expect(await outcome(domain("quillet-morrow.top"), contact, object(500_000, 6))).toMatch(
      /^keep .*detections popular/,
    );
    expect(await outcome(domain("quillet-morrow.top"), contact, object(900, 0))).toMatch(/^drop .*popular/);
    expect(await outcome(domain("quillet-morrow.top"), contact, object(50_000, 1))).not.toContain("detections");
  });

  it("drops what only stands in memory and reviews what a clean sample contacts", async () => {
    expect(
      await outcome(
        domain("quillet-morrow.top"),
        report({ memory_pattern_domains: ["quillet-morrow.top"], ...MALWARE }),
      ),
    ).toBe("drop memory-only");
    expect(
      await outcome(domain("quillet-morrow.top"), report({ ...lookup("quillet-morrow.top"), verdicts: ["CLEAN"] })),
    ).toMatch(/^(review|drop) .*clean-samples/);
  });

  it("unlabelled samples of one campaign are no reason against it", async () => {
    const bodies = Array.from({ length: 8 }, (_, n) =>
      report({ ...lookup("quillet-morrow.top"), ...MALWARE }, { sample: n + 1 }),
    );
    expect(await outcome(domain("quillet-morrow.top"), ...bodies)).toMatch(/^keep/);
  });

  it("what no engine or sandbox calls malicious goes to review, and silence of many engines counts against it", async () => {
    expect(
      await outcome(
        domain("quillet-morrow.top"),
        report({ ...lookup("quillet-morrow.top"), verdicts: ["UNKNOWN_VERDICT"] }),
      ),
    ).toMatch(/^review .*undecided-samples/);
    const object = (created: number) => ({
      type: "domain",
      id: "quillet-morrow.top",
      attributes: {
        creation_date: created,
        last_analysis_date: 1_760_000_000,
        last_analysis_stats: { malicious: 0, undetected: 90 },
      },
    });
    const dated = report({ ...lookup("quillet-morrow.top"), analysis_date: 1_760_000_000 });
    expect(await outcome(domain("quillet-morrow.top"), dated, object(1_300_000_000))).toBe(
      "drop dns-lookup unsuspected",
    );
    expect(
      await outcome(
        domain("quillet-morrow.top"),
        report({ ...lookup("quillet-morrow.top"), ...MALWARE, analysis_date: 1_760_000_000 }),
        object(1_759_000_000),
      ),
    ).toMatch(/^keep .*young/);
  });

  it("an address in the first labels is a block-list query unless somebody talks to the host", async () => {
    const host = "10.20.30.40.c2.quillet-morrow.top";
    expect(await outcome(domain(host), report({ ...lookup(host), ...MALWARE }))).toBe("drop block-list-query");
    expect(
      await outcome(
        domain(host),
        report({ http_conversations: [{ url: `http://${host}/`, request_method: "GET" }], ...MALWARE }),
      ),
    ).toMatch(/^keep/);
  });

  it.each(["ec2-52-3-3-9.compute-1.amazonaws.com", "ec2-18-130-10-20.eu-west-2.compute.amazonaws.com"])(
    "a rented machine's name %s is one customer's, and so is its address",
    async (host) => {
      const address = /ec2-(\d+)-(\d+)-(\d+)-(\d+)/.exec(host)?.slice(1).join(".") as string;
      const body = report({ ...lookup(host, address), ...traffic(address, 4444), ...MALWARE });
      expect(await outcome(domain(host), body)).toMatch(/^keep/);
      expect(await outcome(endpoint(`${address}:4444/tcp`), body)).toMatch(/^keep/);
    },
  );

  it("what many unrelated families contact belongs to nobody", async () => {
    const bodies = ["emotet", "qakbot", "icedid", "ursnif"].map((family, n) =>
      report({ ...lookup("quillet-morrow.top"), verdict_labels: [family], ...MALWARE }, { sample: n + 1 }),
    );
    expect(await outcome(domain("quillet-morrow.top"), ...bodies)).toMatch(/many-families/);
    expect(await outcome(domain("quillet-morrow.top"), ...bodies)).not.toMatch(/^keep/);
  });
});

describe("addresses and endpoints", () => {
  it.each(["10.0.0.1", "192.0.2.7", "239.255.255.250", "127.0.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255"])(
    "drops %s as special-use, with its endpoint",
    async (address) => {
      expect(await outcome(ipv4(address), report({ ...traffic(address), ...MALWARE }))).toBe(
        "drop special-use-address",
      );
      expect(await outcome(endpoint(`${address}:443/tcp`), report({ ...traffic(address), ...MALWARE }))).toBe(
        "drop special-use-address",
      );
    },
  );

  it("drops resolvers, and the address of a dropped host with it", async () => {
    expect(await outcome(ipv4("8.8.8.8"), report({ ...traffic("8.8.8.8", 53), ...MALWARE }))).toBe(
      "drop public-resolver",
    );
    const body = report({ ...lookup("ocsp.digicert.com", "45.32.17.9"), ...traffic("45.32.17.9", 80), ...MALWARE });
    expect(await outcome(ipv4("45.32.17.9"), body)).toBe("drop resolved-from-dropped");
    expect(await outcome(endpoint("45.32.17.9:80/tcp"), body)).toBe("drop address-dropped");
  });

  it("one lookup of an impossible name does not clear an address that malware talks to", async () => {
    const contacted = [1, 2].map((sample) => report({ ...traffic("45.32.17.9", 4444), ...MALWARE }, { sample }));
    const cleared = report({ ...lookup("wpad.quillet.localdomain", "45.32.17.9"), ...MALWARE }, { sample: 3 });
    expect(await outcome(endpoint("45.32.17.9:4444/tcp"), ...contacted, cleared)).toMatch(/^keep/);
  });

  it("who once resolved to an address says nothing of it", async () => {
    const resolution = {
      type: "resolution",
      id: "x",
      attributes: { host_name: "old-tenant.github.io", ip_address: "45.32.17.9", date: 1_500_000_000 },
    };
    expect(
      await outcome(ipv4("45.32.17.9"), report({ ...traffic("45.32.17.9", 4444), ...MALWARE }), resolution),
    ).toMatch(/^keep/);
  });

  it("an address in a network that the owner shares among many is context", async () => {
    const object = { type: "ip_address", id: "45.32.17.9", attributes: { as_owner: "Akamai Technologies, Inc." } };
    expect(await outcome(ipv4("45.32.17.9"), report({ ...traffic("45.32.17.9"), ...MALWARE }), object)).toMatch(
      /^(review|drop) .*shared-address/,
    );
  });

  it("keeps what is contacted by address, and the address of a kept host", async () => {
    expect(await outcome(endpoint("45.32.17.9:8443/tcp"), report({ ...traffic("45.32.17.9", 8443), ...MALWARE }))).toBe(
      "keep contacted malicious-sample by-address unusual-port",
    );
    expect(
      await outcome(
        ipv4("45.32.17.9"),
        report({ ...lookup("quillet-morrow.top", "45.32.17.9"), ...traffic("45.32.17.9"), ...MALWARE }),
      ),
    ).toBe("keep contacted malicious-sample resolved-from-kept");
  });

  it("an address that is only resolved is context", async () => {
    const bodies = [1, 2, 3].map((sample) =>
      report({ ...lookup("quillet-morrow.top", "45.32.17.9"), verdict_labels: ["quillet"], ...MALWARE }, { sample }),
    );
    expect(await outcome(ipv4("45.32.17.9"), ...bodies)).toMatch(/^review resolution/);
  });

  it("shared addresses are context, but not on a port of the malware's own", async () => {
    expect(await outcome(ipv4("104.16.1.1"), report({ ...traffic("104.16.1.1"), ...MALWARE }))).toMatch(
      /^(review|drop) .*shared-address/,
    );
    expect(
      await outcome(endpoint("104.16.1.1:2082/tcp"), report({ ...traffic("104.16.1.1", 2082), ...MALWARE })),
    ).toMatch(/^keep/);
    const tenant = report({ ...lookup("quillet.pages.dev", "45.32.17.9"), ...traffic("45.32.17.9"), ...MALWARE });
    expect(await outcome(ipv4("45.32.17.9"), tenant)).toMatch(/shared-address/);
  });

  it("protocols of the local network and the sandbox's resolver are no contact", async () => {
    expect(await outcome(endpoint("45.32.17.9:137/tcp"), report({ ...traffic("45.32.17.9", 137), ...MALWARE }))).toBe(
      "drop local-protocol",
    );
    expect(await outcome(endpoint("45.32.17.9:53/tcp"), report({ ...traffic("45.32.17.9", 53), ...MALWARE }))).toMatch(
      /^review .*service-port/,
    );
  });

  it("an alert of weight speaks for the address, an idle one does not", async () => {
    const alert = (rule_msg: string) =>
      report({
        ...traffic("45.32.17.9"),
        ids_alerts: [{ rule_msg, alert_severity: "high", alert_context: { dest_ip: "45.32.17.9", dest_port: 443 } }],
      });
    expect(await outcome(endpoint("45.32.17.9:443/tcp"), alert("ET MALWARE Quillet Checkin"))).toContain("ids-alerts");
    expect(await outcome(endpoint("45.32.17.9:443/tcp"), alert("ET INFO External IP Lookup"))).not.toContain(
      "ids-alerts",
    );
  });
});

describe("URLs", () => {
  const request = (target: string) =>
    report({ http_conversations: [{ url: target, request_method: "GET" }], ...MALWARE });
  it("on a shared host the URL is the indicator and never the host", async () => {
    const row = await verdictOn(url("https://pastebin.com/raw/Qu1lleT"), [request("https://pastebin.com/raw/Qu1lleT")]);
    expect([row.verdict.decision, row.labels]).toEqual(["keep", ["shared-host"]]);
    expect(await outcome(url("https://pastebin.com/"), request("https://pastebin.com/"))).toBe("drop borrowed-host");
  });

  it("is no word on a host that is not good enough for an indicator itself", async () => {
    const target = "https://opt.quillet-morrow.top/unsub/a";
    const listed = {
      data: [
        { type: "url", id: "u", attributes: { url: target, last_analysis_stats: { malicious: 9, harmless: 80 } } },
      ],
      links: { self: `https://www.virustotal.com/api/v3/files/${"a".repeat(64)}/contacted_urls` },
    };
    expect(await outcome(domain("opt.quillet-morrow.top"), listed)).toMatch(/^review/);
    const row = await verdictOn(url(target), [listed]);
    expect([row.verdict.decision, row.labels]).toEqual(["keep", ["host-not-kept"]]);
  });

  it("on a shared address path and host together are one customer's", async () => {
    expect(
      await outcome(url("http://104.21.12.202:8080/gate.php"), request("http://104.21.12.202:8080/gate.php")),
    ).toMatch(/^keep/);
  });

  it("falls with its host", async () => {
    expect(await outcome(url("http://ocsp.digicert.com/x"), request("http://ocsp.digicert.com/x"))).toBe(
      "drop certificate-service",
    );
    expect(await outcome(url("http://10.0.0.1/x"), request("http://10.0.0.1/x"))).toBe("drop special-use-address");
    expect(await outcome(url("http://quillet-morrow.top/x"), request("http://quillet-morrow.top/x"))).toMatch(
      /^keep http-request/,
    );
  });
});

describe("artefacts", () => {
  const session = (sni: string, ja3: string, sample = 1) =>
    report({ tls: [{ sni, ja3 }], verdict_labels: ["quillet"], ...MALWARE }, { sample });
  const JA3 = "6734f37431670b3ab4292b8f60f29984";
  it("a fingerprint is known by its company", async () => {
    const ja3: Observable = { type: "ja3", value: JA3 };
    expect(await outcome(ja3, session("quillet-morrow.top", JA3))).toMatch(/^review .*kept-peer/);
    expect(await outcome(ja3, session("quillet-morrow.top", JA3), session("quillet-morrow.top", JA3, 2))).toMatch(
      /^keep .*kept-peer several-samples/,
    );
    expect(await outcome(ja3, session("quillet-morrow.top", JA3), session("login.live.com", JA3, 2))).toMatch(
      /^drop .*background-peer/,
    );
    expect(
      await outcome(
        { type: "ja3", value: "28a2c9bd18a11de089ef85a160da29e4" },
        session("quillet-morrow.top", "28a2c9bd18a11de089ef85a160da29e4"),
      ),
    ).toBe("drop common-fingerprint");
  });

  it("a server's fingerprint is no surer for being met more often", async () => {
    const answered = (sample: number) =>
      report({ tls: [{ sni: "quillet-morrow.top", ja3s: JA3 }], verdict_labels: ["quillet"], ...MALWARE }, { sample });
    const ja3s: Observable = { type: "ja3s", value: JA3 };
    const once = await outcome(ja3s, answered(1));
    expect(once).toMatch(/^review .*kept-peer/);
    expect(await outcome(ja3s, answered(1), answered(2), answered(3))).toBe(once);
  });

  it("an odd user agent towards kept hosts is kept, a browser's never", async () => {
    const request = (agent: string) =>
      report({
        http_conversations: [
          { url: "http://quillet-morrow.top/x", request_method: "GET", request_headers: { "User-Agent": agent } },
        ],
        ...MALWARE,
      });
    expect(
      await outcome(
        { type: "user-agent", value: "Mozilla/4.08 (Quillet; Morrow)" },
        request("Mozilla/4.08 (Quillet; Morrow)"),
      ),
    ).toMatch(/^keep/);
    const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36";
    expect(await outcome({ type: "user-agent", value: browser }, request(browser))).toBe("drop common-user-agent");
  });

  it("the sample's hash is kept by detections or a sandbox verdict, not by itself", async () => {
    const hash: Observable = { type: "sha256", value: `${"5".repeat(63)}1` };
    expect(await outcome(hash, report(MALWARE))).toMatch(/^keep sample malicious-sample/);
    expect(await outcome(hash, report({}))).toMatch(/^review sample$/);
    expect(await outcome(hash, fileObject(1, { last_analysis_stats: { malicious: 3, undetected: 60 } }))).toBe(
      "review sample",
    );
    expect(await outcome(hash, fileObject(1, { last_analysis_stats: { malicious: 1, undetected: 60 } }))).toBe(
      "drop sample clean-samples",
    );
  });

  it("a mutex needs company", async () => {
    const body = (sample: number) =>
      report({ mutexes_created: ["Quillet-4471"], verdict_labels: ["quillet"], ...MALWARE }, { sample });
    expect(await outcome({ type: "mutex", value: "Quillet-4471" }, body(1))).toMatch(/^review/);
    expect(await outcome({ type: "mutex", value: "Quillet-4471" }, body(1), body(2))).toMatch(/^keep/);
  });
});

describe("host artefacts", () => {
  const RUN = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Run\Quillet`;
  const key = (value: string): Observable => ({ type: "registry-key", value });
  const shown = (attributes: object, families: readonly (string | undefined)[]) =>
    families.map((family, n) =>
      report({ ...attributes, ...MALWARE, ...(family ? { verdict_labels: [family] } : {}) }, { sample: n + 1 }),
    );
  const QUILLET = ["quillet", "quillet", "quillet"];

  it("are kept when samples of one family share them", async () => {
    const bodies = shown({ registry_keys_set: [{ key: RUN }] }, QUILLET);
    expect(await outcome(key(RUN.replace("HKCU", "HKEY_CURRENT_USER")), ...bodies)).toBe(
      "keep host-artefact autostart malicious-sample several-samples",
    );
  });

  it("samples of no known family are no family", async () => {
    const [path, mutex] = [String.raw`C:\ProgramData\morrow\a.dat`, "MorrowLock"];
    const bodies = shown({ files_dropped: [{ path }], mutexes_created: [mutex] }, [undefined, undefined, undefined]);
    expect(await outcome({ type: "file-path", value: path }, ...bodies)).toBe("review host-artefact malicious-sample");
    expect(await outcome({ type: "mutex", value: mutex }, ...bodies)).toBe("review mutex malicious-sample");
  });

  it("count the samples of the family and not those of none", async () => {
    const path = String.raw`C:\ProgramData\morrow\a.dat`;
    const bodies = shown({ files_dropped: [{ path }] }, ["quillet", "quillet", undefined, undefined]);
    const { verdict } = await verdictOn({ type: "file-path", value: path }, bodies);
    expect(verdict.reasons).toContainEqual({
      id: "several-samples",
      weight: 15,
      text: "seen in 2 samples of quillet",
    });
  });

  it.each<[Observable, object, string]>([
    [
      key(String.raw`HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W32Time\Config\LastKnownGoodTime`),
      { registry_keys_set: [{ key: String.raw`HKLM\SYSTEM\ControlSet001\Services\W32Time\Config\LastKnownGoodTime` }] },
      "drop common-registry-key",
    ],
    [
      key(String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates\AB`),
      { registry_keys_set: [{ key: String.raw`HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates\AB` }] },
      "review host-artefact common-registry-key malicious-sample several-samples",
    ],
    [
      { type: "command-line", value: String.raw`"%SAMPLEPATH%\a.exe" /q` },
      { command_executions: [String.raw`"%SAMPLEPATH%\a.exe" /q`] },
      "drop sandbox-place",
    ],
    [
      { type: "command-line", value: String.raw`C:\Windows\system32\wermgr.exe` },
      { command_executions: [String.raw`C:\Windows\system32\wermgr.exe`] },
      "review host-artefact bare-program malicious-sample several-samples",
    ],
    [
      { type: "file-path", value: String.raw`C:\Sysmon\0123` },
      { files_dropped: [{ path: String.raw`C:\Sysmon\0123` }] },
      "drop sandbox-place",
    ],
    [{ type: "file-path", value: "edb.chk" }, { files_dropped: [{ path: "edb.chk" }] }, "drop common-path"],
  ])("$0.value of one family: $2", async (observable, attributes, expected) => {
    expect(await outcome(observable, ...shown(attributes, QUILLET))).toBe(expected);
  });

  it("a dropped file that only bears names of Windows's own is not kept", async () => {
    const hash: Observable = { type: "sha256", value: "ab".repeat(32) };
    const dropping = (...names: string[]) =>
      names.flatMap((name, n) =>
        report(
          {
            files_dropped: [{ path: `C:\\Temp\\${name}`, sha256: hash.value }],
            verdict_labels: ["quillet"],
            ...MALWARE,
          },
          { sample: n + 1 },
        ),
      );
    expect(await outcome(hash, ...dropping("authrootstl.cab", "authrootstl.cab", "pinrulesstl.cab"))).toBe(
      "review dropped-file malicious-sample common-file-name several-samples",
    );
    expect(await outcome(hash, ...dropping("authrootstl.cab", "authrootstl.cab", "quillet.exe"))).toBe(
      "keep dropped-file malicious-sample several-samples",
    );
    const detected = { type: "file", id: hash.value, attributes: { last_analysis_stats: { malicious: 40 } } };
    expect(await outcome(hash, ...dropping("authrootstl.cab"), detected)).toBe("keep sample malicious-sample");
  });

  it.each<[string, number, string]>([
    ["eicar.bat", 81, "drop test-file"],
    ["EICAR test antivirus.txt", 200, "drop test-file"],
    ["eicar.exe", 201, "keep sample malicious-sample"],
    ["quillet.bat", 81, "keep sample malicious-sample"],
  ])("%s of %i bytes: %s", async (meaningful_name, size, expected) => {
    const file = fileObject(1, { meaningful_name, size, last_analysis_stats: { malicious: 6, undetected: 50 } });
    expect(await outcome({ type: "sha256", value: `${"5".repeat(63)}1` }, file)).toBe(expected);
  });
});

describe("properties of the judge", () => {
  const context = { background: loadBackground(), policy: DEFAULT_POLICY, ...wholeStore({ samples: 100 }) };
  const facts = (overrides: Partial<Facts>): Facts => ({
    id: 1,
    observable: domain("quillet-morrow.top"),
    roles: new Map<EvidenceRole, number>([["dns-lookup", 1]]),
    samples: 1,
    maliciousSamples: 0,
    cleanSamples: 0,
    undecidedSamples: 0,
    sandboxes: 1,
    families: new Map(),
    alerts: [],
    links: [],
    ...overrides,
  });

  it("the weights of the reasons add up to the confidence", () => {
    const arbitrary = fc.record({
      samples: fc.nat(50),
      maliciousSamples: fc.nat(50),
      cleanSamples: fc.nat(50),
      sandboxes: fc.nat(10),
      families: fc.dictionary(fc.constantFrom("emotet", "icedid", "qakbot", "vidar"), fc.integer({ min: 1, max: 20 }), {
        maxKeys: 4,
      }),
      enrichment: fc.record({
        malicious: fc.nat(90),
        engines: fc.constant(90),
        bestRank: fc.integer({ min: 1, max: 2_000_000 }),
        gtiVerdict: fc.constantFrom("VERDICT_MALICIOUS", "VERDICT_BENIGN", "X"),
      }),
    });
    fc.assert(
      fc.property(arbitrary, ({ families, ...overrides }) => {
        const { verdict } = judge(facts({ ...overrides, families: new Map(Object.entries(families)) }), context);
        expect(verdict.reasons.reduce((sum, { weight }) => sum + weight, 0)).toBe(verdict.confidence);
        expect(verdict.confidence).toBeGreaterThanOrEqual(0);
        expect(verdict.confidence).toBeLessThanOrEqual(100);
      }),
    );
  });

  it("more detections, samples or sandboxes never lower the confidence", () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.nat(60),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (m, more, samples, further) => {
          const base = {
            samples,
            sandboxes: 1,
            families: new Map([["quillet", samples]]),
            enrichment: { malicious: m, engines: 120 },
          };
          const confidence = (overrides: Partial<Facts>): number =>
            judge(facts({ ...base, ...overrides }), context).verdict.confidence;
          expect(confidence({ enrichment: { malicious: m + more, engines: 120 } })).toBeGreaterThanOrEqual(
            confidence({}),
          );
          expect(
            confidence({ samples: samples + further, families: new Map([["quillet", samples + further]]) }),
          ).toBeGreaterThanOrEqual(confidence({}));
          expect(confidence({ sandboxes: 1 + further })).toBeGreaterThanOrEqual(confidence({}));
        },
      ),
    );
  });
});
