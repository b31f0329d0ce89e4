/** IP traffic: contacted addresses, with port and transport where the sandbox recorded them. */
import { canonicaliseAddress, canonicaliseEndpoint } from "../model/canonical.ts";
import type { EvidenceNote, EvidenceRole } from "../model/evidence.ts";
import type { Observable, Transport } from "../model/observable.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";

export function collectTraffic(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, traffic] of report.ip_traffic.entries()) {
    if (traffic?.destination_ip) collectFlow(traffic, "contacted", `ip_traffic[${index}]`, gathering);
  }
}

export interface Flow {
  readonly destination_ip?: string | undefined;
  readonly destination_port?: number | undefined;
  readonly transport_layer_protocol?: string | undefined;
}

/** The address and, when the port is known, the endpoint of one flow; answers the narrowest of the two. */
export function collectFlow(
  flow: Flow,
  role: EvidenceRole,
  place: string,
  gathering: Gathering,
  note?: EvidenceNote,
): Observable | undefined {
  const { destination_ip: raw, destination_port: port } = flow;
  if (!raw) return undefined;
  const address = gathering.see(role, place, raw, canonicaliseAddress(raw), note);
  const transport = transportOf(flow.transport_layer_protocol);
  if (!address || !port || !transport) return address;
  const endpoint = gathering.see(role, place, `${raw}:${port}`, canonicaliseEndpoint(raw, port, transport), note);
  gathering.link(endpoint, "at-address", address);
  return endpoint ?? address;
}

/** A port without a protocol is TCP: that is what sandboxes leave out. ICMP and the like have no ports. */
function transportOf(protocol: string | undefined): Transport | undefined {
  const name = protocol?.toLowerCase() ?? "tcp";
  return name === "tcp" || name === "udp" ? name : undefined;
}
