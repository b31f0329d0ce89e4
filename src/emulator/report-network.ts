/** What a contact leaves in a report: lookup, flow, HTTP, TLS, mail, alert, each in the sandbox's spelling. */
import type { Contact } from "./contact.ts";
import { type Internet, saying } from "./internet.ts";
import type { Random } from "./random.ts";
import { type Lists, push, type ReportInput, SECRETS, showEndpoint, tell } from "./report-parts.ts";

export function renderContact(contact: Contact, input: ReportInput, lists: Lists): void {
  renderLookup(contact, input, lists);
  renderTraffic(contact, input, lists);
  renderHttp(contact, input, lists);
  renderTls(contact, input, lists);
  renderMail(contact, input.internet, lists);
  renderAlert(contact, input, lists);
}

function renderLookup({ host }: Contact, { sandbox, random, internet }: ReportInput, lists: Lists): void {
  if (!host) return;
  const isMixed = sandbox.spellsUpperCase ? random.chance(0.3) : random.chance(0.04);
  const name = isMixed ? mixedCase(host.name, random) : random.chance(0.02) ? `${host.name}.` : host.name;
  const isRecorded = host.addresses.length > 0 && random.chance(0.75);
  internet.truth.show("domain", host.name);
  if (isRecorded) for (const { value } of host.addresses) internet.truth.show("ipv4", value);
  push(lists, "dns_lookups", {
    hostname: name,
    ...(isRecorded ? { resolved_ips: host.addresses.map(({ value }) => value) } : {}),
  });
}

