/** What an indicator is in the terms of OpenIOC: where it is looked up, and how it is compared. */
import { type Indicator, type ObservableType, parseEndpoint } from "../../src/plugin.ts";
import { fileHashes } from "../shared/rows/value.ts";

export interface Match {
  /** A term, such as `FileItem/Sha256sum`. */
  readonly search: string;
  readonly condition: "is" | "ends-with";
  /** Of the content. */
  readonly type: string;
  readonly value: string;
  readonly isCaseKept: boolean;
}

export type Group = "names" | "addresses" | "endpoints" | "urls" | "files";

const GROUPS: Partial<Record<ObservableType, Group>> = {
  domain: "names",
  ipv4: "addresses",
  ipv6: "addresses",
  endpoint: "endpoints",
  url: "urls",
};

export function groupOf(type: ObservableType): Group {
  return GROUPS[type] ?? "files";
}

const HASHES: Readonly<Record<number, readonly [term: string, type: string]>> = {
  32: ["FileItem/Md5sum", "md5"],
  40: ["FileItem/Sha1sum", "sha1"],
  64: ["FileItem/Sha256sum", "sha256"],
};

/** Source: the terms of OpenIOC 1.1 as Mandiant's tools know them. */
export function matchesOf(indicator: Indicator): readonly Match[] {
  const { type, value, scope } = indicator;
  switch (type) {
    case "domain": {
      const name = match("Network/DNS", "string", value);
      return scope === "host" ? [name] : [name, { ...name, condition: "ends-with", value: `.${value}` }];
    }
    case "ipv4":
    case "ipv6":
      return [match("PortItem/remoteIP", "IP", value)];
    case "endpoint": {
      const { address, port, transport } = parseEndpoint(value);
      return [
        match("PortItem/remoteIP", "IP", address),
        match("PortItem/remotePort", "int", String(port)),
        match("PortItem/protocol", "string", transport.toUpperCase()),
      ];
    }
    case "url":
      return [{ ...match("UrlHistoryItem/URL", "string", value), isCaseKept: true }];
    default:
      return fileHashes(indicator).map((hash) => {
        const [search, kind] = HASHES[hash.length] as readonly [string, string];
        return match(search, kind, hash);
      });
  }
}

function match(search: string, type: string, value: string): Match {
  return { search, condition: "is", type, value, isCaseKept: false };
}
