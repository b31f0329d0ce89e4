import { describe, expect, it } from "vitest";
import { familyName } from "../../src/collect/families.ts";
import { collectBody, fileObject, report, sampleId } from "../support/reports.ts";

const one = (attributes: object) => {
  const [collected] = collectBody(report(attributes));
  if (!collected) throw new Error("nothing collected");
  return collected;
};
const seen = (attributes: object): string[] =>
  one(attributes).evidence.map(
    ({ role, observable, place }) => `${role} ${observable.type} ${observable.value} @ ${place}`,
  );
const links = (attributes: object): string[] =>
  one(attributes).links.map(({ from, kind, to }) => `${from.value} ${kind} ${to.value}`);
const ID = `sample sha256 ${sampleId(1)} @ id`;

describe("collectReport", () => {
  it("dns_lookups: host, resolved addresses and the link between them", () => {
    const attributes = {
      dns_lookups: [{ hostname: "Evil.TOP.", resolved_ips: ["45.32.17.9", "::ffff:45.32.17.10", "junk"] }],
    };
    expect(seen(attributes)).toEqual([
      "dns-lookup domain evil.top @ dns_lookups[0].hostname",
      "resolution ipv4 45.32.17.9 @ dns_lookups[0].resolved_ips[0]",
      "resolution ipv4 45.32.17.10 @ dns_lookups[0].resolved_ips[1]",
      ID,
    ]);
    expect(links(attributes)).toEqual(["evil.top resolves-to 45.32.17.9", "evil.top resolves-to 45.32.17.10"]);
    expect(one(attributes).rejections).toEqual([
      { value: "junk", place: "dns_lookups[0].resolved_ips[2]", reason: "not an IP address" },
    ]);
  });

  it("dns_lookups: a bare address is no name", () => {
    expect(one({ dns_lookups: [{ hostname: "45.32.17.9" }] }).rejections).toEqual([
      { value: "45.32.17.9", place: "dns_lookups[0].hostname", reason: "an address or number posing as a host name" },
    ]);
  });

  it("dns_lookups: many long names below one domain are a tunnel", () => {
    const names = Array.from({ length: 12 }, (_, n) => ({ hostname: `${"x9f3a".repeat(5)}${n}.t.tunnel-carrier.top` }));
    const found = seen({ dns_lookups: names });
    expect(found).toContain("tunnel domain tunnel-carrier.top @ dns_lookups");
    expect(
      links({ dns_lookups: names }).filter((link) => link.endsWith("tunnel-below tunnel-carrier.top")),
    ).toHaveLength(12);
    expect(seen({ dns_lookups: names.slice(0, 9) }).join()).not.toContain("tunnel domain");
  });

  it("ip_traffic: address and endpoint, TCP where only the protocol is missing, none for ICMP", () => {
    const attributes = {
      ip_traffic: [
        { destination_ip: "45.32.17.9", destination_port: 8443, transport_layer_protocol: "UDP" },
        { destination_ip: "45.32.17.10", destination_port: "443" },
        { destination_ip: "45.32.17.11", transport_layer_protocol: "ICMP", destination_port: 8 },
        { destination_ip: "45.32.17.12" },
        { destination_ip: "45.32.17.13", destination_port: 99_999 },
      ],
    };
    expect(seen(attributes).filter((line) => line.includes("endpoint"))).toEqual([
      "contacted endpoint 45.32.17.9:8443/udp @ ip_traffic[0]",
      "contacted endpoint 45.32.17.10:443/tcp @ ip_traffic[1]",
    ]);
    expect(seen(attributes).filter((line) => line.includes(" ipv4 "))).toHaveLength(5);
    expect(links(attributes)).toEqual([
      "45.32.17.9:8443/udp at-address 45.32.17.9",
      "45.32.17.10:443/tcp at-address 45.32.17.10",
    ]);
  });

  it("http_conversations: URL with method, user agent and status; host; endpoint of an address; no cookie", () => {
    const attributes = {
      http_conversations: [
        {
          url: "HTTP://45.32.17.9:8080/a?b=1",
          request_method: "post",
          request_headers: { "user-agent": "Quillet/1", Cookie: "session=secret" },
          response_status_code: 2,
        },
        { url: "evil.top/x", request_method: "GET", response_status_code: 404 },
      ],
    };
    const collected = one(attributes);
    expect(collected.evidence.map(({ observable, note }) => [observable.value, note])).toEqual([
      ["http://45.32.17.9:8080/a?b=1", { methods: ["POST"], userAgents: ["Quillet/1"] }],
      ["45.32.17.9", undefined],
      ["45.32.17.9:8080/tcp", undefined],
      ["Quillet/1", undefined],
      ["http://evil.top/x", { methods: ["GET"], statuses: [404] }],
      ["evil.top", undefined],
      [sampleId(1), undefined],
    ]);
    expect(links(attributes)).toEqual([
      "http://45.32.17.9:8080/a?b=1 hosted-at 45.32.17.9",
      "45.32.17.9:8080/tcp at-address 45.32.17.9",
      "Quillet/1 session-with 45.32.17.9",
      "http://evil.top/x hosted-at evil.top",
    ]);
    expect(JSON.stringify(collected)).not.toContain("secret");
  });

  it("http_conversations: CONNECT names a host, not a URL", () => {
    expect(seen({ http_conversations: [{ url: "evil.top:443", request_method: "CONNECT" }] })).toEqual([
      "http-request domain evil.top @ http_conversations[0].url",
      ID,
    ]);
  });

  it("tls: server name, fingerprints, certificate and the flow, linked", () => {
    const attributes = {
      tls: [
        {
          sni: "panel.evil.top",
          ja3: "6734F37431670B3AB4292B8F60F29984",
          ja4: "t13d1516h2_8daaf6152771_b186095e22b6",
          thumbprint: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445",
          subject: { CN: "panel" },
          issuer: { CN: "panel" },
          serial_number: "01",
          ip_traffic: [{ destination_ip: "45.32.17.9", destination_port: 443, transport_layer_protocol: "TCP" }],
        },
      ],
    };
    expect(links(attributes)).toContain("6734f37431670b3ab4292b8f60f29984 session-with panel.evil.top");
    expect(links(attributes)).toContain("3f1d2c4b5a69788796a5b4c3d2e1f00112233445 session-with 45.32.17.9:443/tcp");
    const certificate = one(attributes).evidence.find(({ observable }) => observable.type === "certificate");
    expect(certificate?.note).toEqual({
      certificate: { serial: "01", issuer: "CN=panel", subject: "CN=panel", isSelfSigned: true },
    });
  });

  it("smtp_conversations: host and endpoint, never a mailbox", () => {
    const attributes = {
      smtp_conversations: [
        {
          hostname: "mail.evil.top",
          destination_ip: "45.32.17.9",
          destination_port: 587,
          smtp_from: "<victim@corp.example>",
          smtp_to: ["drop@evil.top"],
          auth_pass: "hunter2",
        },
      ],
    };
    expect(seen(attributes)).toEqual([
      "smtp-session domain mail.evil.top @ smtp_conversations[0].hostname",
      "smtp-session ipv4 45.32.17.9 @ smtp_conversations[0]",
      "smtp-session endpoint 45.32.17.9:587/tcp @ smtp_conversations[0]",
      ID,
    ]);
    expect(links(attributes)).toContain("mail.evil.top resolves-to 45.32.17.9");
    expect(JSON.stringify(one(attributes))).not.toMatch(/victim|drop@|hunter2/);
  });

  it("ids_alerts: what they point at with severity and message, never the rule text", () => {
    const attributes = {
      ids_alerts: [
        {
          rule_msg: "ET MALWARE X Checkin",
          alert_severity: "high",
          rule_raw: "alert tcp secret",
          alert_context: { dest_ip: "45.32.17.9", dest_port: 80, hostname: "evil.top" },
        },
      ],
    };
    const alerts = one(attributes).evidence.filter(({ role }) => role === "ids-alert");
    expect(alerts.map(({ observable, note }) => [observable.value, note?.severity])).toEqual([
      ["evil.top", "high"],
      ["45.32.17.9", "high"],
      ["45.32.17.9:80/tcp", "high"],
    ]);
    expect(JSON.stringify(alerts)).not.toContain("alert tcp");
  });

  it("ids_alerts: an alert on the answer points at its source; the gravest alert on a value is remembered", () => {
    const context = {
      src_ip: "45.32.17.9",
      src_port: 443,
      dest_ip: "192.168.0.5",
      dest_port: 49_000,
      protocol: "TCP",
      ja3s: ["e35df3e00ca4ef31d42b34bebaa2f86e"],
    };
    const attributes = {
      ids_alerts: [
        { rule_msg: "ET INFO x", alert_severity: "info", alert_context: context },
        { rule_msg: "ET MALWARE y", alert_severity: "high", alert_context: context },
      ],
    };
    const server = one(attributes).evidence.find(({ observable }) => observable.value === "45.32.17.9:443/tcp");
    expect(server?.note).toEqual({ rank: 0, severity: "high", message: "ET MALWARE y" });
    expect(seen(attributes)).toContain("ids-alert ja3s e35df3e00ca4ef31d42b34bebaa2f86e @ ids_alerts[1]");
  });

  it("http_conversations: one URL asked for in several ways keeps them all", () => {
    const attributes = {
      http_conversations: [
        {
          url: "http://evil.top/x",
          request_method: "POST",
          request_headers: { "User-Agent": "B" },
          response_status_code: 404,
        },
        {
          url: "http://evil.top/x",
          request_method: "GET",
          request_headers: { "User-Agent": "A" },
          response_status_code: 200,
        },
      ],
    };
    expect(one(attributes).evidence[0]?.note).toEqual({
      methods: ["GET", "POST"],
      userAgents: ["A", "B"],
      statuses: [200, 404],
    });
  });

  it("takes as many tunnel names as it must without slowing down", () => {
    const names = Array.from({ length: 40_000 }, (_, n) => ({
      hostname: `${"x9f3a".repeat(5)}${n}.tunnel-carrier.top`,
    }));
    expect(links({ dns_lookups: names })).toHaveLength(40_000);
  });

  it("memory_pattern_*: ports and junk, all with the role memory", () => {
    const found = seen({
      memory_pattern_domains: ["mail.evil.top:25", "sajatypeworks.comi"],
      memory_pattern_ips: ["2.5.4.3", "160.16.143.191:8080"],
      memory_pattern_urls: ["http://ocsp.thawte.com0"],
    });
    expect(found.filter((line) => line !== ID).every((line) => line.startsWith("memory "))).toBe(true);
    expect(found).toContain("memory domain mail.evil.top @ memory_pattern_domains[0]");
    expect(found).toContain("memory ipv4 160.16.143.191 @ memory_pattern_ips[1]");
  });

  it("host artefacts: mutexes, registry keys, dropped files, commands; no decoded text", () => {
    const attributes = {
      mutexes_created: ["\\Sessions\\1\\BaseNamedObjects\\Quillet-1"],
      registry_keys_set: [{ key: "HKCU\\Software\\Quillet", value: "1" }],
      files_dropped: [{ path: "C:\\Users\\x\\a.exe", sha256: sampleId(9) }],
      command_executions: ["cmd /c whoami"],
      text_decoded: ["ftp://user:password@host"],
      crypto_plain_text: ["secret"],
    };
    expect(seen(attributes)).toEqual([
      "created mutex Quillet-1 @ mutexes_created[0]",
      "set registry-key HKEY_CURRENT_USER\\Software\\Quillet @ registry_keys_set[0].key",
      `dropped-file sha256 ${sampleId(9)} @ files_dropped[0].sha256`,
      "dropped-file file-path C:\\Users\\x\\a.exe @ files_dropped[0].path",
      "executed command-line cmd /c whoami @ command_executions[0]",
      ID,
    ]);
    expect(JSON.stringify(one(attributes))).not.toMatch(/password|secret/);
  });

  it("the sample: verdicts, families, techniques; a nonsense date counts as none", () => {
    const collected = one({
      verdicts: ["MALWARE"],
      verdict_labels: ["Agent Tesla", "Mal/HTMLGen-A"],
      mitre_attack_techniques: [{ id: "T1071.001" }],
      attack_techniques: { T1129: [], evil: [] },
      analysis_date: 9,
    });
    expect(collected.sample).toEqual({
      id: sampleId(1),
      families: ["agenttesla"],
      techniques: ["T1071.001", "T1129"],
      opinion: "malicious",
    });
    expect(collected).not.toHaveProperty("seenAt");
    expect(one({ analysis_date: 1_760_000_000 }).seenAt).toBe(1_760_000_000);
  });
});

