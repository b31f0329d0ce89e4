/** What zod says of a key that is not there, in words of an operator. */
import type { z } from "zod";

/** Whether a schema's own words are about a key that is not there; `absenceText` has not spoken then. */
export function isAbsent({ code, path, message }: z.core.$ZodIssue, given: unknown): boolean {
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], given);
  return value === undefined && code !== "custom" && !message.startsWith("required");
}

/** For `safeParse(…, { error })`: "required", with the values to choose from. Undefined leaves zod's own words. */
export function absenceText(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input !== undefined) return undefined;
  if (issue.code === "invalid_value") return `required: ${(issue.values as unknown[]).join(", ")}`;
  return issue.code === "invalid_type" ? "required" : undefined;
}
