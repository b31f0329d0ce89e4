/** IDS alerts of the sandbox: what they point at, their severity and message. Rule text is third-party and never read. */
import { canonicaliseHex, canonicaliseHost } from "../model/canonical.ts";
import { plainText } from "../model/text.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";
import { collectUrl } from "./http.ts";
import { collectFlow } from "./traffic.ts";

const SEVERITIES = ["high", "medium", "low", "info"];

function gravity(alert: BehaviourReport["ids_alerts"][number]): number {
  const place = SEVERITIES.indexOf(alert?.alert_severity ?? "");
  return place === -1 ? SEVERITIES.length : place;
}

export function collectAlerts(report: BehaviourReport, gathering: Gathering): void {
  // Of several alerts on one value the gravest is remembered.
  const gravestFirst = [...report.ids_alerts.entries()].sort(([i, a], [j, b]) => gravity(a) - gravity(b) || i - j);
  for (const [index, alert] of gravestFirst) {
    const context = alert?.alert_context;
    if (!alert || !context) continue;
    const place = `ids_alerts[${index}]`;
    const note = {
      rank: gravity(alert),
      severity: plainText(alert.alert_severity ?? "info", 20),
      message: plainText(alert.rule_msg ?? "", 200),
    };
    if (context.hostname) gathering.see("ids-alert", place, context.hostname, canonicaliseHost(context.hostname), note);
    if (context.url?.includes("://")) collectUrl(context.url, "ids-alert", place, gathering, note);
    for (const [type, digests] of [
      ["ja3", context.ja3],
      ["ja3s", context.ja3s],
    ] as const) {
      const digest = digests.find((candidate) => candidate !== undefined);
      if (digest) gathering.see("ids-alert", place, digest, canonicaliseHex(type, digest), note);
    }
    // An alert on an answer has the server as its source; the sandbox's own side is special-use and judged so.
    const transport = { transport_layer_protocol: context.protocol };
    collectFlow(
      { destination_ip: context.dest_ip, destination_port: context.dest_port, ...transport },
      "ids-alert",
      place,
      gathering,
      note,
    );
    collectFlow(
      { destination_ip: context.src_ip, destination_port: context.src_port, ...transport },
      "ids-alert",
      place,
      gathering,
      note,
    );
  }
}
