/**
 * Recognises a body of VirusTotal API v3 by its content and splits it into the items the collectors understand.
 * A body that is VirusTotal's but has nothing to collect (quotas, submissions, error answers) is `ignored`, not wrong.
 */
import { plainText } from "../model/text.ts";
import {
  BehaviourReport,
  FileAttributes,
  NetworkAttributes,
  NotificationAttributes,
  ResolutionAttributes,
  VtObject,
} from "./schema.ts";

export interface ReportItem {
  readonly kind: "report";
  /** sha256, absent when neither the body nor its file name says. */
  readonly sampleId?: string;
  /** Absent for the merged summary. */
  readonly sandbox?: string;
  readonly report: BehaviourReport;
}

export interface FileItem {
  readonly kind: "file";
  readonly id: string;
  readonly attributes?: FileAttributes;
  readonly labels: readonly string[];
  /** Relationship name → descriptors or objects. */
  readonly relationships: ReadonlyMap<string, readonly VtObject[]>;
}

export interface NetworkItem {
  readonly kind: "domain" | "ip_address" | "url";
  /** Host, address or URL; a URL's id is a hash and never stands here. */
  readonly value: string;
  readonly attributes?: NetworkAttributes;
  /** The file whose relationship listing this came from. */
  readonly contactedBy?: { readonly sampleId: string; readonly relationship: string };
}

export interface ResolutionItem {
  readonly kind: "resolution";
  readonly host: string;
  readonly address: string;
  readonly date?: number;
}

export interface IgnoredItem {
  readonly kind: "ignored";
  readonly what: string;
}

export type VtItem = ReportItem | FileItem | NetworkItem | ResolutionItem | IgnoredItem;

/** An entry among bodies that is none itself. */
const UNRECOGNISED: IgnoredItem = { kind: "ignored", what: "unrecognised entry" };

const SHA256 = /(?:^|[^0-9a-f])([0-9a-f]{64})(?![0-9a-f])/i;
const IGNORED_TYPES = new Set([
  "analysis",
  "submission",
  "whois",
  "ssl_cert",
  "comment",
  "vote",
  "collection",
  "graph",
  "hunting_ruleset",
  "retrohunt_job",
  "user",
  "group",
]);
/** Keys of which a merged summary has at least one; it has no type and no id. */
const REPORT_KEYS = [
  ...Object.keys(BehaviourReport.shape),
  "processes_tree",
  "processes_created",
  "files_opened",
  "files_written",
  "modules_loaded",
  "registry_keys_opened",
  "signature_matches",
  "sigma_analysis_results",
  "mbc",
  "memory_dumps",
  "text_highlighted",
];

/**
 * The items of one body. `source` is the file name, used only to name the sample of a body that does not; `asked`
 * says whose listing it is when the caller asked for it. Answers
 * undefined when the body is not one of VirusTotal's.
 */
export function recogniseBody(body: unknown, source: string, asked?: Subject): VtItem[] | undefined {
  // An array holds bodies; an array in an array holds nothing of VirusTotal's.
  if (Array.isArray(body)) return recogniseArray(body, source);
  if (!isObject(body)) return undefined;
  if (isObject(body.error) && typeof body.error.code === "string")
    return [ignored(`error answer ${body.error.code.slice(0, 60)}`)];
  const subject = asked ?? listingSubject(body);
  if (Object.hasOwn(body, "data")) {
    const { data } = body;
    if (data === null) return [ignored("empty answer: no sandbox ran")];
    if (Array.isArray(data)) return recogniseListing(data, subject, source);
    if (isObject(data)) return recogniseOne(data, subject, source);
    return undefined;
  }
  return recogniseOne(body, subject, source);
}

function recogniseArray(bodies: readonly unknown[], source: string): VtItem[] | undefined {
  const recognised = bodies.map((body) => (Array.isArray(body) ? undefined : recogniseBody(body, source)));
  return recognised.every((items) => items === undefined) && bodies.length > 0
    ? undefined
    : recognised.flatMap((items) => items ?? [UNRECOGNISED]);
}

