/**
 * Paths of VirusTotal API v3 below the base URL. Every id is percent-encoded here and nowhere else: sandbox names hold
 * spaces (`<sha256>_VirusTotal Jujubox`), and ids come out of bodies. Asks nothing.
 */
import { VtError } from "./failure.ts";

export const paths = {
  intelligenceSearch: "/intelligence/search",
  iocStream: "/ioc_stream",
  huntingNotifications: "/intelligence/hunting_notifications",
  huntingNotificationFiles: "/intelligence/hunting_notification_files",
  file: (id: string) => `/files/${segment(id)}`,
  fileRelated: (id: string, relationship: string) => `/files/${segment(id)}/${segment(relationship)}`,
  /** Descriptors only. */
  fileDescriptors: (id: string, relationship: string) => `/files/${segment(id)}/relationships/${segment(relationship)}`,
  fileBehaviours: (id: string) => `/files/${segment(id)}/behaviours`,
  behaviourSummary: (id: string) => `/files/${segment(id)}/behaviour_summary`,
  /** `<sha256>_<Sandbox Name>`, spaces and all. */
  behaviour: (id: string) => `/file_behaviours/${segment(id)}`,
  domain: (name: string) => `/domains/${segment(name)}`,
  address: (ip: string) => `/ip_addresses/${segment(ip)}`,
  url: (address: string) => `/urls/${segment(urlId(address))}`,
  retrohuntJobs: "/intelligence/retrohunt_jobs",
  retrohuntMatches: (job: string) => `/intelligence/retrohunt_jobs/${segment(job)}/matching_files`,
  collectionRelated: (id: string, relationship: string) => `/collections/${segment(id)}/${segment(relationship)}`,
  overallQuotas: (user: string) => `/users/${segment(user)}/overall_quotas`,
  /** `spelling` is `file-behaviours` or `file_behaviours`; `batch` YYYYMMDDhhmm, or YYYYMMDDhh of the hourly feed. */
  feedBatch: (spelling: string, batch: string) =>
    batch.length === 10
      ? `/feeds/${segment(spelling)}/hourly/${segment(batch)}`
      : `/feeds/${segment(spelling)}/${segment(batch)}`,
} as const;

/** The id the API takes for a URL: its SHA-256 when it is one, else the unpadded base64url of the address. */
export function urlId(address: string): string {
  return /^[0-9a-f]{64}$/.test(address) ? address : Buffer.from(address, "utf8").toString("base64url");
}

/** One path segment. `.` and `..` cannot be encoded: every URL parser walks up on them, `%2e%2e` too. */
function segment(id: string): string {
  if (id === "" || id === "." || id === "..")
    throw new VtError("refused", `"${id}" is not an id of VirusTotal.`, { apiCode: "InvalidArgumentError" });
  return encodeURIComponent(id.toWellFormed());
}

/** Segments after which an id stands. */
const COLLECTIONS = new Set(
  (
    "files file_behaviours file-behaviours domains ip_addresses urls users groups collections analyses graphs " +
    "sigma_analyses retrohunt_jobs hunting_rulesets hunting_notifications ioc_stream_notifications threat_lists " +
    "snippets hourly"
  ).split(" "),
);

/** Method and path with ids replaced by `*`: what a 429 blocks, and what logs and errors may say. */
export function endpointOf(path: string): string {
  const segments = path.split("/");
  const shape = segments.map((text, index) => {
    const before = segments[index - 1] ?? "";
    return COLLECTIONS.has(before) && text !== "hourly" && text !== "" ? "*" : text;
  });
  return `GET ${shape.join("/")}`;
}
