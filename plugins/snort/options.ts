/** Options of the Snort exporter. */
import { z } from "../../src/plugin.ts";

export const SnortOptions = z.strictObject({
  destination: z
    .enum(["external", "any"])
    .default("external")
    .describe("Far side of HTTP and TLS rules: $EXTERNAL_NET, or any for sites behind an explicit proxy"),
  listAction: z
    .enum(["monitor", "block"])
    .default("monitor")
    .describe("What Snort 3's reputation inspector does with the addresses: raise an event, or drop the traffic too"),
});
export type SnortOptions = z.output<typeof SnortOptions>;

export type SnortFormat = "snort3" | "snort2";
