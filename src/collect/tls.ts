/** TLS sessions: server name, JA3, JA3S, JA4, certificate, and the flow that ties them to an address. */
import { canonicaliseHex, canonicaliseHost, canonicaliseJa4 } from "../model/canonical.ts";
import type { EvidenceNote } from "../model/evidence.ts";
import type { Observable } from "../model/observable.ts";
import { plainText } from "../model/text.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";
import { collectFlow } from "./traffic.ts";

export function collectTls(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, session] of report.tls.entries()) {
    if (!session) continue;
    const place = `tls[${index}]`;
    const peers: (Observable | undefined)[] = [];
    if (session.sni)
      peers.push(gathering.see("tls-session", `${place}.sni`, session.sni, canonicaliseHost(session.sni)));
    for (const [at, flow] of session.ip_traffic.entries()) {
      if (flow) peers.push(collectFlow(flow, "tls-session", `${place}.ip_traffic[${at}]`, gathering));
    }
    const fingerprints = [
      session.ja3 && gathering.see("tls-session", `${place}.ja3`, session.ja3, canonicaliseHex("ja3", session.ja3)),
      session.ja3s &&
        gathering.see("tls-session", `${place}.ja3s`, session.ja3s, canonicaliseHex("ja3s", session.ja3s)),
      session.ja4 && gathering.see("tls-session", `${place}.ja4`, session.ja4, canonicaliseJa4(session.ja4)),
      session.thumbprint &&
        gathering.see(
          "tls-session",
          `${place}.thumbprint`,
          session.thumbprint,
          canonicaliseHex("certificate", session.thumbprint),
          certificateNote(session),
        ),
    ];
    for (const fingerprint of fingerprints) {
      if (fingerprint) for (const peer of peers) gathering.link(fingerprint, "session-with", peer);
    }
  }
  for (const [index, digest] of report.ja3_digests.entries()) {
    if (digest) gathering.see("listed", `ja3_digests[${index}]`, digest, canonicaliseHex("ja3", digest));
  }
}

type Session = NonNullable<BehaviourReport["tls"][number]>;

function certificateNote(session: Session): EvidenceNote {
  const subject = distinguishedName(session.subject);
  const issuer = distinguishedName(session.issuer);
  return {
    certificate: {
      ...(session.serial_number ? { serial: plainText(session.serial_number, 80) } : {}),
      ...(issuer ? { issuer } : {}),
      ...(subject ? { subject } : {}),
      isSelfSigned: subject !== undefined && subject === issuer,
    },
  };
}

/** `CN=…, O=…` in the order of RFC 4514's common attributes, whatever order the report has. */
function distinguishedName(parts: ReadonlyMap<string, string>): string | undefined {
  const order = ["CN", "OU", "O", "L", "ST", "C"];
  const known = order.flatMap((name) =>
    parts.get(name) ? [`${name}=${plainText(parts.get(name) as string, 120)}`] : [],
  );
  return known.length > 0 ? known.join(", ") : undefined;
}
