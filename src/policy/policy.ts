/** The operator's knobs. Weights are ours and stand with the rules; thresholds and lifetimes are the operator's. */
import { z } from "zod";

const days = z.number().positive();
const keepAt = z.number().int().min(1).max(100);
const reviewAt = z.number().int().min(0).max(100);

/** What is kept below `reviewAt` would have ended at once, as validity goes down to there. */
const isInOrder = (policy: { keepAt?: number | undefined; reviewAt?: number | undefined }): boolean =>
  policy.keepAt === undefined || policy.reviewAt === undefined || policy.reviewAt <= policy.keepAt;
const IN_ORDER = { error: "must not be above keepAt; it is 20 unless set", path: ["reviewAt"] };

export const Policy = z
  .strictObject({
    keepAt: keepAt.default(50).describe("Confidence from which an observable is kept"),
    reviewAt: reviewAt.default(20).describe("Confidence from which it goes to review instead of being dropped"),
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
  })
  .refine(isInOrder, IN_ORDER);
export type Policy = z.output<typeof Policy>;

export const DEFAULT_POLICY: Policy = Policy.parse({});

/** What a hunt says otherwise, see hunt-policies.ts. */
export const HuntPolicy = z
  .strictObject({
    keepAt: keepAt.optional(),
    reviewAt: reviewAt.optional(),
    halfLifeDays: z
      .strictObject({ address: days.optional(), domain: days.optional(), url: days.optional(), other: days.optional() })
      .optional(),
  })
  .refine(isInOrder, IN_ORDER);
export type HuntPolicy = z.output<typeof HuntPolicy>;
