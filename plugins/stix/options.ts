/** What a user may set for the `stix` exporter. */
import { z } from "../../src/plugin.ts";
import { TLP_VERSIONS } from "./marking.ts";
import { PROFILE_NAMES } from "./profile.ts";
import { IDENTITY_CLASSES } from "./schema.ts";

/** This project: the author of our extension and, unless the operator names another, of everything. */
export const RULEWRIGHT = { identityName: "Rulewright", identityClass: "system" } as const;

export const StixOptions = z.strictObject({
  profile: z
    .enum(PROFILE_NAMES)
    .default("generic")
    .describe("Who reads it: anybody, OpenCTI, MISP, or a SIEM that takes indicators with simple patterns and no more"),
  identityName: z
    .string()
    .trim()
    .min(1)
    .default(RULEWRIGHT.identityName)
    .describe("Name of the identity that all objects are created by; another name is another author"),
  identityClass: z.enum(IDENTITY_CLASSES).default(RULEWRIGHT.identityClass).describe("What kind of author that is"),
  contact: z.string().trim().min(1).optional().describe("Contact information of the author, such as a mail address"),
  tlp: z
    .enum(TLP_VERSIONS)
    .default("both")
    .describe("Which TLP markings to use: 1.0 is what older platforms know, amber+strict exists only in 2.0"),
  attackPatterns: z
    .boolean()
    .default(true)
    .describe("Techniques as attack-pattern objects by their ATT&CK number; without it samples use none"),
  bundleKey: z
    .string()
    .min(1)
    .default("rulewright")
    .describe("What the bundle's id derives from; give each export of yours its own"),
});
export type StixOptions = z.infer<typeof StixOptions>;
