/**
 * The floor of the STIX exporter: its objects for domains, written down as literals, nothing asked and nothing
 * checked. cases/stix.ts compares them with what the exporter writes.
 */
import type { Indicator } from "../src/model/indicator.ts";
import { RULEWRIGHT_NAMESPACE, uuidv5 } from "../src/plugin.ts";
import { EXAMPLE_VALUES } from "../src/testing.ts";

const OBSERVABLE_NAMESPACE = "00abedb4-aa42-466c-9c01-fed23315a9b7";
const FIXED_TIME = "2026-01-01T00:00:00.000Z";
/** Of STIX 2.1 itself, and of its TLP 2.0 extension: https://github.com/oasis-open/cti-stix-common-objects */
const AMBER_2 = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const AMBER = ["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", AMBER_2];

const AUTHOR_UUID = uuidv5(RULEWRIGHT_NAMESPACE, "stix:identity:system:Rulewright");
const AUTHOR = `identity--${AUTHOR_UUID}`;
const BUNDLE = `bundle--${uuidv5(RULEWRIGHT_NAMESPACE, "stix:bundle:rulewright")}`;

const own = (type: string, meaning: string): string => `${type}--${uuidv5(AUTHOR_UUID, `${type}:${meaning}`)}`;

const FAMILY = own("malware", "quillet");
const SAMPLE_HASH = EXAMPLE_VALUES.sha256;
const SAMPLE = own("malware", `sample:${SAMPLE_HASH}`);
const NETWORK = own("infrastructure", "quillet");

/** The seven identifiers of one domain. */
export function idsOf(value: string) {
  const indicator = own("indicator", `[domain-name:value = '${value}']`);
  const observed = own("observed-data", indicator);
  const domain = `domain-name--${uuidv5(OBSERVABLE_NAMESPACE, `{"value":"${value}"}`)}`;
  return {
    domain,
    indicator,
    observed,
    basedOn: own("relationship", `${indicator}|based-on|${observed}`),
    indicates: own("relationship", `${indicator}|indicates|${FAMILY}`),
    consistsOf: own("relationship", `${NETWORK}|consists-of|${domain}`),
    contact: own("relationship", `${SAMPLE}|communicates-with|${domain}`),
  };
}

/** Everything at once, in memory; the indicators themselves are let go one by one. */
export function plainBundle(indicators: Iterable<Indicator>): object {
  const objects: object[] = [plainIdentity(), plainMarking()];
  for (const indicator of indicators) {
    const [domain, subject, observed, basedOn, indicates, consistsOf, contact] = plainObjects(indicator);
    const isFirst = objects.length === 2;
    objects.push(domain, subject, observed, basedOn);
    if (isFirst) objects.push(plainFamily());
    objects.push(indicates);
    if (isFirst) objects.push(...plainInfrastructure(indicator));
    objects.push(consistsOf);
    if (isFirst) objects.push(...plainSample(indicator));
    objects.push(contact);
  }
  return { type: "bundle", id: BUNDLE, objects };
}

