/** Links into VirusTotal's web interface, for people. Nothing is fetched. */
import { sha256 } from "./ids.ts";
import type { Indicator } from "./indicator.ts";

const GUI = "https://www.virustotal.com/gui";

/** The page of the value where it has one, an endpoint's address, else the first sample; undefined without any. */
export function virusTotalPage({ type, value, samples }: Indicator): string | undefined {
  switch (type) {
    case "domain":
      return `${GUI}/domain/${value}`;
    case "ipv4":
    case "ipv6":
      return `${GUI}/ip-address/${value}`;
    case "endpoint":
      return `${GUI}/ip-address/${value.replace(/^\[?([^\]]*?)\]?:\d+\/(?:tcp|udp)$/, "$1")}`;
    case "url":
      return `${GUI}/url/${sha256(value)}`;
    case "sha256":
      return `${GUI}/file/${value}`;
    default: {
      const sample = samples.find((hash) => /^[0-9a-f]{64}$/.test(hash));
      return sample && `${GUI}/file/${sample}`;
    }
  }
}