describe("collectFile and collectNetwork", () => {
  it("a file object: hashes, name without its path, family, detections, embedded relationships", () => {
    const [collected] = collectBody(
      fileObject(
        2,
        {
          md5: "A".repeat(32),
          meaningful_name: "C:\\Users\\ann\\invoice.exe",
          last_analysis_stats: { malicious: 40, undetected: 30 },
          popular_threat_classification: {
            suggested_threat_label: "trojan.msil/quillet",
            popular_threat_name: [["quillet", 12]],
          },
          sandbox_verdicts: { Zenbox: { category: "malicious" } },
        },
        {
          contacted_domains: { data: [{ type: "domain", id: "evil.top" }] },
          contacted_urls: { data: [{ type: "url", id: "x", context_attributes: { url: "http://evil.top/a" } }] },
          embedded_ips: { data: [{ type: "ip_address", id: "45.32.17.9" }] },
        },
      ),
    );
    expect(collected?.sample).toEqual({
      id: sampleId(2),
      labels: [],
      families: ["quillet"],
      md5: "a".repeat(32),
      name: "invoice.exe",
      malicious: 40,
      engines: 70,
      opinion: "malicious",
    });
    expect(collected?.evidence.map(({ role, observable }) => `${role} ${observable.value}`)).toEqual([
      `sample ${sampleId(2)}`,
      "relationship evil.top",
      "relationship http://evil.top/a",
      "url-host evil.top",
      "embedded 45.32.17.9",
    ]);
  });

  it("a domain object: the best fresh rank, never a mean, stale sources ignored", () => {
    const [collected] = collectBody({
      type: "domain",
      id: "evil.top",
      attributes: {
        last_analysis_date: 1_760_000_000,
        last_analysis_stats: { malicious: 6, harmless: 60, undetected: 20 },
        popularity_ranks: {
          "Cisco Umbrella": { rank: 338, timestamp: 1_759_900_000 },
          Alexa: { rank: 5, timestamp: 1_600_000_000 },
          Majestic: { rank: 36_741, timestamp: 1_759_900_000 },
        },
      },
    });
    expect(collected?.enrichments).toEqual([
      {
        observable: { type: "domain", value: "evil.top" },
        malicious: 6,
        suspicious: 0,
        engines: 86,
        bestRank: 338,
        seenAt: 1_760_000_000,
        bestRankSource: "Cisco Umbrella",
      },
    ]);
  });
});

describe("familyName", () => {
  it.each([
    ["Emotet", "emotet"],
    ["Agent Tesla", "agenttesla"],
    ["Mal/HTMLGen-A", undefined],
    ["trojan", undefined],
    ["KeyloggerGeneric", undefined],
    ["a1b2c3", undefined],
  ])("%s is %s", (label, family) => expect(familyName(label)).toBe(family));
});
