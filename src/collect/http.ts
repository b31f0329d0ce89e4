/** HTTP: URLs with host, method, user agent and status. Cookies and bodies are never read. */
import {
  canonicaliseEndpoint,
  canonicaliseHostOrAddress,
  canonicaliseText,
  canonicaliseUrl,
} from "../model/canonical.ts";
import type { EvidenceNote, EvidenceRole } from "../model/evidence.ts";
import { type Observable, parseUrl } from "../model/observable.ts";
import { plainText } from "../model/text.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import { type Gathering, splitPort } from "./gathering.ts";

export function collectHttp(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, conversation] of report.http_conversations.entries()) {
    if (!conversation?.url) continue;
    const place = `http_conversations[${index}]`;
    const userAgent = headerOf(conversation.request_headers, "user-agent");
    const method = conversation.request_method?.toUpperCase();
    const peer =
      method === "CONNECT" && !conversation.url.includes("://")
        ? collectConnect(conversation.url, place, gathering)
        : collectUrl(withScheme(conversation.url), "http-request", `${place}.url`, gathering, {
            ...(method && /^[A-Z]{1,16}$/.test(method) ? { methods: [method] } : {}),
            ...(userAgent ? { userAgents: [plainText(userAgent, 300)] } : {}),
            ...(isStatus(conversation.response_status_code) ? { statuses: [conversation.response_status_code] } : {}),
          });
    if (!userAgent) continue;
    const agent = gathering.see(
      "http-request",
      `${place}.request_headers`,
      userAgent,
      canonicaliseText("user-agent", userAgent),
    );
    gathering.link(agent, "session-with", peer);
  }
}

/** A URL with its host (and endpoint when the host is an address); answers the host. */
export function collectUrl(
  raw: string,
  role: EvidenceRole,
  place: string,
  gathering: Gathering,
  note?: EvidenceNote,
): Observable | undefined {
  const url = gathering.see(
    role,
    place,
    raw,
    canonicaliseUrl(raw),
    note && Object.keys(note).length > 0 ? note : undefined,
  );
  if (!url) return undefined;
  const { host, isAddress, port, scheme } = parseUrl(url.value);
  const hostRole = role === "http-request" ? role : role === "memory" || role === "embedded" ? role : "url-host";
  const peer = gathering.see(hostRole, place, host, canonicaliseHostOrAddress(host));
  gathering.link(url, "hosted-at", peer);
  if (isAddress && role === "http-request") {
    const number = port ?? (scheme === "https" || scheme === "wss" ? 443 : scheme === "ftp" ? 21 : 80);
    const endpoint = gathering.see(role, place, `${host}:${number}`, canonicaliseEndpoint(host, number, "tcp"));
    gathering.link(endpoint, "at-address", peer);
  }
  return peer;
}

/** A proxy tunnel names only host and port. */
function collectConnect(raw: string, place: string, gathering: Gathering): Observable | undefined {
  const { host } = splitPort(raw);
  return gathering.see("http-request", `${place}.url`, host, canonicaliseHostOrAddress(host));
}

function withScheme(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
}

function headerOf(headers: ReadonlyMap<string, string>, name: string): string | undefined {
  for (const [key, value] of headers) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** Sandboxes write codes such as 2. */
function isStatus(status: number | undefined): status is number {
  return status !== undefined && Number.isInteger(status) && status >= 100 && status <= 599;
}
