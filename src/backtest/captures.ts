/** Packet captures: told by their first bytes, and read by the real engine, which writes an eve.json of them. */
import { createHash } from "node:crypto";
import { createReadStream, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { RulewrightError } from "../errors.ts";
import { recordEvents, type SuricataSettings } from "../verify/suricata.ts";
import type { LogSource } from "./backtest.ts";
import { isCaptureStart } from "./lines.ts";

export async function isCapture(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(4);
    return readSync(file.fd, bytes) === 4 && isCaptureStart(bytes);
  } finally {
    await file.close();
  }
}

const PCAP_HEADER = 24;
const RECORD_HEADER = 16;

/**
 * Why the engine could read nothing of a capture; it waits a minute before it says so itself. One that is cut off behind
 * its first packet is read up to there.
 */
async function captureFault(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(PCAP_HEADER + RECORD_HEADER);
    const read = readSync(file.fd, head);
    if (read < 4 || !isCaptureStart(head)) return "it is no pcap or pcapng capture";
    const isLittle = head[0] === 0xd4 || head[0] === 0x4d;
    const isPcapng = head[0] === 0x0a;
    if (isPcapng) return read < PCAP_HEADER ? "it ends within its header" : undefined;
    if (read === PCAP_HEADER) return "there is no packet in it";
    const length = isLittle ? head.readUInt32LE(PCAP_HEADER + 8) : head.readUInt32BE(PCAP_HEADER + 8);
    const { size } = await file.stat();
    return read < head.length || size < head.length + length ? "it ends within its first packet" : undefined;
  } finally {
    await file.close();
  }
}

/** The events of a capture, with the alerts of the rules. The engine's output is removed when it has been read. */
export async function captureSource(
  name: string,
  path: string,
  ruleFiles: readonly string[],
  settings: SuricataSettings,
): Promise<LogSource> {
  const fault = await captureFault(path);
  if (fault !== undefined)
    throw new RulewrightError("INPUT_UNREADABLE", `Cannot read the capture ${name}: ${fault}. Give another --pcap.`);
  return {
    name,
    format: "eve",
    sha256: await sha256Of(path),
    open: (use) => recordEvents(path, ruleFiles, settings, use),
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
