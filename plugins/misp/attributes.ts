/**
 * What an indicator is in MISP: one attribute, or one object with attributes, in the form the server stores. Type,
 * category and object template go together; the server drops what does not fit and still answers "saved". Which of the
 * two it is hangs on its type alone: what is known of it grows, and must not move it to another uuid.
 *
 * This module does not give out uuids (they contain the event) and does not judge.
 *
 * Sources: MISP describeTypes.json; misp-objects definitions; AttributeValidationTool of MISP and PyMISP.
 */
import { isIPv4, isIPv6 } from "node:net";
import { type Indicator, type ObservableType, parseEndpoint, parseUrl } from "../../src/plugin.ts";
import { isMd5, isSha1, isSha256 } from "../shared/rows/value.ts";
import { parsed } from "../shared/values.ts";
import type { TemplateName } from "./object-templates.ts";
import { isStorable } from "./text.ts";

export type Category =
  | "Network activity"
  | "Payload delivery"
  | "Artifacts dropped"
  | "Persistence mechanism"
  | "External analysis"
  | "Other";

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

/** Without a template it is one attribute that stands in the event by itself, else an object. */
export interface Member {
  readonly template?: TemplateName;
  readonly attributes: readonly [AttributeDraft, ...AttributeDraft[]];
}

/** Why MISP would not keep a value, in plain words. */
export interface Misfit {
  readonly misfit: string;
}

const UNSTORABLE: Misfit = {
  misfit:
    "empty, too long, or with a control character, outer white space or a character beyond U+FFFF: MISP would change or drop it",
};

// MISP demands label.tld and allows underscores.
export const HOST_NAME =
  /^(?=.{4,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
const JA4 = /^[a-z][0-9a-z]{2}[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/;
const HIVE = /^HKEY_(?:CLASSES_ROOT|CURRENT_CONFIG|CURRENT_USER|LOCAL_MACHINE|USERS)(?:\\|$)/;
// Recent servers "refang" these wherever they stand, so a URL that really contains them would be stored as another one.
const REFANGED = /\[\.\]|\[dot\]|\(dot\)|\[:\]|hxxp/i;

type Mapper = (indicator: Indicator) => Member | Misfit;

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
    isSha1(value) ? plain("x509-fingerprint-sha1", "Network activity", value) : { misfit: "not a SHA-1 fingerprint" },
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
export function mapIndicator(indicator: Indicator): Member | Misfit {
  return MAPPERS[indicator.type]?.(indicator) ?? { misfit: `MISP has no attribute for ${indicator.type}` };
}

function plain(type: string, category: Category, value: string): Member {
  return { attributes: [{ type, category, value, detects: true, correlates: true }] };
}

/** The same without alert and correlation: worth knowing, not worth waking somebody. */
function context({ attributes: [attribute] }: Member): Member {
  return { attributes: [{ ...attribute, detects: false, correlates: false }] };
}

function mapEndpoint({ value }: Indicator): Member | Misfit {
  const endpoint = parsed(parseEndpoint, value);
  const isAddress = endpoint && (isIPv4(endpoint.address) || isCanonicalIpv6(endpoint.address));
  if (!isAddress || endpoint.port > 65_535) return { misfit: "not a canonical endpoint" };
  return plain("ip-dst|port", "Network activity", `${endpoint.address}|${endpoint.port}`);
}

function mapUrl({ value }: Indicator): Member | Misfit {
  if (!/^[!-~]+$/.test(value) || !isStorable(value) || !parsed(parseUrl, value)) {
    return { misfit: "not a canonical URL" };
  }
  if (REFANGED.test(value)) return { misfit: "MISP would take it for a defanged URL and rewrite it" };
  return plain("url", "Network activity", value);
}

function mapFile({ value, details }: Indicator): Member | Misfit {
  return isSha256(value) ? fileOf({ sha256: value, ...details }) : { misfit: "not a SHA-256" };
}

export interface FileFacts {
  readonly sha256: string;
  readonly md5?: string | undefined;
  readonly sha1?: string | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly names?: readonly string[] | undefined;
}

/** A file by its hashes, with what does not tell files apart beside them. */
export function fileOf({ sha256, md5, sha1, size, names }: FileFacts): Member {
  const fileNames = [...new Set(names)].filter(isStorable);
  return {
    template: "file",
    attributes: [
      hash("sha256", sha256),
      ...(md5 && isMd5(md5) ? [hash("md5", md5)] : []),
      ...(sha1 && isSha1(sha1) ? [hash("sha1", sha1)] : []),
      ...(Number.isSafeInteger(size) && (size as number) >= 0
        ? [note("size-in-bytes", "size-in-bytes", "Other", String(size))]
        : []),
      ...fileNames.map((name) => note("filename", "filename", "Payload delivery", name)),
    ],
  };
}

function hash(type: "md5" | "sha1" | "sha256", value: string): AttributeDraft {
  return { relation: type, type, category: "Payload delivery", value, detects: true, correlates: true };
}

/** Context: neither an alert nor a correlation. */
export function note(relation: string, type: string, category: Category, value: string): AttributeDraft {
  return { relation, type, category, value, detects: false, correlates: false };
}

/** A JA3 names a TLS library, which harmless programs use as well: good for pivoting, bad for alerts. */
function mapJa3({ value }: Indicator): Member | Misfit {
  if (!isMd5(value)) return { misfit: "not a JA3 fingerprint" };
  const type = "ja3-fingerprint-md5";
  return { attributes: [{ type, category: "Network activity", value, detects: false, correlates: true }] };
}

function mapJa4({ value }: Indicator): Member | Misfit {
  if (!JA4.test(value)) return { misfit: "not a JA4 fingerprint" };
  return {
    template: "ja4-plus",
    attributes: [
      { ...note("ja4-fingerprint", "text", "Network activity", value), correlates: true },
      note("ja4-type", "text", "Network activity", "JA4"),
    ],
  };
}

function mapRegistryKey({ value }: Indicator): Member | Misfit {
  if (!isStorable(value)) return UNSTORABLE;
  if (!HIVE.test(value)) return { misfit: "the registry key does not begin with a full hive name" };
  return plain("regkey", "Persistence mechanism", value);
}

function mapFilePath({ value }: Indicator): Member | Misfit {
  const name = value.slice(Math.max(value.lastIndexOf("\\"), value.lastIndexOf("/")) + 1);
  if (!isStorable(value) || !isStorable(name)) return UNSTORABLE;
  return {
    template: "file",
    attributes: [
      { ...note("fullpath", "text", "Artifacts dropped", value), correlates: true },
      note("filename", "filename", "Artifacts dropped", name),
    ],
  };
}

function mapCommandLine({ value }: Indicator): Member | Misfit {
  if (!isStorable(value)) return UNSTORABLE;
  return {
    template: "command-line",
    attributes: [{ ...note("command_line", "text", "Artifacts dropped", value), correlates: true }],
  };
}

export function isCanonicalIpv6(value: string): boolean {
  return isIPv6(value) && /^[0-9a-f:]+$/.test(value);
}
