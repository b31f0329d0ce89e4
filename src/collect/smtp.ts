/** SMTP: the mail host and its endpoint. Mailboxes, subjects, bodies and credentials are never read: they are victims'. */
import { canonicaliseHostOrAddress } from "../model/canonical.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";
import { collectFlow } from "./traffic.ts";

export function collectSmtp(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, conversation] of report.smtp_conversations.entries()) {
    if (!conversation) continue;
    const place = `smtp_conversations[${index}]`;
    const { hostname } = conversation;
    const host = hostname
      ? gathering.see("smtp-session", `${place}.hostname`, hostname, canonicaliseHostOrAddress(hostname))
      : undefined;
    const flow = { ...conversation, transport_layer_protocol: "TCP" };
    collectFlow(flow, "smtp-session", place, gathering);
    if (host?.type === "domain" && conversation.destination_ip) {
      const address = collectFlow({ destination_ip: conversation.destination_ip }, "smtp-session", place, gathering);
      gathering.link(host, "resolves-to", address);
    }
  }
}
