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
      severity: plainText(alert.alert_severity ?? "info", 20),
      message: plainText(alert.rule_msg ?? "", 200),
    };
    if (context.hostname) gathering.see("ids-alert", place, context.hostname, canonicaliseHost(context.hostname), note);
    if (context.url?.includes("://")) collectUrl(context.url, "ids-alert", place, gathering);
    const ja3 = context.ja3.find((digest) => digest !== undefined);
    if (ja3) gathering.see("ids-alert", place, ja3, canonicaliseHex("ja3", ja3), note);
    collectFlow(
      {
        destination_ip: context.dest_ip,
        destination_port: context.dest_port,
        transport_layer_protocol: context.protocol,
      },
      "ids-alert",
      place,
      gathering,
      note,
    );
  }
}
