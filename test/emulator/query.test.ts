import { describe, expect, it } from "vitest";
import { parseQuery } from "../../src/emulator/query.ts";

const NOW = Date.parse("2026-11-10T00:00:00Z") / 1000;
const DAY = 86_400;

const subject = {
  object: {
    type: "file",
    id: "ab".repeat(32),
    attributes: {
      md5: "cd".repeat(16),
      names: ["Invoice July.exe"],
      tags: ["peexe", "signed"],
      type_tag: "peexe",
      type_tags: ["executable", "peexe"],
      size: 2_000_000,
      first_submission_date: Date.parse("2026-11-05T12:00:00Z") / 1000,
      last_submission_date: NOW - DAY,
      last_analysis_date: NOW - DAY,
      last_analysis_stats: { malicious: 11 },
      last_analysis_results: { Kaspersky: { result: "Trojan.msil.agenttesla.a1" }, Microsoft: { result: null } },
      popular_threat_classification: { suggested_threat_label: "trojan.msil/agenttesla" },
      pe_info: { imphash: "ef".repeat(16), sections: [{ name: ".xyz", md5: "01".repeat(16) }] },
    },
  },
  reports: [
    {
      type: "file_behaviour",
      id: "x_VirusTotal Jujubox",
      attributes: { sandbox_name: "VirusTotal Jujubox", dns_lookups: [{ hostname: "c2.example.com" }], behash: "aa" },
    },
  ],
  relationships: { contacted_ips: [{ type: "ip_address", id: "192.0.2.1" }] },
};

const matches = (query: string) => parseQuery(query, NOW).matches(subject);

describe("query language", () => {
  it.each([
    "engines:agenttesla",
    "kaspersky:agenttesla microsoft:clean",
    "agenttesla",
    '"Invoice July"',
    "ab".repeat(32),
    "cd".repeat(16).toUpperCase(),
    "p:11",
    "p:11+",
    "positives:5+ positives:12-",
    "fs:2026-11-05",
    "fs:2026-11-05+",
    "fs:2026-11-05T12:00:00+",
    "fs:2026-11-06-",
    'fs:"2026-11-05T12:00:00+"',
    "fs:5d+",
    "fs:4d-",
    "ls:36h+",
    "la:2d+",
    "size:1MB+",
    "type:peexe tag:signed",
    "have:behaviour have:behaviour_network have:contacted_ips",
    "NOT have:contacted_urls",
    `imphash:${"ef".repeat(16)}`,
    "section:.xyz",
    "suggested_threat_label:agenttesla",
    'suggested_threat_label:"trojan.msil/agenttesla"',
    "behaviour_network:*c2.example*",
    "sandbox_name:virustotal_jujubox",
    "entity:file p:5+",
    "p:50+ OR engines:agenttesla",
    "(p:50+ or p:10+) and not type:pedll",
    "entity:file",
  ])("%s matches", (query) => {
    expect(matches(query)).toBe(true);
  });

  it.each([
    "p:11-",
    "p:12+",
    "fs:2026-11-05-",
    "fs:2026-11-05T12:00:01+",
    // A raw `+` in a URL comes as a space: then the comparison is gone.
    "fs:2026-11-01 ",
    "fs:4d+",
    "type:docx",
    "have:contacted_urls",
    "NOT engines:agenttesla",
    "engines:agenttesla p:50+",
    "lokibot",
    "behaviour_network:other.example",
  ])("%s does not", (query) => {
    expect(matches(query)).toBe(false);
  });

  it.each([
    "entity:mutex",
    "nonsense:1",
    "p:many",
    "fs:yesterday+",
    "(p:1+",
    "p:1+)",
    "OR",
    "NOT",
    '"open',
    "have:nothing",
  ])("%s is refused", (query) => {
    expect(() => matches(query)).toThrow(expect.objectContaining({ code: "BadRequestError" }));
  });

  it("knows the entities", () => {
    expect(parseQuery("entity:domain p:1+", NOW).entity).toBe("domain");
    expect(parseQuery("entity:ip", NOW).entity).toBe("ip");
    expect(parseQuery("entity:url hostname:x", NOW).entity).toBe("url");
    expect(() => parseQuery("entity:domain imphash:1", NOW)).toThrow(/imphash/);
  });
});
