/** Options and formats of the Snort exporter. */
import { z } from "../../src/plugin.ts";

const DAY = 86_400;

export const SnortOptions = z.strictObject({
  destination: z
    .enum(["external", "any"])
    .default("external")
    .describe("Far side of HTTP and TLS rules: $EXTERNAL_NET, or any for sites behind an explicit proxy"),
  addressRules: z
    .int()
    .min(0)
    .max(2000)
    .default(50)
    .describe("Formats auto and snort2: up to so many addresses get a rule each, more are a reputation list"),
  addresses: z
    .enum(["portless", "all"])
    .default("portless")
    .describe(
      "Addresses that get a rule: those whose ports are unknown, or all; endpoints are narrower. A list has all",
    ),
  listAction: z
    .enum(["monitor", "block"])
    .default("monitor")
    .describe("What Snort 3's reputation inspector does with the addresses: raise an event, or drop the traffic too"),
  fileAction: z
    .enum(["log", "block"])
    .default("log")
    .describe("What Snort 3's file policy does with a file whose SHA-256 is listed: log it, or block it too"),
  filterSeconds: z
    .int()
    .min(0)
    .max(DAY)
    .default(3600)
    .describe("Event filter: address and endpoint rules alert once per client in this time; 0 writes no filter"),
});
export type SnortOptions = z.output<typeof SnortOptions>;

/** The first three are Snort 3 and differ in how addresses are written; `snort2` is Snort 2.9. */
export const SNORT_FORMATS = {
  auto: {
    description: "Snort 3: rules; addresses as rules while they are few, else a reputation list",
    mediaType: "text/x-snort3-rules",
    engine: "snort3",
  },
  rules: { description: "Snort 3: rules, addresses included", mediaType: "text/x-snort3-rules", engine: "snort3" },
  reputation: {
    description: "Snort 3: rules, addresses as a reputation list with its manifest",
    mediaType: "text/x-snort3-rules",
    engine: "snort3",
  },
  snort2: { description: "Snort 2.9: rules and address list", mediaType: "text/x-snort2-rules" },
} as const;
export type SnortFormat = keyof typeof SNORT_FORMATS;

export type SnortEngine = "snort3" | "snort2";

export function engineOf(format: SnortFormat): SnortEngine {
  return format === "snort2" ? "snort2" : "snort3";
}
