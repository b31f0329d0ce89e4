/**
 * The files of a Splunk app around its lookups, as AppInspect wants them: no `local/`, nothing enabled, no real-time
 * search, one version in all places. This module writes no lookup rows.
 * Source: Splunk "app.conf", "transforms.conf", "savedsearches.conf", "default.meta.conf" and app manifest 2.0 pages.
 */
import type { Chunk } from "../../src/plugin.ts";
import { LOOKUPS, type Lookup } from "./lookups.ts";

export interface AppSettings {
  readonly appId: string;
  readonly appVersion: string;
  readonly label: string;
  readonly author: string;
  readonly description: string;
  readonly lookupPrefix: string;
}

/** Every file of the app but the lookups. `columns` are those that the row template prints. */
export function* appFiles(settings: AppSettings, columns: readonly string[]): Generator<Chunk> {
  const file = (path: string, data: string): Chunk => ({ path: `${settings.appId}/${path}`, data });
  yield file("app.manifest", appManifest(settings));
  yield file("README.txt", readme(settings));
  yield file("default/app.conf", appConf(settings));
  yield file("default/transforms.conf", transformsConf(settings));
  yield file("default/savedsearches.conf", savedSearchesConf(settings, columns));
  yield file("metadata/default.meta", DEFAULT_META);
}

function appManifest({ appId, appVersion, label, author, description }: AppSettings): string {
  const manifest = {
    schemaVersion: "2.0.0",
    info: {
      title: label,
      id: { group: null, name: appId, version: appVersion },
      author: [{ name: author, email: null, company: null }],
      releaseDate: null,
      description,
      classification: {
        intendedAudience: "Security",
        categories: ["Security, Fraud & Compliance"],
        developmentStatus: "Production/Stable",
      },
      commonInformationModels: null,
      license: { name: null, text: null, uri: null },
      privacyPolicy: { name: null, text: null, uri: null },
      releaseNotes: { name: "README", text: "README.txt", uri: null },
    },
    dependencies: null,
    tasks: null,
    inputGroups: null,
    incompatibleApps: null,
    platformRequirements: null,
    supportedDeployments: ["_standalone", "_distributed", "_search_head_clustering"],
    targetWorkloads: ["_search_heads"],
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function appConf({ appId, appVersion, label, author, description }: AppSettings): string {
  return conf({
    install: { is_configured: "false", state: "enabled", build: "1" },
    package: { id: appId, check_for_updates: "false" },
    id: { name: appId, version: appVersion },
    launcher: { author, version: appVersion, description },
    ui: { is_visible: "false", label },
  });
}

function transformsConf({ lookupPrefix }: AppSettings): string {
  return conf(
    Object.fromEntries(
      LOOKUPS.map((lookup) => [
        `${lookupPrefix}_${lookup.name}`,
        {
          filename: `${lookupPrefix}_${lookup.name}.csv`,
          ...(lookup.matchType ? { match_type: lookup.matchType } : {}),
          max_matches: "1",
          // Splunk's own default for CSV lookups is true.
          case_sensitive_match: String(lookup.isCaseSensitive),
        },
      ]),
    ),
  );
}

/** Example searches over the Common Information Model, one for each lookup that is worth an alert by itself. */
const SEARCHES: readonly { title: string; lookup: string; from: string; match: string }[] = [
  {
    title: "DNS queries for listed domains",
    lookup: "domain",
    from: "datamodel=Network_Resolution.DNS by DNS.src DNS.query | rename DNS.* as *",
    match: "domain_pattern AS query",
  },
  {
    title: "traffic to listed addresses",
    lookup: "ip",
    from: "datamodel=Network_Traffic.All_Traffic by All_Traffic.src All_Traffic.dest_ip All_Traffic.dest_port | rename All_Traffic.* as *",
    match: "ip AS dest_ip",
  },
  {
    title: "traffic to listed endpoints",
    lookup: "endpoint",
    from: "datamodel=Network_Traffic.All_Traffic by All_Traffic.src All_Traffic.dest_ip All_Traffic.dest_port All_Traffic.transport | rename All_Traffic.* as *",
    match: "ip AS dest_ip port AS dest_port protocol AS transport",
  },
  {
    title: "requests for listed URLs",
    lookup: "url",
    from: "datamodel=Web.Web by Web.src Web.url | rename Web.* as *",
    match: "url",
  },
  {
    title: "processes with listed hashes",
    lookup: "hash",
    // Sysmon fills process_hash with `MD5=…,SHA256=…`.
    from: 'datamodel=Endpoint.Processes by Processes.dest Processes.process_name Processes.process_hash | rename Processes.* as * | rex max_match=0 field=process_hash "(?i)(?:MD5|SHA1|SHA256)=(?<file_hash>[0-9a-f]+)" | eval file_hash=coalesce(file_hash, process_hash) | mvexpand file_hash',
    match: "file_hash",
  },
  {
    title: "TLS sessions with listed certificates",
    lookup: "certificate",
    from: "datamodel=Certificates.All_Certificates by All_Certificates.src All_Certificates.dest All_Certificates.SSL.ssl_hash | rename All_Certificates.SSL.* as *, All_Certificates.* as *",
    match: "certificate_sha1 AS ssl_hash",
  },
];

function savedSearchesConf({ label, lookupPrefix }: AppSettings, columns: readonly string[]): string {
  const isUnexpired = columns.includes("expires")
    ? ' AND (isnull(expires) OR strptime(expires, "%Y-%m-%dT%H:%M:%SZ") > now())'
    : "";
  return conf(
    Object.fromEntries(
      SEARCHES.map(({ title, lookup, from, match }, index) => [
        `${label} - ${title}`,
        {
          disabled: "1",
          enableSched: "0",
          // Spread over the hour, for those who enable all of them.
          cron_schedule: `${7 + 5 * index} * * * *`,
          "dispatch.earliest_time": "-70m@m",
          "dispatch.latest_time": "-5m@m",
          search:
            `| tstats summariesonly=false count min(_time) as firstTime max(_time) as lastTime from ${from}` +
            ` | lookup ${lookupPrefix}_${lookup} ${match} OUTPUT ${["indicator", ...columns].join(" ")}` +
            ` | where isnotnull(indicator)${isUnexpired}`,
        },
      ]),
    ),
  );
}

const DEFAULT_META = `[]
access = read : [ * ], write : [ admin, sc_admin ]
export = none

[lookups]
export = system

[transforms]
export = system
`;

function readme({ label, appId, lookupPrefix }: AppSettings): string {
  const describe = ({ name, keys, matchType }: Lookup): string =>
    `  ${lookupPrefix}_${name}: ${matchType ?? `exact match of ${keys.join(", ")}`}`;
  return `${label}

Lookups with indicators of compromise from malware sandbox reports.

Install: copy the folder ${appId} to $SPLUNK_HOME/etc/apps on the search head (in a cluster: to
etc/shcluster/apps on the deployer) and restart or reload. The lookups are then usable in every app.

Lookups:
${LOOKUPS.map(describe).join("\n")}

The saved searches are examples. They are disabled: read them, try them, then enable a copy.
The lookups tls_fingerprint, user_agent, registry, file_path and process are context, not alerts: harmless programs
share these values. Use them together with a second condition.

An upgrade of this app overwrites everything in lookups/. Keep your own entries in a lookup of your own.
`;
}

/** Stanzas as a .conf file. */
function conf(stanzas: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  return Object.entries(stanzas)
    .map(([stanza, settings]) =>
      [`[${stanza}]`, ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`), ""].join("\n"),
    )
    .join("\n");
}