function mixedCase(name: string, random: Random): string {
  return random.chance(0.5) ? name.toUpperCase() : name.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

function renderTraffic(contact: Contact, { sandbox, random, internet }: ReportInput, lists: Lists): void {
  const { address, port, transport } = contact;
  if (!address || !port || !transport) return;
  const hasPort = !random.chance(sandbox.missingPorts);
  internet.truth.show("ipv4", address.value);
  if (hasPort) showEndpoint(internet.truth, address, port, transport);
  push(lists, "ip_traffic", {
    destination_ip: address.value,
    ...(hasPort ? { destination_port: port, transport_layer_protocol: transport.toUpperCase() } : {}),
  });
  if (random.chance(0.03))
    push(lists, "ip_traffic", { destination_ip: address.value, transport_layer_protocol: "ICMP" });
}

function renderHttp(contact: Contact, input: ReportInput, lists: Lists): void {
  const { url, address } = contact;
  if (!url) return;
  const { random, internet } = input;
  const owner = contact.host ?? address;
  const own = owner?.saying.label === "noise" ? owner.saying : saying("malicious", "c2-url", owner?.saying.family);
  internet.url(url, own, own.label === "malicious" && random.chance(0.5) ? random.int(1, 9) : 0);
  const parts = new URL(url);
  // Many sandboxes see inside TLS only that there was some.
  if (parts.protocol === "https:" && random.chance(0.45)) return;
  if (contact.host) internet.truth.show("domain", contact.host.name);
  else if (address) {
    internet.truth.show("ipv4", address.value);
    showEndpoint(internet.truth, address, Number(parts.port || 80), "tcp");
  }
  const spelled = spelledUrl(url, parts, input);
  internet.truth.show("url", spelled.includes("://") ? spelled : `http://${spelled}`);
  push(lists, "http_conversations", {
    url: spelled,
    request_method: contact.method ?? "GET",
    ...(contact.userAgent
      ? {
          request_headers: {
            "User-Agent": contact.userAgent,
            ...(random.chance(0.05) ? { Cookie: SECRETS.cookie } : {}),
          },
        }
      : {}),
    ...(random.chance(0.59) ? { response_status_code: random.pick([200, 200, 200, 302, 404, 2]) } : {}),
  });
}

/** The default port written out, the scheme left out, the host in capitals, or a lower-case twin of another entry. */
function spelledUrl(url: string, { protocol, port, hostname }: URL, { random, internet }: ReportInput): string {
  if (port === "" && random.chance(0.1))
    return url.replace(hostname, `${hostname}:${protocol === "https:" ? 443 : 80}`);
  if (protocol === "http:" && random.chance(0.05)) return url.slice("http://".length);
  if (random.chance(0.03)) return url.replace(hostname, hostname.toUpperCase());
  if (random.chance(0.03) && url.toLowerCase() !== url) {
    internet.url(url.toLowerCase(), saying("context", "lower-case-twin"));
    return url.toLowerCase();
  }
  return url;
}

/** Client fingerprints of the system's own library: the same under every family. */
const COMMON_JA3 = [
  "3b5074b1b5d032e5620f69f9f700ff0e",
  "a0e9f5d64349fb13191bc781f81f42e1",
  "37f463bf4616ecd445d4a1937da06e19",
] as const;

function renderTls(contact: Contact, { random, internet, background }: ReportInput, lists: Lists): void {
  const { host, address, certificate, port } = contact;
  const isTls = certificate !== undefined || contact.url?.startsWith("https:");
  if (!isTls || !address || !port || random.chance(0.35)) return;
  const ja3 = contact.ja3 && random.chance(0.7) ? contact.ja3 : random.pick(COMMON_JA3);
  const shown = certificate ?? (host ? background.certificateOf(host) : undefined);
  tell(internet.truth, "ja3", ja3, saying(ja3 === contact.ja3 ? "context" : "noise", "client-fingerprint"));
  push(lists, "ja3_digests", ja3);
  if (!shown) return;
  tell(
    internet.truth,
    "certificate",
    shown.thumbprint,
    certificate
      ? saying("malicious", "c2-certificate", address.saying.family)
      : saying(host?.saying.label === "malicious" ? "context" : "noise", "certificate"),
  );
  const hasPeer = random.chance(0.5);
  if (hasPeer) {
    internet.truth.show("ipv4", address.value);
    showEndpoint(internet.truth, address, port, "tcp");
  }
  push(lists, "tls", {
    subject: { CN: shown.subject },
    issuer: { CN: shown.issuer },
    serial_number: shown.serial,
    thumbprint: shown.thumbprint,
    version: random.pick(["TLS 1.2", "TLSv1", "TLS 1.3"]),
    ja3,
    ...(host && random.chance(0.75) ? { sni: host.name } : {}),
    ...(hasPeer
      ? { ip_traffic: [{ destination_ip: address.value, destination_port: port, transport_layer_protocol: "TCP" }] }
      : {}),
  });
}

function renderMail({ mail, host, address, port }: Contact, { truth }: Internet, lists: Lists): void {
  if (!mail || !address || !port) return;
  truth.show("ipv4", address.value);
  showEndpoint(truth, address, port, "tcp");
  push(lists, "smtp_conversations", {
    ...(host ? { hostname: host.name } : {}),
    destination_ip: address.value,
    destination_port: port,
    smtp_from: `<${mail.from}>`,
    smtp_to: [`<${mail.to}>`],
    message_from: [mail.from],
    message_to: [mail.to],
    subject: mail.subject,
    auth_user: mail.from,
    auth_pass: SECRETS.password,
  });
  push(lists, "text_decoded", `smtp://${mail.from}:${SECRETS.password}@${host?.name ?? address.value}:${port}`);
}

function renderAlert(contact: Contact, { random, internet }: ReportInput, lists: Lists): void {
  const { alert, host, address, port } = contact;
  const pointsAt = () => {
    if (!address || !port) return;
    internet.truth.show("ipv4", address.value);
    showEndpoint(internet.truth, address, port, "tcp");
  };
  if (alert && random.chance(0.45)) {
    pointsAt();
    push(lists, "ids_alerts", {
      rule_msg: alert.message,
      rule_category: "A Network Trojan was detected",
      rule_id: `1:${random.int(2_020_000, 2_059_999)}`,
      alert_severity: alert.severity,
      rule_source: "Proofpoint Emerging Threats Open",
      rule_raw: `alert tcp any any -> any any (msg:"${SECRETS.ruleText}"; sid:1;)`,
      alert_context: {
        ...(host ? { hostname: host.name } : {}),
        ...(address && port ? { dest_ip: address.value, dest_port: port, protocol: "TCP" } : {}),
      },
    });
  } else if (address && port && random.chance(0.04)) {
    pointsAt();
    push(lists, "ids_alerts", {
      rule_msg: "SURICATA Applayer Detect protocol only one direction",
      rule_category: "Generic Protocol Command Decode",
      rule_id: "1:2260002",
      alert_severity: "info",
      rule_source: "Suricata",
      alert_context: { dest_ip: address.value, dest_port: port, protocol: "TCP" },
    });
  } else if (host?.saying.class === "ip-echo" && random.chance(0.6)) {
    push(lists, "ids_alerts", {
      rule_msg: "ET INFO External IP Lookup Domain in DNS Query",
      rule_category: "Device Retrieving External IP Address Detected",
      rule_id: "1:2054141",
      alert_severity: "low",
      rule_source: "Proofpoint Emerging Threats Open",
      alert_context: { hostname: host.name },
    });
  }
}
