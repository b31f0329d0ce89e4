/** Options of the Suricata exporter. Which indicators are exported is no option of an exporter. */
import { z } from "../../src/plugin.ts";

/** What a rule looks at; each has a template of the same name. */
export const RULE_KINDS = [
  "dns",
  "tls",
  "quic",
  "http-host",
  "http-uri",
  "https-host",
  "name-list",
  "address",
  "address-group",
  "address-list",
  "address-reputation",
  "endpoint",
  "endpoint-group",
  "ja3",
  "ja3s",
  "ja4",
  "certificate",
  "user-agent",
  "file-sha256",
] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** Classes of the classification.config that Suricata ships; an unknown one is a warning on every load. */
export const DEFAULT_CLASSTYPES: Readonly<Record<RuleKind, string>> = {
  dns: "domain-c2",
  tls: "domain-c2",
  quic: "domain-c2",
  "http-host": "domain-c2",
  "http-uri": "trojan-activity",
  "https-host": "bad-unknown",
  "name-list": "domain-c2",
  address: "command-and-control",
  "address-group": "command-and-control",
  "address-list": "command-and-control",
  "address-reputation": "command-and-control",
  endpoint: "command-and-control",
  "endpoint-group": "command-and-control",
  ja3: "trojan-activity",
  ja3s: "command-and-control",
  ja4: "trojan-activity",
  certificate: "command-and-control",
  "user-agent": "trojan-activity",
  "file-sha256": "trojan-activity",
};

export const SuricataOptions = z.strictObject({
  destination: z
    .enum(["external", "any"])
    .default("external")
    .describe("Far side of HTTP and TLS rules: $EXTERNAL_NET, or any for sites behind an explicit proxy"),
  quic: z.boolean().default(true).describe("Whether names get a rule for QUIC too"),
  addresses: z
    .enum(["portless", "all"])
    .default("portless")
    .describe("Addresses that get a rule of their own: those whose ports are unknown, or all; endpoints are narrower"),
  rulesUpTo: z
    .int()
    .min(0)
    .default(5000)
    .describe("Format auto: up to so many names, addresses and endpoints each have rules of their own"),
  groupsUpTo: z
    .int()
    .min(0)
    .max(100_000)
    .default(20_000)
    .describe("Format auto: up to so many addresses stand in groups of at most 500 a rule, more in a dataset"),
  listPrefix: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, "lower-case letters, digits and -")
    .default("rulewright")
    .describe("Begins the names of datasets and their files, which a sensor knows by name: one for each feed"),
  thresholdSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(3600)
    .describe("Address and endpoint rules alert once per client in this time"),
  classtypes: z
    .partialRecord(z.enum(RULE_KINDS), z.string().regex(/^[a-z][a-z0-9-]*$/))
    .default({})
    .describe("Classtype by kind of rule; each must stand in the sensors' classification.config"),
});
export type SuricataOptions = z.output<typeof SuricataOptions>;
