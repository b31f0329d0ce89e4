/** The operator's knobs. Weights are ours and stand with the rules; thresholds and lifetimes are the operator's. */
import { z } from "zod";

const days = z.number().positive();

export const Policy = z.strictObject({
  keepAt: z.number().int().min(1).max(100).default(50).describe("Confidence from which an observable is kept"),
  reviewAt: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(20)
    .describe("Confidence from which it goes to review instead of being dropped"),
  halfLifeDays: z
    .strictObject({
      address: days.default(21).describe("ipv4, ipv6, endpoint"),
      domain: days.default(84),
      url: days.default(21),
      other: days.default(84).describe("fingerprints, certificates, host artefacts; hashes never decay"),
    })
    .prefault({})
    .describe(
      "Days in which the confidence halves after the newest sample was new; valid until it falls below reviewAt",
    ),
});
export type Policy = z.output<typeof Policy>;

export const DEFAULT_POLICY: Policy = Policy.parse({});
