/** The operator's knobs. Weights are ours and stand with the rules; thresholds and lifetimes are the operator's. */
import { z } from "zod";

const days = z.number().int().positive();

export const Policy = z.strictObject({
  keepAt: z.number().int().min(1).max(100).default(50).describe("Confidence from which an observable is kept"),
  reviewAt: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(20)
    .describe("Confidence from which it goes to review instead of being dropped"),
  ttlDays: z
    .strictObject({
      address: days.default(30).describe("ipv4, ipv6, endpoint"),
      domain: days.default(120),
      url: days.default(30),
      hash: days.default(365),
      other: days.default(180).describe("fingerprints, certificates, host artefacts"),
    })
    .prefault({})
    .describe("Days an indicator stays valid after it was last seen"),
});
export type Policy = z.output<typeof Policy>;

export const DEFAULT_POLICY: Policy = Policy.parse({});
