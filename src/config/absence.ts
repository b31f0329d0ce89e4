/** What zod says of a key that is not there, in words of an operator. */
import type { z } from "zod";

/** For `safeParse(…, { error })`: "required", with the values to choose from. Undefined leaves zod's own words. */
export function absenceText(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input !== undefined) return undefined;
  if (issue.code === "invalid_value") return `required: ${(issue.values as unknown[]).join(", ")}`;
  return issue.code === "invalid_type" ? "required" : undefined;
}
