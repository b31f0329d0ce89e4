/** Options of the Splunk exporter. */
import { z } from "../../src/plugin.ts";

/** A .conf setting ends at its line end, and a `\` there continues it. */
const confText = z
  .string()
  .regex(/^[^\p{Cc}[\]]*[^\p{Cc}[\]\\]$/u, "must be one line without brackets, not ending in \\");

export const SplunkOptions = z.object({
  appId: z
    .string()
    .regex(/^[A-Za-z][\w.-]{0,58}\w$/, "must be letters, digits, _, - and .")
    .default("rulewright_iocs")
    .describe("App id, which is also its folder; `_es` and `_kv` follow it in those formats."),
  appVersion: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, "must be x.y.z")
    .default("1.0.0")
    .describe("Version of the app, `x.y.z`."),
  label: confText.default("Rulewright IOCs").describe("Name of the app and of its searches in Splunk."),
  author: confText.default("Rulewright").describe("Author of the app."),
  description: confText.default("IOC lookups from malware sandbox reports").describe("What Splunk says about the app."),
  lookupPrefix: z
    .string()
    .regex(/^(?!local$)[A-Za-z]\w{0,47}$/, "must be letters, digits and _, and not `local`")
    .default("rulewright_ioc")
    .describe("Begins the name of each lookup: `<prefix>_domain`. Lookups of all apps share their names."),
  maxRows: z
    .int()
    .positive()
    .default(100_000)
    .describe("Rows (KV store: documents) of all lookups together. Beyond it, the lowest confidence is left out."),
  maxBytes: z
    .int()
    .min(10_000)
    .default(10_000_000)
    .describe("Bytes of all lookups together. Beyond it, the lowest confidence is left out. Held in memory."),
});
export type SplunkOptions = z.output<typeof SplunkOptions>;
