/**
 * Reads `GET /users/{id}/overall_quotas`, whatever names it has: licences differ, the recorded example shows three.
 * Asks nothing (client.ts does) and enforces nothing (quota.ts does).
 */

/** One line of an account's quotas. Numbers may exceed 32 bits. */
export interface QuotaLine {
  /** The API's own word, such as `api_requests_daily`. */
  readonly name: string;
  readonly allowed: number;
  readonly used: number;
  /** Never negative. */
  readonly left: number;
  /** `user` or `group`; what the API calls it. */
  readonly scope: string;
}

/** Every quota in the body, in its order; empty for anything else. Also reads a user object's `attributes.quotas`. */
export function readOverallQuotas(body: unknown): QuotaLine[] {
  const data = entriesOf(isObject(body) ? (body.data ?? body) : undefined);
  const attributes = data.find(([name]) => name === "attributes")?.[1];
  const quotas = isObject(attributes) ? entriesOf(attributes.quotas) : data;
  return quotas.flatMap(([name, value]) => {
    const own = lineOf(name, "user", value);
    return own ? [own] : entriesOf(value).flatMap(([scope, inner]) => lineOf(name, scope, inner) ?? []);
  });
}

function lineOf(name: string, scope: string, value: unknown): QuotaLine | undefined {
  if (!isObject(value)) return undefined;
  const [allowed, used] = [numberOf(value.allowed), numberOf(value.used)];
  if (allowed === undefined || used === undefined) return undefined;
  return { name, allowed, used, left: Math.max(0, allowed - used), scope };
}

/** Windows longer than a minute, by the last word of a quota's name. */
export type LongWindow = "hour" | "day" | "month";

const WINDOWS: readonly (readonly [RegExp, LongWindow])[] = [
  [/month/i, "month"],
  [/daily|\bday/i, "day"],
  [/hour/i, "hour"],
];

/** The window that a quota's name or an error message speaks of: `api_requests_daily`, "Daily quota exceeded". */
export function windowNamed(text: string): LongWindow | undefined {
  return WINDOWS.find(([pattern]) => pattern.test(text))?.[1];
}

/**
 * The longest window whose quota is used up for requests of this kind. Other quotas of an account (downloads, graphs,
 * private scans) stop nothing here; one that allows nothing at all is a missing right and not a used-up quota.
 */
export function usedUpWindow(
  lines: readonly QuotaLine[],
  isSearch: boolean,
): { readonly window: LongWindow; readonly onlySearch: boolean } | undefined {
  const full = lines.flatMap(({ name, allowed, left }) => {
    const window = windowNamed(name);
    const isApi = name.startsWith("api_requests");
    const counts = isApi || (isSearch && name.includes("search"));
    return counts && window && allowed > 0 && left === 0 ? [{ window, onlySearch: !isApi }] : [];
  });
  const longest = WINDOWS.map(([, window]) => window).find((window) => full.some((line) => line.window === window));
  const found = full.filter((line) => line.window === longest);
  return longest && { window: longest, onlySearch: found.every(({ onlySearch }) => onlySearch) };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return typeof value === "string" && /^\d{1,20}$/.test(value) ? Number(value) : undefined;
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
