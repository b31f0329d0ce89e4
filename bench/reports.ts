/**
 * Synthetic behaviour reports in the proportions of real ones: a tenth is network, a third files, registry, mutexes
 * and strings that the collectors read, the rest is what they do not (process trees, opened files, modules).
 */
import { createHash } from "node:crypto";
import { collect } from "../src/collect/report.ts";
import type { Collected } from "../src/model/evidence.ts";
import { recogniseBody } from "../src/vt/bodies.ts";

/** What a report of a busy sample weighs. */
export const REPORT_BYTES = 80_000;

/** Values that every report shows; the others belong to one report. */
const COMMON_HOSTS = [
  "ctldl.windowsupdate.com",
  "settings-win.data.microsoft.com",
  "ocsp.digicert.com",
  "www.msftncsi.com",
];

export interface Detonation {
  /** The values that the report shows. */
  readonly index: number;
  /** The sample that shows them; `index` by default. */
  readonly sample?: number;
  readonly sandbox?: string;
}

/** The `index`-th body: one file_behaviour object, filled up to about `bytes` with what nobody reads. */
export function syntheticReport(
  index: number,
  bytes = REPORT_BYTES,
  { sample: n = index, sandbox = "Zenbox" } = {},
): object {
  const sample = sampleOf(n);
  const attributes = { ...readParts(index), sandbox_name: sandbox };
  const missing = bytes - JSON.stringify(attributes).length;
  return {
    data: {
      type: "file_behaviour",
      id: `${sample}_${sandbox}`,
      attributes: { ...attributes, ...unreadParts(missing) },
      links: { self: `https://www.virustotal.com/api/v3/file_behaviours/${sample}_${sandbox}` },
    },
  };
}

/** What the collectors get of a report that holds nothing superfluous. */
export function syntheticCollected({ index, ...detonation }: Detonation): Collected {
  const body = JSON.parse(JSON.stringify(syntheticReport(index, 0, detonation)));
  const collected = recogniseBody(body, `${index}.json`)?.map(collect)[0];
  if (!collected) throw new Error("the synthetic report is not recognised any more");
  return collected;
}

/**
 * Detonations without end that show each value three times, in the order in which they arrive: samples of new values
 * come in one sandbox or in two at once, and old values come again in another sample, anywhere in what is stored.
 */
export function* detonations(): Generator<Detonation> {
  for (let index = 0; ; index += 1) {
    yield { index };
    if (index % 3 !== 0) yield { index, sandbox: "CAPE Sandbox" };
    if (index % 9 === 3 || index % 9 === 6) {
      // A digest's digits are as good as chance and the same in every run.
      const older = Number.parseInt(sampleOf(index).slice(0, 8), 16) % index;
      yield { index: older, sample: -index };
    }
  }
}

function sampleOf(index: number): string {
  return createHash("sha256").update(`sample ${index}`).digest("hex");
}

function listOf<T>(length: number, make: (n: number) => T): T[] {
  return Array.from({ length }, (_, n) => make(n));
}

/** Globally routed and different for each report and place. */
function addressOf(index: number, n: number): string {
  const number = index * 16 + n;
  return `45.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

function readParts(index: number) {
  const host = (n: number): string =>
    n < COMMON_HOSTS.length ? (COMMON_HOSTS[n] as string) : `n${n}.brook-${index}.quillet-morrow.top`;
  const hex = (length: number, n: number): string =>
    createHash("sha256").update(`${index} ${n}`).digest("hex").slice(0, length);
  return {
    analysis_date: 1_790_000_000 + index,
    verdicts: ["MALWARE", "TROJAN"],
    verdict_labels: [`quillet${index % 40}`],
    dns_lookups: listOf(10, (n) => ({ hostname: host(n), resolved_ips: [addressOf(index, n)] })),
    ip_traffic: listOf(16, (n) => ({
      destination_ip: addressOf(index, n),
      destination_port: n % 3 === 0 ? 8443 : 443,
      transport_layer_protocol: "TCP",
    })),
    http_conversations: listOf(8, (n) => ({
      url: `http://${host(n)}/gate.php?id=${index}&n=${n}`,
      request_method: "POST",
      request_headers: { "User-Agent": `Quillet/${index % 50}`, Accept: "*/*" },
      response_status_code: 200,
    })),
    tls: listOf(5, (n) => ({
      sni: host(n + 3),
      thumbprint: hex(40, n),
      serial_number: hex(20, n),
      subject: { CN: host(n + 3), O: "Quillet" },
      issuer: { CN: "Quillet Root", O: "Quillet" },
      ja3: "6734f37431670b3ab4292b8f60f29984",
      ja3s: "e35df3e00ca4ef31d42b34bebaa2f86e",
    })),
    ids_alerts: listOf(3, (n) => ({
      rule_msg: `QUILLET beacon ${n}`,
      alert_severity: "high",
      alert_context: { dest_ip: addressOf(index, n), dest_port: 8443 },
    })),
    memory_pattern_domains: listOf(10, (n) => host(n)),
    memory_pattern_urls: listOf(15, (n) => `http://${host(n)}/m${n}`),
    memory_pattern_ips: listOf(5, (n) => addressOf(index, n)),
    files_dropped: listOf(15, (n) => ({
      path: `C:\\Users\\user\\AppData\\Local\\Temp\\${hex(8, n)}.tmp`,
      sha256: hex(64, n),
    })),
    registry_keys_set: listOf(20, (n) => ({
      key: `HKEY_CURRENT_USER\\Software\\Quillet\\${n < 10 ? "Run" : index}\\${n}`,
      value: hex(32, n),
    })),
    mutexes_created: listOf(8, (n) => (n < 6 ? `Local\\SM0:${n}:WilStaging_02` : `Global\\${hex(16, n)}`)),
    command_executions: listOf(5, (n) => `rundll32.exe C:\\Users\\user\\AppData\\Local\\Temp\\${hex(8, n)}.tmp,Start`),
    mitre_attack_techniques: listOf(12, (n) => ({ id: `T10${50 + n}`, signature_description: "does what it does" })),
  };
}

function unreadParts(bytes: number) {
  const each = 180;
  const count = Math.max(0, Math.floor(bytes / 4 / each));
  const text = (what: string, n: number): string => `C:\\Windows\\System32\\${what}\\${String(n).padStart(6, "0")}.dll`;
  const quarter = (what: string) => listOf(Math.floor((count * each) / 47), (n) => text(what, n));
  return {
    files_opened: quarter("opened"),
    modules_loaded: quarter("loaded"),
    registry_keys_opened: quarter("keys__"),
    processes_tree: listOf(count, (n) => ({
      process_id: String(1000 + n),
      name: text("child_", n),
      children: [{ process_id: String(9000 + n), name: text("grand_", n), time_offset: n }],
    })),
  };
}
