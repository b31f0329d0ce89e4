/** The least Suricata configuration that decodes what rules look at, with the classes that the engine ships. */
import { dirname, join } from "node:path";
import type { Replay } from "./engine.ts";
import type { ReputationFiles } from "./reputation.ts";
import { CLIENT_NETWORKS } from "./traffic.ts";

const PRIVATE_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];

/** Requests and hellos: what indicators are looked for in. */
const RECORDS =
  "alert, { dns: { version: 2, requests: yes, responses: no } }, { http: { extended: yes } }, { tls: { extended: yes, ja4: on } }, { quic: { ja4: on } }, { files: { force-hash: [sha256] } }, flow";

/** A text in double quotes that YAML reads as it is. */
const quoted = (text: string): string => JSON.stringify(text);

/** Rule files are patterns to Suricata. */
const literal = (path: string): string => path.replace(/[\\*?[\]]/g, "\\$&");

/** `home: private` is for captures of real networks: then any far side counts as external. */
export function suricataConfiguration(run: {
  readonly rules: readonly string[];
  readonly shipped: string;
  readonly home: Replay["home"];
  readonly reputation?: ReputationFiles;
  /** Also what a log of the traffic holds, beside the alerts. */
  readonly records?: boolean;
}): string {
  const { rules, shipped, home, reputation, records } = run;
  const [homes, external] = home === "private" ? [PRIVATE_NETWORKS, "any"] : [CLIENT_NETWORKS, "!$HOME_NET"];
  return `%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "[${homes.join(",")}]"
    EXTERNAL_NET: "${external}"
default-rule-path: ${quoted(dirname(rules[0] ?? "/"))}
rule-files: [${rules.map((path) => quoted(literal(path))).join(", ")}]
classification-file: ${quoted(join(shipped, "classification.config"))}
reference-config-file: ${quoted(join(shipped, "reference.config"))}
${reputation ? reputationSettings(reputation) : ""}outputs:
  - eve-log: { enabled: yes, filetype: regular, filename: eve.json, types: [${records ? RECORDS : "{ alert: { metadata: no } }"}], pcap-file: ${home === "private" ? "yes" : "no"} }
logging:
  default-log-level: notice
  outputs:
    - console: { enabled: yes }
engine-analysis: { rules-fast-pattern: yes, rules: yes }
# More alerts on one packet than a sensor keeps: none may hide another.
packet-alert-max: 255
app-layer:
  protocols:
    tls: { enabled: yes, detection-ports: { dp: 443 }, ja3-fingerprints: yes, ja4-fingerprints: yes }
    dns:
      tcp: { enabled: yes, detection-ports: { dp: 53 } }
      udp: { enabled: yes, detection-ports: { dp: 53 } }
    http:
      enabled: yes
      libhtp: { default-config: { personality: IDS, request-body-limit: 100kb, response-body-limit: 0 } }
    http2: { enabled: yes }
    quic: { enabled: yes }
    smtp: { enabled: yes }
    smb: { enabled: yes, detection-ports: { dp: "139, 445" } }
    nfs: { enabled: yes }
    ftp: { enabled: yes }
    pgsql: { enabled: no }
stats: { enabled: no }
stream:
  memcap: 256mb
  reassembly: { memcap: 512mb, depth: 1mb }
flow: { memcap: 512mb, hash-size: 65536, prealloc: 1000 }
host: { memcap: 256mb, hash-size: 16384, prealloc: 100 }
detect: { thresholds: { hash-size: 65536, memcap: 64mb } }
`;
}

function reputationSettings({ categories, lists }: ReputationFiles): string {
  return `reputation-categories-file: ${quoted(categories)}
default-reputation-path: ${quoted(dirname(categories))}
reputation-files: [${lists.map(quoted).join(", ")}]
`;
}
