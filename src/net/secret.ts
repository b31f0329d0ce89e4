/**
 * A secret that cannot be printed by accident: text, JSON and inspection of it say `[secret]`. What it was made from
 * comes out of `reveal()` alone, which is called where a request is written.
 *
 * This module does not read secrets from the environment or from files.
 */
import { inspect } from "node:util";
import { RulewrightError } from "../errors.ts";
import { sha256 } from "../model/ids.ts";

/** What stands in place of a secret. */
export const MASK = "[secret]";

export interface Secret {
  /** The secret itself. For the one place that sends it. */
  reveal(): string;
  /**
   * The text without the secret, whichever way it is written: as it is, in a URL, in JSON, in base64, in capitals. One
   * that is as short as a common word is masked where it stands by itself, not within longer words.
   */
  mask(text: string): string;
  /** A short name for it that cannot be turned back: 16 hex digits. */
  fingerprint(): string;
}

/**
 * Makes a secret of a text; white space around it (a file's last newline) goes. `name` is what the operator calls it,
 * such as `virustotal.apiKey`. Throws CONFIG_INVALID, without the text, when it is empty or cannot be a header.
 */
export function createSecret(text: string, name: string): Secret {
  const value = text.trim();
  if (value === "") throw new RulewrightError("CONFIG_INVALID", `${name} is empty. Set it in the environment or file.`);
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new RulewrightError(
      "CONFIG_INVALID",
      `${name} holds a blank or a character that no key has. Copy it again, without quotes around it.`,
    );
  const pattern = patternOf(value);
  const hidden = (): string => MASK;
  return Object.freeze({
    reveal: () => value,
    mask: (shown: string) => shown.replace(pattern, MASK),
    fingerprint: () => sha256(`rulewright:${value}`).slice(0, 16),
    toString: hidden,
    toJSON: hidden,
    [inspect.custom]: hidden,
  });
}

/** Every way the value may come back in a message or a body. */
function patternOf(value: string): RegExp {
  const bytes = Buffer.from(value, "utf8");
  const written = new Set([
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    ...[0, 1, 2].map((offset) => withinBase64(bytes, offset)).filter(({ length }) => length >= 8),
  ]);
  // Longest first, so that a padded form is not left with its padding.
  const sorted = [...written].sort((a, b) => b.length - a.length);
  return new RegExp(sorted.map(formPattern).join("|"), "gi");
}

/** Shorter ones may be words, or parts of words. */
const LIKELY_WORD = 8;

function formPattern(form: string): string {
  const escaped = form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return form.length < LIKELY_WORD ? `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])` : escaped;
}

/** What of it is readable in the base64 of a longer text, such as a Basic header's, `offset` bytes off a group of three. */
function withinBase64(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  // Characters that hold bits of what stands before or behind it differ from text to text.
  return whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** One mask for several secrets: an API key and a proxy's password. */
export function maskAll(secrets: readonly Secret[]): (text: string) => string {
  return (text) => secrets.reduce((shown, secret) => secret.mask(shown), text);
}
