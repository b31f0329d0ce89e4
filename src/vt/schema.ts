/**
 * The fields of VirusTotal API v3 bodies that Rulewright uses, and no others. Permissive: a field that is unknown is
 * ignored and a field of the wrong type counts as absent, so it costs itself and not the report. List entries keep
 * their position (a broken entry becomes `undefined`), because evidence names places such as `ip_traffic[3]`.
 *
 * Source: "File behaviour", "Files", "Domains", "IP addresses" and "URLs" object pages of docs.virustotal.com.
 */
import { z } from "zod";

const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

/** A list whose broken entries become `undefined`; anything but a list is empty. */
function list<T extends z.ZodType>(item: T) {
  return z
    .unknown()
    .optional()
    .transform((value): (z.output<T> | undefined)[] =>
      Array.isArray(value)
        ? value.map((entry) => {
            const parsed = item.safeParse(entry);
            return parsed.success ? parsed.data : undefined;
          })
        : [],
    );
}

const texts = z
  .unknown()
  .optional()
  .transform((value): (string | undefined)[] =>
    Array.isArray(value) ? value.map((entry) => (typeof entry === "string" ? entry : undefined)) : [],
  );

/** A name → text dictionary (`subject`, `request_headers`); anything else in it is left out. */
const dictionary = z
  .unknown()
  .optional()
  .transform((value): ReadonlyMap<string, string> => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return new Map(
      isObject ? Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string") : [],
    );
  });

const keys = z
  .unknown()
  .optional()
  .transform((value): string[] =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [],
  );

/** A number, also when it comes as a string of digits. */
const looseNumber = z
  .unknown()
  .optional()
  .transform((value): number | undefined => {
    if (typeof value === "number") return value;
    return typeof value === "string" && /^[0-9]{1,15}$/.test(value) ? Number(value) : undefined;
  });

const IpTraffic = z.object({ destination_ip: text, destination_port: looseNumber, transport_layer_protocol: text });

const AlertContext = z.object({
  dest_ip: text,
  dest_port: looseNumber,
  src_ip: text,
  src_port: looseNumber,
  hostname: text,
  url: text,
  protocol: text,
  ja3: texts,
  ja3s: texts,
});

/** `attributes` of a file_behaviour, or the merged summary. */
export const BehaviourReport = z.object({
  sandbox_name: text,
  analysis_date: number,
  last_modification_date: number,
  dns_lookups: list(z.object({ hostname: text, resolved_ips: texts })),
  ip_traffic: list(IpTraffic),
  http_conversations: list(
    z.object({ url: text, request_method: text, request_headers: dictionary, response_status_code: looseNumber }),
  ),
  tls: list(
    z.object({
      subject: dictionary,
      issuer: dictionary,
      serial_number: text,
      thumbprint: text,
      sni: text,
      ja3: text,
      ja3s: text,
      ja4: text,
      ip_traffic: list(IpTraffic),
    }),
  ),
  ja3_digests: texts,
  smtp_conversations: list(z.object({ hostname: text, destination_ip: text, destination_port: looseNumber })),
  ids_alerts: list(
    z.object({ rule_msg: text, alert_severity: text, alert_context: AlertContext.optional().catch(undefined) }),
  ),
  memory_pattern_domains: texts,
  memory_pattern_ips: texts,
  memory_pattern_urls: texts,
  command_executions: texts,
  files_dropped: list(z.object({ path: text, sha256: text })),
  registry_keys_set: list(z.object({ key: text })),
  mutexes_created: texts,
  mitre_attack_techniques: list(z.object({ id: text })),
  attack_techniques: keys,
  verdicts: texts,
  verdict_labels: texts,
  tags: texts,
});
export type BehaviourReport = z.output<typeof BehaviourReport>;

const AnalysisStats = z.object({
  malicious: number,
  suspicious: number,
  undetected: number,
  harmless: number,
});

