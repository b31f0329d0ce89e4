/**
 * Files beside the documents: the mapping of an index for them, and detection rules that Elastic does not ship, as
 * Kibana imports them. All rules come disabled.
 * Source: Elasticsearch "Create or update index template"; Elastic Security "Detections API", type `threat_match`.
 */
import { RULEWRIGHT_NAMESPACE, uuidv5 } from "../../src/plugin.ts";
import { MODULE } from "./document.ts";

const keyword = { type: "keyword", ignore_above: 1024 };
const date = { type: "date" };
const long = { type: "long" };
const wildcard = { type: "wildcard" };
const fields = (properties: Record<string, object>) => ({ properties });

/** Elasticsearch would guess text for what rules compare as a whole. */
export function indexTemplate(index: string): string {
  const indicator = fields({
    type: keyword,
    id: keyword,
    name: keyword,
    description: keyword,
    ip: { type: "ip" },
    port: long,
    url: fields({
      original: wildcard,
      full: wildcard,
      scheme: keyword,
      domain: keyword,
      port: long,
      path: wildcard,
      query: keyword,
    }),
    file: fields({ name: keyword, size: long, hash: fields({ md5: keyword, sha1: keyword, sha256: keyword }) }),
    x509: fields({ serial_number: keyword, issuer: fields({ distinguished_name: keyword }) }),
    first_seen: date,
    last_seen: date,
    modified_at: date,
    provider: keyword,
    confidence: keyword,
    sightings: long,
    reference: keyword,
    marking: fields({ tlp: keyword, tlp_version: keyword }),
  });
  const template = {
    index_patterns: [index],
    priority: 200,
    template: {
      mappings: fields({
        "@timestamp": date,
        ecs: fields({ version: keyword }),
        event: fields({ kind: keyword, category: keyword, type: keyword, module: keyword, dataset: keyword }),
        labels: fields({ scope: keyword, valid_until: keyword, is_ioc_transform_source: keyword }),
        tags: keyword,
        threat: fields({ feed: fields({ name: keyword }), indicator }),
        related: fields({ ip: { type: "ip" }, hosts: keyword, hash: keyword }),
      }),
    },
  };
  return `${JSON.stringify(template, null, 2)}\n`;
}

interface MatchRule {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** Events that are looked at. */
  readonly query: string;
  /** Documents of ours that are looked up, beside their module. */
  readonly threatQuery: string;
  /** Field of the event → field of the document; all must match. */
  readonly mapping: Readonly<Record<string, string>>;
}

/**
 * A URL document has a domain too, often one that many share; so each rule asks for its own type. The registered
 * domain stands for the names below it only where these are meant.
 */
const RULES: readonly MatchRule[] = [
  {
    key: "dns-name",
    name: "Rulewright DNS Indicator Match",
    description: "A DNS query asked for a domain that malware contacted in a sandbox.",
    query: "dns.question.name:*",
    threatQuery: 'threat.indicator.type:"domain-name"',
    mapping: { "dns.question.name": "threat.indicator.url.domain" },
  },
  {
    key: "dns-registered-domain",
    name: "Rulewright DNS Indicator Match Below Domain",
    description: "A DNS query asked for a name below a domain that malware contacted in a sandbox.",
    query: "dns.question.registered_domain:*",
    threatQuery: 'threat.indicator.type:"domain-name" and labels.scope:"subtree"',
    mapping: { "dns.question.registered_domain": "threat.indicator.url.domain" },
  },
  {
    key: "endpoint",
    name: "Rulewright Endpoint Indicator Match",
    description: "A connection went to an address and port that malware contacted in a sandbox.",
    query: "destination.ip:* and destination.port:*",
    threatQuery: "threat.indicator.ip:* and threat.indicator.port:*",
    mapping: { "destination.ip": "threat.indicator.ip", "destination.port": "threat.indicator.port" },
  },
];

/** The rules, one a line, for documents in this index. */
export function matchRules(index: string): string {
  return RULES.map((rule) => `${JSON.stringify(matchRule(rule, index))}\n`).join("");
}

function matchRule({ key, name, description, query, threatQuery, mapping }: MatchRule, index: string): object {
  return {
    rule_id: uuidv5(RULEWRIGHT_NAMESPACE, `elastic-rule:${key}`),
    name,
    description,
    type: "threat_match",
    enabled: false,
    severity: "high",
    risk_score: 73,
    interval: "1h",
    from: "now-65m",
    to: "now",
    language: "kuery",
    index: ["auditbeat-*", "endgame-*", "filebeat-*", "logs-*", "packetbeat-*", "winlogbeat-*"],
    // Our own documents have no traffic in them.
    query: `${query} and not event.module:${MODULE}`,
    threat_index: [index],
    threat_language: "kuery",
    threat_query: `@timestamp >= "now-30d/d" and event.module:"${MODULE}" and ${threatQuery}`,
    threat_indicator_path: "threat.indicator",
    threat_mapping: [{ entries: Object.entries(mapping).map(([field, value]) => ({ field, type: "mapping", value })) }],
    threat: [
      {
        framework: "MITRE ATT&CK",
        tactic: {
          id: "TA0011",
          name: "Command and Control",
          reference: "https://attack.mitre.org/tactics/TA0011/",
        },
        technique: [],
      },
    ],
    tags: ["Rulewright"],
    references: [],
    false_positives: ["Hosts and addresses that have changed hands since, and research on them."],
    max_signals: 100,
    version: 1,
  };
}
