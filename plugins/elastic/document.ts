/**
 * An indicator as an ECS threat document. Only fields of the Elastic Common Schema, and under `labels` what it has no
 * field for.
 * Source: ECS 8.11, field sets `threat`, `event`, `related`, `labels`.
 */
import {
  type Indicator,
  type ObservableType,
  parseEndpoint,
  parseUrl,
  plainText,
  type Tlp,
  virusTotalPage,
} from "../../src/plugin.ts";
import { hashesByAlgorithm } from "../shared/rows/value.ts";
import { aboutText, confidenceWord } from "../shared/rows/words.ts";

const ECS_VERSION = "8.11.0";
/** The prebuilt indicator-match rules of Elastic Security read documents of modules `ti_*`. */
export const MODULE = "ti_rulewright";

const CONFIDENCE = { none: "None", low: "Low", medium: "Medium", high: "High" } as const;

/** What differs by type: fields of `threat.indicator`, and what of it stands in `related`. */
interface Observed {
  readonly type: string;
  readonly ip?: string;
  readonly port?: number;
  readonly url?: object;
  readonly file?: object;
  readonly x509?: object;
  readonly related?: Readonly<Record<string, readonly string[]>>;
}

const OBSERVED: Partial<Record<ObservableType, (indicator: Indicator) => Observed>> = {
  domain: ({ value }) => ({ type: "domain-name", url: { domain: value }, related: { hosts: [value] } }),
  ipv4: ({ value }) => ({ type: "ipv4-addr", ip: value, related: { ip: [value] } }),
  ipv6: ({ value }) => ({ type: "ipv6-addr", ip: value, related: { ip: [value] } }),
  endpoint: ({ value }) => {
    const { address, port } = parseEndpoint(value);
    const type = address.includes(":") ? "ipv6-addr" : "ipv4-addr";
    return { type, ip: address, port, related: { ip: [address] } };
  },
  url: observedUrl,
  sha256: observedFile,
  certificate: ({ details: { certificate } }) => {
    const issuer = certificate?.issuer && plainText(certificate.issuer);
    const serial = certificate?.serial && plainText(certificate.serial, 100);
    const x509 = {
      ...(serial ? { serial_number: serial } : {}),
      ...(issuer ? { issuer: { distinguished_name: issuer } } : {}),
    };
    return { type: "x509-certificate", ...(issuer || serial ? { x509 } : {}) };
  },
};

export const TYPES = Object.keys(OBSERVED) as ObservableType[];

function observedUrl({ value }: Indicator): Observed {
  const { scheme, host, port, target } = parseUrl(value);
  const at = target.indexOf("?");
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? undefined : target.slice(at + 1) || undefined;
  return { type: "url", url: { original: value, full: value, scheme, domain: host, port, path, query } };
}

function observedFile(indicator: Indicator): Observed {
  const { size, names } = indicator.details;
  const hash = hashesByAlgorithm(indicator);
  const name = names?.[0] === undefined ? undefined : plainText(names[0], 255) || undefined;
  return { type: "file", file: { name, size, hash }, related: { hash: Object.values(hash) } };
}

/** What all documents have in common, beside their time. */
export function commonFields(): object {
  return {
    ecs: { version: ECS_VERSION },
    event: {
      kind: "enrichment",
      category: ["threat"],
      type: ["indicator"],
      module: MODULE,
      dataset: `${MODULE}.indicator`,
    },
  };
}

/** What those of one TLP have in common in `threat.indicator`. */
export function commonIndicatorFields(tlp: Tlp): object {
  return { provider: "VirusTotal", marking: { tlp: tlp.toUpperCase(), tlp_version: "2.0" } };
}

/** What a document has of its own, and of that what belongs into `threat.indicator`. */
export interface OwnFields {
  readonly document: object;
  readonly indicator: object;
}

/** For an indicator whose type is in TYPES. Fields that are undefined are not there. */
export function ownFields(indicator: Indicator): OwnFields {
  const { families, labels, verdict } = indicator;
  const { type, ip, port, url, file, x509, related } = (OBSERVED[indicator.type] as (indicator: Indicator) => Observed)(
    indicator,
  );
  return {
    document: {
      labels: {
        scope: indicator.scope,
        valid_until: indicator.validUntil,
        // Elastic's own address rule knows no ports: it would alert on all that the machine serves. This it passes by.
        is_ioc_transform_source: indicator.type === "endpoint" ? "true" : undefined,
      },
      tags: tagsOf(labels.length > 0 ? [...families, ...labels] : families),
      related,
    },
    indicator: {
      type,
      ip,
      port,
      url,
      file,
      x509,
      name: indicator.value,
      description: aboutText(indicator),
      first_seen: indicator.firstSeen,
      last_seen: indicator.lastSeen,
      modified_at: indicator.lastSeen,
      confidence: CONFIDENCE[confidenceWord(verdict.confidence)],
      sightings: indicator.sampleCount,
      reference: virusTotalPage(indicator),
    },
  };
}

function tagsOf(words: readonly string[]): string[] | undefined {
  const tags = words.map((word) => plainText(word, 100)).filter(Boolean);
  if (tags.length === 0) return undefined;
  return tags.length === 1 ? tags : [...new Set(tags)];
}