function plainObjects(indicator: Indicator): [object, object, object, object, object, object, object] {
  const { value, firstSeen, lastSeen, validUntil, verdict } = indicator;
  const ids = idsOf(value);
  const reasons = verdict.reasons.map(({ text, weight }) => `${text} (+${weight})`).join("; ");
  return [
    { type: "domain-name", spec_version: "2.1", id: ids.domain, value },
    {
      type: "indicator",
      spec_version: "2.1",
      id: ids.indicator,
      created_by_ref: AUTHOR,
      created: firstSeen,
      modified: lastSeen,
      name: value,
      description: `Seen in 1 sample by Zenbox. Family: quillet. Confidence ${verdict.confidence} of 100: ${reasons}.`,
      indicator_types: ["malicious-activity"],
      pattern: `[domain-name:value = '${value}']`,
      pattern_type: "stix",
      pattern_version: "2.1",
      valid_from: firstSeen,
      valid_until: validUntil,
      kill_chain_phases: [{ kill_chain_name: "lockheed-martin-cyber-kill-chain", phase_name: "command-and-control" }],
      confidence: verdict.confidence,
      external_references: [
        { source_name: "virustotal", external_id: value, url: `https://www.virustotal.com/gui/domain/${value}` },
      ],
      object_marking_refs: AMBER,
    },
    {
      type: "observed-data",
      spec_version: "2.1",
      id: ids.observed,
      created_by_ref: AUTHOR,
      created: firstSeen,
      modified: lastSeen,
      first_observed: firstSeen,
      last_observed: lastSeen,
      number_observed: 1,
      object_refs: [ids.domain],
      object_marking_refs: AMBER,
    },
    plainRelationship(firstSeen, ids.basedOn, "based-on", ids.indicator, ids.observed),
    plainRelationship(firstSeen, ids.indicates, "indicates", ids.indicator, FAMILY),
    plainRelationship(firstSeen, ids.consistsOf, "consists-of", NETWORK, ids.domain),
    plainRelationship(firstSeen, ids.contact, "communicates-with", SAMPLE, ids.domain),
  ];
}

function plainRelationship(created: string, id: string, type: string, source: string, target: string) {
  return {
    type: "relationship",
    spec_version: "2.1",
    id,
    created_by_ref: AUTHOR,
    created,
    modified: created,
    relationship_type: type,
    source_ref: source,
    target_ref: target,
    object_marking_refs: AMBER,
  };
}

function plainIdentity(): object {
  return {
    type: "identity",
    spec_version: "2.1",
    id: AUTHOR,
    created_by_ref: AUTHOR,
    created: FIXED_TIME,
    modified: FIXED_TIME,
    name: "Rulewright",
    identity_class: "system",
  };
}

function plainMarking(): object {
  return {
    type: "marking-definition",
    spec_version: "2.1",
    id: AMBER_2,
    created: "2022-10-01T00:00:00.000Z",
    name: "TLP:AMBER",
    extensions: {
      "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
        extension_type: "property-extension",
        tlp_2_0: "amber",
      },
    },
  };
}

function plainFamily(): object {
  return {
    type: "malware",
    spec_version: "2.1",
    id: FAMILY,
    created_by_ref: AUTHOR,
    created: FIXED_TIME,
    modified: FIXED_TIME,
    name: "quillet",
    description: 'Malware family "quillet", as the VirusTotal reports of its samples name it.',
    is_family: true,
  };
}

function plainInfrastructure({ firstSeen }: Indicator): object[] {
  const uses = own("relationship", `${FAMILY}|uses|${NETWORK}`);
  const { object_marking_refs: _, ...unmarked } = plainRelationship(firstSeen, uses, "uses", FAMILY, NETWORK);
  return [
    {
      type: "infrastructure",
      spec_version: "2.1",
      id: NETWORK,
      created_by_ref: AUTHOR,
      created: FIXED_TIME,
      modified: FIXED_TIME,
      name: 'Network infrastructure of "quillet"',
      infrastructure_types: ["unknown"],
    },
    unmarked,
  ];
}

function plainSample({ firstSeen }: Indicator): object[] {
  const file = `file--${uuidv5(OBSERVABLE_NAMESPACE, `{"hashes":{"SHA-256":"${SAMPLE_HASH}"}}`)}`;
  const url = `https://www.virustotal.com/gui/file/${SAMPLE_HASH}`;
  return [
    { type: "file", spec_version: "2.1", id: file, hashes: { "SHA-256": SAMPLE_HASH } },
    {
      type: "malware",
      spec_version: "2.1",
      id: SAMPLE,
      created_by_ref: AUTHOR,
      created: firstSeen,
      modified: firstSeen,
      name: `sample ${SAMPLE_HASH.slice(0, 12)}`,
      is_family: false,
      sample_refs: [file],
      external_references: [{ source_name: "virustotal", external_id: SAMPLE_HASH, url }],
      object_marking_refs: AMBER,
    },
  ];
}