/** Whose listing a body is. */
export interface Subject {
  readonly collection: string;
  readonly id: string;
  readonly relationship: string;
}

/** `…/api/v3/files/<sha256>/relationships/contacted_ips?limit=20` names whose listing this is. */
function listingSubject(body: Record<string, unknown>): Subject | undefined {
  const links = isObject(body.links) ? body.links : {};
  const self = [links.self, links.related, links.next].find((link) => typeof link === "string");
  const match = /\/api\/v3\/([a-z_]+)\/([^/?]+)\/(?:relationships\/)?([a-z_]+)(?:\?|$)/.exec(self ?? "");
  return match
    ? { collection: match[1] as string, id: decode(match[2] as string), relationship: match[3] as string }
    : undefined;
}

function recogniseListing(
  data: readonly unknown[],
  subject: Subject | undefined,
  source: string,
): VtItem[] | undefined {
  if (data.length === 0) return [ignored("empty listing")];
  // Threat lists wrap each of their objects in a `data` of its own.
  const items = data.map((entry) => {
    if (!isObject(entry)) return undefined;
    return isObject(entry.data) ? recogniseOne(entry.data, subject, source) : recogniseOne(entry, subject, source);
  });
  if (items.every((item) => item === undefined)) {
    return data.every((entry) => typeof entry === "string") ? [ignored("list of words")] : undefined;
  }
  return items.flatMap((item) => item ?? [UNRECOGNISED]);
}

function recogniseOne(
  body: Record<string, unknown>,
  subject: Subject | undefined,
  source: string,
): VtItem[] | undefined {
  const parsed = VtObject.safeParse(body);
  if (!parsed.success) return recogniseUntyped(body, subject, source);
  const object = parsed.data;
  if (object.error !== undefined) return [ignored("object that VirusTotal does not hold")];
  switch (object.type) {
    case "file_behaviour":
    case "private_file_behaviour":
      return [reportOf(object, subject)];
    case "file":
    case "private_file":
      return [fileOf(object)];
    case "domain":
    case "ip_address":
    case "url":
      return networkOf(object, subject);
    case "resolution": {
      const { host_name: host, ip_address: address, date } = ResolutionAttributes.parse(object.attributes ?? {});
      return host && address
        ? [{ kind: "resolution", host, address, ...(date ? { date } : {}) }]
        : [ignored("resolution without names")];
    }
    case "hunting_notification":
      return notified(object);
    default:
      return [ignored(IGNORED_TYPES.has(object.type) ? object.type : `object of type ${object.type.slice(0, 40)}`)];
  }
}

/** Words that other JSON has too tell a report only when nothing else stands beside them. */
const COMMON_KEYS = new Set(["tags", "verdicts"]);

function isReport(body: Record<string, unknown>): boolean {
  const known = REPORT_KEYS.filter((key) => Object.hasOwn(body, key));
  return known.some((key) => !COMMON_KEYS.has(key)) || (known.length > 0 && known.length === Object.keys(body).length);
}

/** A merged summary, wrapped or bare, or an answer that is no object (quotas, technique trees). */
function recogniseUntyped(
  body: Record<string, unknown>,
  subject: Subject | undefined,
  source: string,
): VtItem[] | undefined {
  if (isReport(body)) {
    const sampleId =
      subject?.collection === "files" && SHA256.test(subject.id) ? subject.id.toLowerCase() : sha256In(source);
    return [{ kind: "report", report: BehaviourReport.parse(body), ...(sampleId ? { sampleId } : {}) }];
  }
  if (subject) return [ignored(subject.relationship)];
  const values = Object.values(body);
  const isQuota = Object.keys(body).some(
    (key) => key.startsWith("api_requests_") || key === "daily" || key === "total",
  );
  if (isQuota) return [ignored("quota answer")];
  const isTree = values.length > 0 && values.every((value) => isObject(value) && Array.isArray(value.tactics));
  return isTree ? [ignored("technique tree")] : undefined;
}

