/**
 * What the app of the lookups says about them: definitions, example searches over the Common Information Model and a
 * README. Nothing in it is enabled, and no search is real-time. This module writes no lookup rows.
 * Source: Splunk "transforms.conf" and "savedsearches.conf" pages, Common Information Model Add-on manual.
 */
import type { Chunk } from "../../src/plugin.ts";
import { LOOKUPS, type Lookup } from "./lookups.ts";
import type { SplunkOptions } from "./options.ts";
import { appFiles, conf } from "./package.ts";

/** Every file of the app but the lookups. `columns` are those that the row template prints. */
export function lookupApp(options: SplunkOptions, columns: readonly string[]): Generator<Chunk> {
  return appFiles(options, {
    "README.txt": readme(options),
    "default/transforms.conf": transformsConf(options),
    "default/savedsearches.conf": savedSearchesConf(options, columns),
  });
}

function transformsConf({ lookupPrefix }: SplunkOptions): string {
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

function savedSearchesConf({ label, lookupPrefix }: SplunkOptions, columns: readonly string[]): string {
  const isUnexpired = columns.includes("expires")
    ? ' AND (isnull(expires) OR strptime(expires."+0000", "%Y-%m-%dT%H:%M:%SZ%z") > now())'
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

function readme({ label, appId, lookupPrefix }: SplunkOptions): string {
  const describe = ({ name, keys, matchType }: Lookup): string =>
    `  ${lookupPrefix}_${name}: ${matchType ?? `exact match of ${keys.join(", ")}`}`;
  return `${label}

Lookups with indicators of compromise from malware sandbox reports.

Install: Apps > Manage Apps > Install app from file takes ${appId}.spl. Or copy the folder ${appId} to
$SPLUNK_HOME/etc/apps on the search head (in a cluster: to etc/shcluster/apps on the deployer) and restart or reload.
The lookups are then usable in every app.

Lookups:
${LOOKUPS.map(describe).join("\n")}

The saved searches are examples. They are disabled: read them, try them, then enable a copy.
The lookups tls_fingerprint, user_agent, registry, file_path and process are context, not alerts: harmless programs
share these values. Use them together with a second condition.

An upgrade of this app overwrites everything in lookups/. Keep your own entries in a lookup of your own.
`;
}
