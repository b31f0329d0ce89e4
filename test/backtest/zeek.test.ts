import { describe, expect, it } from "vitest";
import { hits, jsonLines, onlySource, run } from "./support.ts";

function tsv(path: string, fields: readonly string[], types: readonly string[], ...rows: readonly string[][]): string {
  return `${[
    "#separator \\x09",
    "#set_separator\t,",
    "#empty_field\t(empty)",
    "#unset_field\t-",
    `#path\t${path}`,
    `#fields\t${fields.join("\t")}`,
    `#types\t${types.join("\t")}`,
    ...rows.map((row) => row.join("\t")),
    "#close\t2026-11-03-00-00-00",
  ].join("\n")}\n`;
}

const ENDS = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"];
const ENDS_TYPES = ["time", "string", "addr", "port", "addr", "port"];
const AT = ["1762210800.5", "C1", "10.0.0.5", "50000", "203.0.113.7", "443"];

describe("Zeek", () => {
  it("reads dns, tab-separated", async () => {
    const log = tsv(
      "dns",
      [...ENDS, "proto", "query", "answers"],
      [...ENDS_TYPES, "enum", "string", "vector[string]"],
      [...AT, "udp", "EVIL.test", "(empty)"],
      [...AT, "udp", "-", "-"],
      [...AT, "udp", "notevil.test", "192.0.2.1,evil.test"],
    );
    expect(await hits(["evil.test"], log)).toEqual(["evil.test 1"]);
    expect(await onlySource(log)).toMatchObject({ description: "Zeek, tab-separated", events: 3, unreadable: 0 });
  });

  it("reads conn that a pipeline has cut down to its ends, and takes no other log for it", async () => {
    const ends = { ts: 1762210800.5, "id.orig_h": "10.0.0.5", "id.resp_h": "203.0.113.7", "id.resp_p": 443 };
    const wanted = ["203.0.113.7", "203.0.113.7:443/tcp"];
    expect(await hits(wanted, jsonLines({ ...ends, proto: "tcp" }))).toEqual([
      "203.0.113.7 1",
      "203.0.113.7:443/tcp 1",
    ]);
    for (const other of [{ note: "Scan::Port_Scan" }, { trans_id: 7 }, { _path: "weird" }])
      expect(await hits(wanted, jsonLines({ ...ends, proto: "tcp", ...other }))).toEqual([]);
  });

  it("reads conn: either end, answered or not", async () => {
    const conn = (...row: string[]) =>
      tsv("conn", [...ENDS, "proto", "conn_state", "resp_pkts"], [...ENDS_TYPES, "enum", "string", "count"], row);
    const wanted = ["203.0.113.7", "203.0.113.7:443/tcp"];
    expect(await hits(wanted, conn(...AT, "tcp", "SF", "4"))).toEqual(["203.0.113.7 1", "203.0.113.7:443/tcp 1"]);
    const inbound = ["1762210800.5", "C1", "203.0.113.7", "1025", "10.0.0.5", "22"];
    expect(await hits(wanted, conn(...inbound, "tcp", "S0", "0"))).toEqual([]);
    expect(await hits(wanted, conn(...inbound, "tcp", "SF", "3"))).toEqual(["203.0.113.7 1"]);
  });

  it("reads http with escaped bytes", async () => {
    const log = tsv(
      "http",
      [...ENDS, "method", "host", "uri", "user_agent", "status_code"],
      [...ENDS_TYPES, "string", "string", "string", "string", "count"],
      [...AT, "GET", "evil.test", "/a\\x5cb?q=1", "Quillet\\x09x", "-"],
      [...AT, "GET", "evil.test", "/a", "Quillet", "-"],
    );
    const wanted = ["http://evil.test/a\\b?q=1", "user-agent:Quillet"];
    expect(await hits(wanted, log)).toEqual(wanted.map((own) => `${own} 1`));
  });

  it("reads ssl, quic, files and x509 as JSON", async () => {
    const base = { ts: 1762210800.5, uid: "C1", "id.orig_h": "10.0.0.5", "id.resp_h": "192.0.2.9", "id.resp_p": 443 };
    const log = jsonLines(
      { ...base, version: "TLSv12", cipher: "x", server_name: "evil.test", ja3: "a".repeat(32), ja3s: "b".repeat(32) },
      { ...base, server_name: "evil.test", history: "ISishIHhs" },
      {
        ts: base.ts,
        fuid: "F1",
        tx_hosts: ["192.0.2.9"],
        rx_hosts: ["10.0.0.8"],
        sha1: "1".repeat(40),
        sha256: "c".repeat(64),
      },
      { ts: base.ts, fuid: "F2", mime_type: "application/x-x509-user-cert", sha1: "2".repeat(40) },
      { ts: base.ts, fuid: "F3", mime_type: "application/x-x509-ca-cert", sha1: "2".repeat(40) },
      { ts: base.ts, fingerprint: "2".repeat(40), "certificate.serial": "01", host_cert: true },
      { ts: base.ts, fingerprint: "2".repeat(40), "certificate.serial": "01", host_cert: false },
    );
    const wanted = [
      "evil.test",
      `ja3:${"a".repeat(32)}`,
      `ja3s:${"b".repeat(32)}`,
      `certificate:${"2".repeat(40)}`,
      `sha256:${"c".repeat(64)}`,
    ];
    expect(await hits(wanted, log)).toEqual([
      "evil.test 2",
      ...wanted.slice(1, 3).map((own) => `${own} 1`),
      `${wanted[3]} 2`,
      `${wanted[4]} 1`,
    ]);
    const { hits: found } = await run([`sha256:${"c".repeat(64)}`], [log]);
    expect(found.get(0)?.clients).toEqual(new Map([["10.0.0.8", 1]]));
  });

  it("follows a second header in the same file and another separator", async () => {
    const one = tsv(
      "dns",
      ["ts", "uid", "id.orig_h", "query"],
      ["time", "string", "addr", "string"],
      ["1", "C", "10.0.0.5", "evil.test"],
    );
    const two = "#separator |\n#fields|id.orig_h|ts|uid|query\n10.0.0.6|1|C|evil.test\n";
    expect(await hits(["evil.test"], one + two)).toEqual(["evil.test 2"]);
  });

  it("names records that do not fit the header", async () => {
    const log = tsv(
      "dns",
      ["ts", "uid", "id.orig_h", "query"],
      ["time", "string", "addr", "string"],
      ["1", "C", "evil.test"],
    );
    expect(await onlySource(log)).toMatchObject({
      events: 0,
      unreadable: 1,
      problems: ["line 8: 3 fields where #fields names 4"],
    });
  });
});
