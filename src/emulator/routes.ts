/** Which path is whose. A `*` is one part; the first that fits answers. */
import type { Endpoint } from "./answer.ts";
import {
  collection,
  collectionMembers,
  collections,
  retrohuntJob,
  retrohuntJobs,
  retrohuntMatches,
} from "./collections.ts";
import { feed } from "./feeds.ts";
import { huntingNotificationFiles, huntingNotifications, iocStream } from "./hunting.ts";
import {
  behaviourSummary,
  file,
  fileBehaviour,
  metadata,
  mitreTrees,
  networkObject,
  overallQuotas,
  popularThreatCategories,
  relationshipDescriptors,
  relationshipObjects,
} from "./lookups.ts";
import { lookUp, search } from "./search.ts";

export interface Route {
  readonly path: string;
  readonly endpoint: Endpoint;
  /** Costs no quota. */
  readonly isFree?: true;
}

const NETWORK = ["domains", "ip_addresses", "urls"];

export const ROUTES: readonly Route[] = [
  { path: "intelligence/search", endpoint: search },
  { path: "search", endpoint: lookUp },
  { path: "files/*", endpoint: file },
  { path: "files/*/behaviour_summary", endpoint: behaviourSummary },
  { path: "files/*/behaviour_mitre_trees", endpoint: mitreTrees },
  { path: "files/*/relationships/*", endpoint: relationshipDescriptors },
  { path: "files/*/*", endpoint: relationshipObjects },
  { path: "file_behaviours/*", endpoint: fileBehaviour },
  ...NETWORK.flatMap((name): Route[] => [
    { path: `${name}/*`, endpoint: networkObject },
    { path: `${name}/*/relationships/*`, endpoint: relationshipDescriptors },
    { path: `${name}/*/*`, endpoint: relationshipObjects },
  ]),
  { path: "ioc_stream", endpoint: iocStream },
  { path: "intelligence/hunting_notifications", endpoint: huntingNotifications },
  { path: "intelligence/hunting_notification_files", endpoint: huntingNotificationFiles },
  { path: "intelligence/retrohunt_jobs", endpoint: retrohuntJobs },
  { path: "intelligence/retrohunt_jobs/*", endpoint: retrohuntJob },
  { path: "intelligence/retrohunt_jobs/*/matching_files", endpoint: retrohuntMatches },
  { path: "collections", endpoint: collections },
  { path: "collections/*", endpoint: collection },
  { path: "collections/*/relationships/*", endpoint: collectionMembers },
  { path: "collections/*/*", endpoint: collectionMembers },
  ...["feeds/file-behaviours", "feeds/file_behaviours"].flatMap((path): Route[] => [
    { path: `${path}/hourly/*`, endpoint: feed },
    { path: `${path}/*`, endpoint: feed },
  ]),
  { path: "users/*/overall_quotas", endpoint: overallQuotas, isFree: true },
  { path: "popular_threat_categories", endpoint: popularThreatCategories },
  { path: "metadata", endpoint: metadata, isFree: true },
];

export function routeOf(path: readonly string[]): Route | undefined {
  return ROUTES.find((route) => {
    const parts = route.path.split("/");
    return parts.length === path.length && parts.every((part, at) => part === "*" || part === path[at]);
  });
}
