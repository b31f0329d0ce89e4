/**
 * Reads what came back: JSON, a web page of something in between, or a body that was cut short. Does not judge it
 * (retry.ts) and does not know what the JSON means (bodies.ts).
 */

export type AnswerBody =
  | { readonly kind: "json"; readonly value: unknown }
  /** HTML or other text: an edge server, a proxy. */
  | { readonly kind: "page" }
  /** JSON that ends too early, or nothing at all. */
  | { readonly kind: "cut" };

export interface Answer {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body: AnswerBody;
  /** The API's own error envelope. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** `mask` takes secrets out of the text before anything is made of it: the service may echo the key. */
export function readAnswer(
  { status, retryAfter, bytes }: { readonly status: number; readonly retryAfter?: string; readonly bytes: Buffer },
  mask: (text: string) => string,
): Answer {
  const body = readBody(mask(bytes.toString("utf8")));
  const error = body.kind === "json" ? apiError(body.value) : undefined;
  return { status, body, ...(retryAfter === undefined ? {} : { retryAfter }), ...(error ? { error } : {}) };
}

function readBody(text: string): AnswerBody {
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    const start = text.trimStart()[0];
    return start === undefined || start === "{" || start === "[" ? { kind: "cut" } : { kind: "page" };
  }
}

/** `{"error": {"code": "NotFoundError", "message": "…"}}`. An edge server's own JSON has a number for a code. */
function apiError(value: unknown): Answer["error"] {
  const error = (value as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  if (typeof error?.code !== "string") return undefined;
  return { code: error.code, message: typeof error.message === "string" ? error.message : "" };
}
