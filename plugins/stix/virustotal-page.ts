/** Links into VirusTotal's web interface. Nothing is fetched. */
import { type Indicator, sha256 } from "../../src/plugin.ts";
import type { ExternalReference } from "./schema.ts";

const GUI = "https://www.virustotal.com/gui";

/** The page of the value where it has one, else of the first sample. */
export function virusTotalPage({ type, value, samples }: Indicator): ExternalReference | undefined {
  switch (type) {
    case "domain":
      return page("domain", value);
    case "ipv4":
    case "ipv6":
      return page("ip-address", value);
    case "sha256":
      return page("file", value);
    case "url":
      return page("url", sha256(value));
    default: {
      const sample = samples.find((hash) => /^[0-9a-f]{64}$/.test(hash));
      return sample === undefined ? undefined : page("file", sample);
    }
  }
}

function page(collection: string, id: string): ExternalReference {
  return { source_name: "virustotal", external_id: id, url: `${GUI}/${collection}/${id}` };
}
