/** Options that several exporters have. */
import { z } from "../../src/plugin.ts";

/** Visible text on one line: no control, format or direction characters, no lone surrogates. */
export function oneLine(longest: number) {
  return z
    .string()
    .max(longest)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, "must be visible text on one line");
}
