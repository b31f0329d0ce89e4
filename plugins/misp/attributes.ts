/**
 * What an indicator is in MISP: one attribute, or one object with attributes, in the form the server stores. Type,
 * category and object template go together; the server drops what does not fit and still answers "saved".
 *
 * This module does not give out uuids (they contain the event) and does not judge.
 *
 * Sources: MISP describeTypes.json; misp-objects definitions; AttributeValidationTool of MISP and PyMISP.
 */
import { isIPv4, isIPv6 } from "node:net";
import { type Indicator, type ObservableType, parseEndpoint, parseUrl } from "../../src/plugin.ts";
import { isHex, parsed } from "../shared/values.ts";
import { isStorable } from "./text.ts";

type Category = "Network activity" | "Payload delivery" | "Artifacts dropped" | "Persistence mechanism" | "Other";

/** An attribute before it has a place in an event. */
export interface AttributeDraft {
  /** Object relation, for attributes of objects. */
  readonly relation?: string;
  readonly type: string;
  readonly category: Category;
  readonly value: string;
  /** Whether a hit on it is worth an alert. */
  readonly detects: boolean;
  /** Whether it is rare enough to tie events together. */
  readonly correlates: boolean;
}

/** A misp-objects definition; uuid and version must be those of the shipped definition. */
export interface ObjectTemplate {
  readonly name: string;
  readonly "meta-category": string;
  readonly description: string;
  readonly template_uuid: string;
  readonly template_version: string;
}

export interface Mapped {
  /** Absent: the attributes stand in the event by themselves. */
  readonly template?: ObjectTemplate;
  readonly attributes: readonly [AttributeDraft, ...AttributeDraft[]];
}

/** Why MISP would not keep a value, in plain words. */
export interface Misfit {
  readonly misfit: string;
}

const FILE: ObjectTemplate = {
  name: "file",
  "meta-category": "file",
  description: "File object describing a file with meta-information",
  template_uuid: "688c46fb-5edb-40a3-8273-1af7923e2215",
  template_version: "25",
};

const JA4_PLUS: ObjectTemplate = {
  name: "ja4-plus",
  "meta-category": "network",
  description: "JA4+ network fingerprint",
  template_uuid: "2c15c75e-e7db-4b62-8d17-633e7571818f",
  template_version: "2",
};

const COMMAND_LINE: ObjectTemplate = {
  name: "command-line",
  "meta-category": "misc",
  description: "Command line of a program",
  template_uuid: "88ebe222-d3cc-11e9-875d-7f13f460adaf",
  template_version: "2",
};

const UNSTORABLE: Misfit = {
  misfit:
    "empty, not valid Unicode, too long, or with a control character or outer white space: MISP would change or drop it",
};

