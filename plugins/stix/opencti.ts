/**
 * What OpenCTI reads of an indicator beyond the standard. Without a main observable type it refuses the indicator or
 * takes it as "Unknown"; without a score it makes one up.
 */
import { type Indicator, isAlertable, type ObservableType } from "../../src/plugin.ts";
import type { OpenCtiExtensions } from "./schema.ts";

/** OpenCTI's names of observable types. */
const MAIN_TYPES: Readonly<Record<ObservableType, string>> = {
  domain: "Domain-Name",
  ipv4: "IPv4-Addr",
  ipv6: "IPv6-Addr",
  endpoint: "Network-Traffic",
  url: "Url",
  "email-address": "Email-Addr",
  sha256: "StixFile",
  ja3: "Network-Traffic",
  ja3s: "Network-Traffic",
  ja4: "Network-Traffic",
  certificate: "X509-Certificate",
  "user-agent": "User-Agent",
  mutex: "Mutex",
  "registry-key": "Windows-Registry-Key",
  "file-path": "StixFile",
  "command-line": "Process",
};

export function openCtiExtensions(indicator: Indicator, score: number): OpenCtiExtensions {
  return {
    "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba": {
      extension_type: "property-extension",
      score,
      detection: isAlertable(indicator),
      main_observable_type: MAIN_TYPES[indicator.type],
    },
  };
}