function reportOf(object: VtObject, subject: Subject | undefined): ReportItem {
  const report = BehaviourReport.parse(isObject(object.attributes) ? object.attributes : {});
  // `{sha256}_{Sandbox Name}`: split at the first underscore, the name may hold more.
  const [, idSample, idSandbox] = /^([0-9a-f]{64})_(.+)$/is.exec(object.id) ?? [];
  const sampleId = idSample ?? (subject?.collection === "files" ? sha256In(subject.id) : undefined);
  const sandbox = report.sandbox_name ?? idSandbox;
  return {
    kind: "report",
    report,
    ...(sampleId ? { sampleId: sampleId.toLowerCase() } : {}),
    ...(sandbox ? { sandbox: plainText(sandbox, 80) } : {}),
  };
}

function fileOf(object: VtObject): FileItem | IgnoredItem {
  const attributes = isObject(object.attributes) ? FileAttributes.parse(object.attributes) : undefined;
  const id = sha256In(attributes?.sha256 ?? "") ?? sha256In(object.id);
  if (!id) return ignored("file without sha256");
  const rule = object.context_attributes?.rule_name ?? object.context_attributes?.hunting_info?.rule_name;
  return {
    kind: "file",
    id,
    ...(attributes ? { attributes } : {}),
    labels: rule ? [plainText(rule, 100)] : [],
    relationships: relationshipsOf(object.relationships),
  };
}

function relationshipsOf(relationships: unknown): ReadonlyMap<string, readonly VtObject[]> {
  const found = new Map<string, readonly VtObject[]>();
  if (!isObject(relationships)) return found;
  for (const [name, value] of Object.entries(relationships)) {
    const data: unknown = isObject(value) ? value.data : undefined;
    const entries = Array.isArray(data) ? data : [data];
    const objects = entries.flatMap((entry) => {
      const parsed = VtObject.safeParse(entry);
      return parsed.success && parsed.data.error === undefined ? [parsed.data] : [];
    });
    if (objects.length > 0) found.set(name, objects);
  }
  return found;
}

function networkOf(object: VtObject, subject: Subject | undefined): VtItem[] {
  const attributes = isObject(object.attributes) ? NetworkAttributes.parse(object.attributes) : undefined;
  const value = networkValue(object, attributes);
  if (value === undefined) return [ignored("URL object without its address")];
  const sampleId = subject?.collection === "files" ? sha256In(subject.id) : undefined;
  return [
    {
      kind: object.type as NetworkItem["kind"],
      value,
      ...(attributes ? { attributes } : {}),
      ...(sampleId && subject ? { contactedBy: { sampleId, relationship: subject.relationship } } : {}),
    },
  ];
}

/** The written value of a network object or descriptor. */
export function networkValue(object: VtObject, attributes?: NetworkAttributes): string | undefined {
  return object.type === "url" ? (attributes?.url ?? object.context_attributes?.url) : object.id;
}

function notified(object: VtObject): VtItem[] {
  const { tags, rule_name: rule } = NotificationAttributes.parse(isObject(object.attributes) ? object.attributes : {});
  const ids = tags.flatMap((tag) => (tag && /^[0-9a-f]{64}$/i.test(tag) ? [tag.toLowerCase()] : []));
  if (ids.length === 0) return [ignored("notification without a file")];
  return ids.map((id) => ({ kind: "file", id, labels: rule ? [plainText(rule, 100)] : [], relationships: new Map() }));
}

function ignored(what: string): IgnoredItem {
  return { kind: "ignored", what };
}

function sha256In(text: string): string | undefined {
  return SHA256.exec(text)?.[1]?.toLowerCase();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
