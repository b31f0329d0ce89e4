/** Cyber-observable objects as this exporter emits them (STIX 2.1 section 6). */
import { z } from "../../src/plugin.ts";
import { identifier, observable, Text } from "./schema-parts.ts";

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

export const DomainName = z.strictObject({ ...observable("domain-name"), value: Text });
export const Ipv4Address = z.strictObject({ ...observable("ipv4-addr"), value: z.ipv4() });
export const Ipv6Address = z.strictObject({ ...observable("ipv6-addr"), value: z.ipv6() });
export const Url = z.strictObject({ ...observable("url"), value: Text });
export const Mutex = z.strictObject({ ...observable("mutex"), name: Text });
export const WindowsRegistryKey = z.strictObject({
  ...observable("windows-registry-key"),
  key: z.string().startsWith("HKEY_"),
});

export const StixFile = z.strictObject({
  ...observable("file"),
  hashes: z.strictObject({ MD5: hex(32).optional(), "SHA-1": hex(40).optional(), "SHA-256": hex(64) }),
  size: z.int().min(0).optional(),
});
export type StixFile = z.infer<typeof StixFile>;

export const NetworkTraffic = z.strictObject({
  ...observable("network-traffic"),
  dst_ref: z.union([identifier("ipv4-addr"), identifier("ipv6-addr")]),
  dst_port: z.int().min(0).max(65_535),
  protocols: z.tuple([z.enum(["ipv4", "ipv6"]), z.enum(["tcp", "udp"])]),
});

export const X509Certificate = z.strictObject({
  ...observable("x509-certificate"),
  hashes: z.strictObject({ "SHA-1": hex(40) }),
  issuer: Text.optional(),
  subject: Text.optional(),
});

export const CyberObservable = z.discriminatedUnion("type", [
  DomainName,
  Ipv4Address,
  Ipv6Address,
  Url,
  Mutex,
  WindowsRegistryKey,
  StixFile,
  NetworkTraffic,
  X509Certificate,
]);
export type CyberObservable = z.infer<typeof CyberObservable>;