const GtiAssessment = z.object({
  verdict: z.object({ value: text }).optional().catch(undefined),
  threat_score: z.object({ value: number }).optional().catch(undefined),
  contributing_factors: z
    .object({ mandiant_analyst_benign: flag, mandiant_analyst_malicious: flag, pervasive_indicator: flag })
    .optional()
    .catch(undefined),
});

const Counted = z.object({ value: text, count: number });
/** Since 2021 `[{value, count}]`, before `[["trojan", 31]]`. */
const counted = z
  .unknown()
  .optional()
  .transform((value): { value: string; count: number }[] => {
    if (!Array.isArray(value)) return [];
    return value.flatMap((entry) => {
      if (Array.isArray(entry) && typeof entry[0] === "string")
        return [{ value: entry[0], count: Number(entry[1]) || 0 }];
      const parsed = Counted.safeParse(entry);
      return parsed.success && parsed.data.value ? [{ value: parsed.data.value, count: parsed.data.count ?? 0 }] : [];
    });
  });

const SandboxVerdict = z.object({ category: text, malware_names: texts });

export const FileAttributes = z.object({
  sha256: text,
  md5: text,
  sha1: text,
  meaningful_name: text,
  size: number,
  last_analysis_date: number,
  last_submission_date: number,
  first_submission_date: number,
  last_analysis_stats: AnalysisStats.optional().catch(undefined),
  popular_threat_classification: z
    .object({ suggested_threat_label: text, popular_threat_name: counted })
    .optional()
    .catch(undefined),
  sandbox_verdicts: z
    .unknown()
    .optional()
    .transform((value): z.output<typeof SandboxVerdict>[] =>
      typeof value === "object" && value !== null
        ? Object.values(value).flatMap((entry) => {
            const parsed = SandboxVerdict.safeParse(entry);
            return parsed.success ? [parsed.data] : [];
          })
        : [],
    ),
  gti_assessment: GtiAssessment.optional().catch(undefined),
});
export type FileAttributes = z.output<typeof FileAttributes>;

const Rank = z.object({ rank: z.number().int().positive(), timestamp: number });

/** `attributes` of a domain, ip_address or url object. */
export const NetworkAttributes = z.object({
  url: text,
  as_owner: text,
  creation_date: number,
  last_analysis_date: number,
  last_modification_date: number,
  last_submission_date: number,
  last_analysis_stats: AnalysisStats.optional().catch(undefined),
  popularity_ranks: z
    .unknown()
    .optional()
    .transform((value): { source: string; rank: number; timestamp: number | undefined }[] =>
      typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([source, entry]) => {
            const parsed = Rank.safeParse(entry);
            return parsed.success ? [{ source, rank: parsed.data.rank, timestamp: parsed.data.timestamp }] : [];
          })
        : [],
    ),
  gti_assessment: GtiAssessment.optional().catch(undefined),
});
export type NetworkAttributes = z.output<typeof NetworkAttributes>;

export const ResolutionAttributes = z.object({ host_name: text, ip_address: text, date: number });

export const NotificationAttributes = z.object({ date: number, rule_name: text, tags: texts });

/** A string, or the first string of a list: `context_attributes.url` was a list in 2021. */
const textOrList = z
  .unknown()
  .optional()
  .transform((value): string | undefined => {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" ? first : undefined;
  });

export const ContextAttributes = z.object({
  url: textOrList,
  rule_name: text,
  hunting_info: z.object({ rule_name: text }).optional().catch(undefined),
});

/** Any object or descriptor: `{type, id}` and what hangs on it. */
export const VtObject = z.object({
  type: z.string(),
  id: z.string(),
  attributes: z.unknown().optional(),
  context_attributes: ContextAttributes.optional().catch(undefined),
  relationships: z.unknown().optional(),
  /** In listings: VirusTotal does not hold the object. */
  error: z.unknown().optional(),
});
export type VtObject = z.output<typeof VtObject>;
