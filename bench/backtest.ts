/**
 * Group `backtest`: `count` MB of eve.json against 100,000 indicators, beside `JSON.parse` over the same lines. Held: at
 * least half its speed, in flat memory.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { numbered } from "../src/testing.ts";
import { apart } from "./apart.ts";
import type { BacktestCase } from "./cases/backtest.ts";
import { fixed, type Print, startTable, whole } from "./table.ts";
import { withTemporaryFolder } from "./temporary.ts";

type BacktestModule = typeof import("./cases/backtest.ts");

const INDICATORS = 100_000;

export async function benchBacktest(print: Print, count: number): Promise<void> {
  const table = startTable(print, `backtest: ${whole(count)} MB of eve.json, ${whole(INDICATORS)} indicators`, [
    { title: "way", width: 28 },
    { title: "wall s", isNumber: true },
    { title: "CPU s", isNumber: true },
    { title: "MB/s", isNumber: true },
    { title: "peak MiB", isNumber: true },
    { title: "speed to JSON.parse", isNumber: true },
  ]);
  await withTemporaryFolder(async (folder) => {
    const file = join(folder, "eve.json");
    await pipeline(Readable.from(events(count * 1e6)), createWriteStream(file));
    let floor: number | undefined;
    for (const [way, label] of [
      ["parse", "JSON.parse, a line at a time"],
      ["backtest", "backtest"],
    ] as const) {
      const input: BacktestCase = { file, indicators: INDICATORS, way };
      const { cost, peakMiB } = await apart<BacktestModule>("backtest", input);
      floor ??= cost.cpuSeconds;
      table.row([
        label,
        fixed(cost.seconds),
        fixed(cost.cpuSeconds),
        whole(count / cost.seconds),
        whole(peakMiB),
        fixed(floor / cost.cpuSeconds),
      ]);
    }
  });
  table.end(["Hold: at least 0.5, by CPU time, and memory that does not grow with the log (try --count)."]);
}

/** Flows, queries, hellos and requests in turn, as Suricata 7 writes them; one in a thousand is about an indicator. */
function* events(bytes: number): Generator<string> {
  let written = 0;
  for (let first = 0; written < bytes; first += 1000) {
    let piece = "";
    for (let number = first; number < first + 1000; number += 1) piece += `${JSON.stringify(event(number))}\n`;
    written += piece.length;
    yield piece;
  }
}

function event(number: number): object {
  const name =
    number % 1000 === 0 ? numbered("domain", (number / 500) % INDICATORS).value : `www.site${number % 50_000}.example`;
  const kind = (["flow", "dns", "tls", "http"] as const)[number % 4] as keyof typeof RECORDS;
  return {
    timestamp: `2026-11-03T${String(number % 24).padStart(2, "0")}:30:00.000000+0000`,
    flow_id: 1_000_000_000_000 + number,
    in_iface: "eth0",
    event_type: kind,
    src_ip: `10.${number % 4}.${number % 200}.${number % 250}`,
    src_port: 49_152 + (number % 16_000),
    dest_ip: `192.0.2.${number % 250}`,
    dest_port: 443,
    proto: "TCP",
    pkt_src: "wire/pcap",
    community_id: `1:${String(number).padStart(26, "a")}=`,
    ...RECORDS[kind](name, number),
  };
}

const RECORDS = {
  flow: () => ({
    app_proto: "tls",
    flow: {
      ...{ pkts_toserver: 12, pkts_toclient: 14, bytes_toserver: 1200, bytes_toclient: 15_200, age: 61 },
      ...{ start: "2026-11-03T08:29:00.000000+0000", end: "2026-11-03T08:30:01.000000+0000" },
      ...{ state: "closed", reason: "timeout", alerted: false },
    },
    tcp: {
      tcp_flags: "1b",
      tcp_flags_ts: "1b",
      tcp_flags_tc: "1b",
      syn: true,
      fin: true,
      psh: true,
      ack: true,
      state: "closed",
    },
  }),
  dns: (name: string, number: number) => ({
    dns: { type: "query", id: number % 65_536, rrname: name, rrtype: "A", tx_id: 0, opcode: 0 },
  }),
  tls: (name: string) => ({
    tls: {
      ...{ subject: `CN=${name}`, issuerdn: "C=US, O=Example Trust Services, CN=Example CA 3", sni: name },
      ...{ serial: "00:8B:2F:63:9E:0E:77:6C:7A:0A:00:00:00:01:46:A5:8B", version: "TLS 1.2" },
      fingerprint: "4c:41:2e:97:c9:30:1a:b4:3d:1b:8c:9a:95:1c:54:21:3f:aa:1c:02",
      ...{ notbefore: "2026-09-01T00:00:00", notafter: "2026-12-01T00:00:00" },
      ja3: { hash: "6734f37431670b3ab4292b8f60f29984", string: "771,4865-4866-4867-49195-49199,0-11-10,29-23-24,0" },
      ja3s: { hash: "e35df3e00ca4ef31d42b34bebaa2f86e", string: "771,49199,65281-0-11" },
    },
  }),
  http: (name: string, number: number) => ({
    tx_id: 0,
    http: {
      ...{ hostname: name, url: `/static/page${number % 1000}/index.html?session=${number}`, http_method: "GET" },
      http_user_agent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
      ...{
        http_content_type: "text/html",
        http_refer: `http://${name}/`,
        protocol: "HTTP/1.1",
        status: 200,
        length: 5120,
      },
    },
  }),
};
