/** A request that got no whole answer, and whose fault that is. */
import { plainText } from "../model/text.ts";

/**
 * Why there is no whole answer. `cut`: the body ended early; `unreachable`: no connection; `certificate`, `proxy`:
 * for the operator; `other`: a bug, ours or undici's.
 */
export type BreakKind = "reset" | "cut" | "timeout" | "unreachable" | "certificate" | "proxy" | "too-large" | "other";

/** A request without a whole answer. The message is masked and holds no URL. */
export class TransportBreak extends Error {
  readonly kind: BreakKind;
  constructor(kind: BreakKind, message: string) {
    super(message);
    this.name = "TransportBreak";
    this.kind = kind;
  }
}

const KINDS: Readonly<Record<string, BreakKind>> = {
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "cut",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ETIMEDOUT: "unreachable",
  UND_ERR_CONNECT_TIMEOUT: "unreachable",
  ECONNREFUSED: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  UND_ERR_PRX_TLS: "proxy",
  UND_ERR_PRX_CONN: "proxy",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate",
  UNABLE_TO_GET_ISSUER_CERT: "certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate",
  CERT_HAS_EXPIRED: "certificate",
  CERT_NOT_YET_VALID: "certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate",
};

/** An error of a request or of its body's stream, as a TransportBreak: masked, and without what undici hangs on it. */
export function breakOf(error: unknown, mask: (text: string) => string): TransportBreak {
  if (error instanceof TransportBreak) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const words = plainText(mask(message || code), 200);
  // undici has no code of its own for a proxy's refusal.
  const proxyStatus = /Proxy response \((\d+)\)|Proxy Authentication Required \((407)\)/.exec(message);
  if (proxyStatus) return new TransportBreak(/^5/.test(proxyStatus[1] ?? "") ? "unreachable" : "proxy", words);
  if ((error as Error).name === "HTTPParserError") return new TransportBreak("reset", `not HTTP: ${words}`);
  return new TransportBreak(KINDS[code] ?? "other", words);
}