// MISP demands label.tld and allows underscores.
const HOST_NAME = /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
const JA4 = /^[a-z][0-9a-z]{2}[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;
const HIVE = /^HKEY_(?:CLASSES_ROOT|CURRENT_CONFIG|CURRENT_USER|LOCAL_MACHINE|USERS)(?:\\|$)/;
// Recent servers "refang" these wherever they stand, so a URL that really contains them would be stored as another one.
const REFANGED = /\[\.\]|hxxp/i;

type Mapper = (indicator: Indicator) => Mapped | Misfit;

const MAPPERS: Readonly<Partial<Record<ObservableType, Mapper>>> = {
  // `domain` is exported with everything below it, `hostname` as exactly this name.
  domain: ({ value, scope }) =>
    HOST_NAME.test(value)
      ? plain(scope === "subtree" ? "domain" : "hostname", "Network activity", value)
      : { misfit: "not a host name with at least two labels" },
  ipv4: ({ value }) => (isIPv4(value) ? plain("ip-dst", "Network activity", value) : { misfit: "not an IPv4 address" }),
  ipv6: ({ value }) =>
    isCanonicalIpv6(value) ? plain("ip-dst", "Network activity", value) : { misfit: "not a canonical IPv6 address" },
  endpoint: mapEndpoint,
  url: mapUrl,
  sha256: mapFile,
  ja3: mapJa3,
  ja4: mapJa4,
  certificate: ({ value }) =>
    isHex(value, 40)
      ? plain("x509-fingerprint-sha1", "Network activity", value)
      : { misfit: "not a SHA-1 fingerprint" },
  "user-agent": ({ value }) =>
    isStorable(value) ? context(plain("user-agent", "Network activity", value)) : UNSTORABLE,
  mutex: ({ value }) => (isStorable(value) ? plain("mutex", "Artifacts dropped", value) : UNSTORABLE),
  "registry-key": mapRegistryKey,
  "file-path": mapFilePath,
  "command-line": mapCommandLine,
};

/**
 * The observable types that have a place in MISP. Not JA3S: its object demands the JA3 of the same session, and the
 * only attribute type would call it a JA3. Not mail addresses: they are personal data and never leave.
 */
export const MAPPED_TYPES = Object.keys(MAPPERS) as ObservableType[];

/** An indicator as attribute or object, or why it cannot be one. */
export function mapIndicator(indicator: Indicator): Mapped | Misfit {
  return MAPPERS[indicator.type]?.(indicator) ?? { misfit: `MISP has no attribute for ${indicator.type}` };
}

function plain(type: string, category: Category, value: string): Mapped {
  return { attributes: [{ type, category, value, detects: true, correlates: true }] };
}

/** The same without alert and correlation: worth knowing, not worth waking somebody. */
function context({ attributes: [attribute] }: Mapped): Mapped {
  return { attributes: [{ ...attribute, detects: false, correlates: false }] };
}

function mapEndpoint({ value }: Indicator): Mapped | Misfit {
  const endpoint = parsed(parseEndpoint, value);
  const isAddress = endpoint && (isIPv4(endpoint.address) || isCanonicalIpv6(endpoint.address));
  if (!isAddress || endpoint.port > 65_535) return { misfit: "not a canonical endpoint" };
  return plain("ip-dst|port", "Network activity", `${endpoint.address}|${endpoint.port}`);
}

function mapUrl({ value }: Indicator): Mapped | Misfit {
  if (!/^[!-~]+$/.test(value) || !isStorable(value) || !parsed(parseUrl, value)) {
    return { misfit: "not a canonical URL" };
  }
  if (REFANGED.test(value)) return { misfit: "MISP would take it for a defanged URL and rewrite it" };
  return plain("url", "Network activity", value);
}

function mapFile({ value, details: { md5, sha1, size, names } }: Indicator): Mapped | Misfit {
  if (!isHex(value, 64)) return { misfit: "not a SHA-256" };
  const hashes = [
    ...(md5 && isHex(md5, 32) ? [hash("md5", md5)] : []),
    ...(sha1 && isHex(sha1, 40) ? [hash("sha1", sha1)] : []),
  ];
  if (hashes.length === 0) return plain("sha256", "Payload delivery", value);
  const fileNames = [...new Set(names)]
    .filter(isStorable)
    .map((name) => note("filename", "filename", "Payload delivery", name));
  return {
    template: FILE,
    attributes: [
      hash("sha256", value),
      ...hashes,
      ...(Number.isSafeInteger(size) && (size as number) >= 0
        ? [note("size-in-bytes", "size-in-bytes", "Other", String(size))]
        : []),
      ...fileNames,
    ],
  };
}

function hash(type: "md5" | "sha1" | "sha256", value: string): AttributeDraft {
  return { relation: type, type, category: "Payload delivery", value, detects: true, correlates: true };
}

function note(relation: string, type: string, category: Category, value: string): AttributeDraft {
  return { relation, type, category, value, detects: false, correlates: false };
}

/** A JA3 names a TLS library, which harmless programs use as well: good for pivoting, bad for alerts. */
function mapJa3({ value }: Indicator): Mapped | Misfit {
  if (!isHex(value, 32)) return { misfit: "not a JA3 fingerprint" };
  const type = "ja3-fingerprint-md5";
  return { attributes: [{ type, category: "Network activity", value, detects: false, correlates: true }] };
}

function mapJa4({ value }: Indicator): Mapped | Misfit {
  if (!JA4.test(value)) return { misfit: "not a JA4 fingerprint" };
  return {
    template: JA4_PLUS,
    attributes: [
      { ...note("ja4-fingerprint", "text", "Network activity", value), correlates: true },
      note("ja4-type", "text", "Network activity", "JA4"),
    ],
  };
}

function mapRegistryKey({ value }: Indicator): Mapped | Misfit {
  if (!isStorable(value)) return UNSTORABLE;
  if (!HIVE.test(value)) return { misfit: "the registry key does not begin with a full hive name" };
  return plain("regkey", "Persistence mechanism", value);
}

function mapFilePath({ value }: Indicator): Mapped | Misfit {
  const name = value.slice(Math.max(value.lastIndexOf("\\"), value.lastIndexOf("/")) + 1);
  if (!isStorable(value) || !isStorable(name)) return UNSTORABLE;
  return {
    template: FILE,
    attributes: [
      { ...note("fullpath", "text", "Artifacts dropped", value), correlates: true },
      note("filename", "filename", "Artifacts dropped", name),
    ],
  };
}

function mapCommandLine({ value }: Indicator): Mapped | Misfit {
  if (!isStorable(value)) return UNSTORABLE;
  return {
    template: COMMAND_LINE,
    attributes: [{ ...note("command_line", "text", "Artifacts dropped", value), correlates: true }],
  };
}

function isCanonicalIpv6(value: string): boolean {
  return isIPv6(value) && /^[0-9a-f:]+$/.test(value);
}
