/** Reading parsed JSON whose shape nobody promises. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^[0-9]{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) ? number : undefined;
}

export function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `{ a: undefined, b: 1 }` → `{ b: 1 }`. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const result: Record<string, unknown> = {};
  for (const key in fields) if (fields[key] !== undefined) result[key] = fields[key];
  return result as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A line that is not what it should be; the message says why, in words for the operator. */
export class UnreadableLine extends Error {}

/** The object of a JSON line. Throws UnreadableLine. */
export function parseObject(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UnreadableLine("not JSON");
  }
  if (!isObject(value)) throw new UnreadableLine("JSON, but no object");
  return value;
}
