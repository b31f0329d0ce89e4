/** What a receiver says, on one line, for messages and logs: its text is as untrusted as a report's. */
import { type HttpAnswer, plainText, z } from "../../../src/plugin.ts";

/** Where common error bodies have their words: TAXII, MISP, Splunk, Microsoft, OAuth. */
const ErrorBody = z.object({
  title: z.string().optional(),
  description: z.string().optional(),
  name: z.string().optional(),
  message: z.string().optional(),
  text: z.string().optional(),
  error: z.union([z.string(), z.object({ message: z.string().optional() })]).optional(),
  error_description: z.string().optional(),
  messages: z.array(z.object({ text: z.string() })).optional(),
});

/** `422 (Unprocessable: pattern is not valid)`: the status and the words of a JSON or plain body; markup says nothing. */
export function answerWords({ status, headers, text }: HttpAnswer): string {
  const words = bodyWords(headers["content-type"] ?? "", text);
  return words === "" ? String(status) : `${status} (${words})`;
}

function bodyWords(contentType: string, text: string): string {
  if (/html|xml/i.test(contentType)) return "";
  const body = ErrorBody.safeParse(parseJson(text));
  if (!body.success) return /^text\/plain/i.test(contentType) ? plainText(text, 200) : "";
  const { title, name, description, message, text: words, error, error_description: detail, messages } = body.data;
  const code = typeof error === "string" ? error : error?.message;
  const parts = [title, name, description, message, words, code, detail, messages?.[0]?.text].map((part) =>
    plainText(part ?? "", 200),
  );
  return [...new Set(parts)].filter(Boolean).join(": ");
}

/** The JSON in a text, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A URL for messages: without credentials, query and fragment, which may hold secrets. */
export function urlWords(url: string | URL): string {
  const { origin, pathname } = new URL(url);
  return plainText(`${origin}${pathname}`, 300);
}
