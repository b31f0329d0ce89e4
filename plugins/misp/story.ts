/**
 * What an indicator is in the event of one sample: the objects that tell what the sample did, and how each hangs on the
 * sample's file. Values are checked in attributes.ts; here they get their surroundings, as context that neither alerts
 * nor correlates. Relation names are those of misp-objects, relationships/definition.json.
 */

import { isIPv4 } from "node:net";
import { type Indicator, type ObservableType, parseEndpoint, parseUrl } from "../../src/plugin.ts";
import {
  type AttributeDraft,
  HOST_NAME,
  isCanonicalIpv6,
  type Member,
  type Misfit,
  mapIndicator,
  note,
} from "./attributes.ts";
import { isStorable } from "./text.ts";

/** One or two members: where no object can hold the value as it alerts, the attribute stands beside its object. */
export function mapInStory(indicator: Indicator): readonly Member[] | Misfit {
  const flat = mapIndicator(indicator);
  if ("misfit" in flat) return flat;
  const [attribute] = flat.attributes;
  const tell = STORIES[indicator.type];
  return tell ? tell(attribute, indicator) : [flat];
}

type Teller = (attribute: AttributeDraft, indicator: Indicator) => readonly Member[];

const STORIES: Readonly<Partial<Record<ObservableType, Teller>>> = {
  domain: (attribute, { details: { addresses = [] } }) => [
    {
      template: "domain-ip",
      attributes: [{ ...attribute, relation: attribute.type }, ...addresses.filter(isAddress).map(address)],
    },
  ],
  ipv4: contactedAddress,
  ipv6: contactedAddress,
  endpoint: (attribute, indicator) => [connection(indicator), { attributes: [attribute] }],
  url: (attribute, { value }) => [
    { template: "url", attributes: [{ ...attribute, relation: "url" }, ...partsOf(value)] },
  ],
  ja3: (attribute) => [{ template: "ja3", attributes: [{ ...attribute, relation: "ja3-fingerprint-md5" }] }],
  certificate: (attribute, { details: { certificate = {} } }) => [
    {
      template: "x509",
      attributes: [
        { ...attribute, relation: "x509-fingerprint-sha1" },
        ...texts("serial-number", certificate.serial),
        ...texts("issuer", certificate.issuer),
        ...texts("subject", certificate.subject),
      ],
    },
  ],
  "registry-key": (attribute) => [{ template: "registry-key", attributes: [{ ...attribute, relation: "key" }] }],
};

function contactedAddress(attribute: AttributeDraft, { details: { ports = [], hosts = [] } }: Indicator): Member[] {
  const numbers = [...new Set(ports.map((port) => port.replace(/\/.*$/, "")))].filter((port) => /^\d{1,5}$/.test(port));
  return [
    {
      template: "ip-port",
      attributes: [
        { ...attribute, relation: "ip-dst" },
        ...numbers.map((port) => note("dst-port", "port", "Network activity", port)),
        ...hosts
          .filter((host) => HOST_NAME.test(host))
          .map((host) => note("hostname", "hostname", "Network activity", host)),
      ],
    },
  ];
}

/** Its address alone says less than the indicator, so it does not alert: `ip-dst|port` beside it does. */
function connection({ value, details: { hosts = [] } }: Indicator): Member {
  const { address: ip, port, transport } = parseEndpoint(value);
  const [host, ...others] = hosts.filter((name) => HOST_NAME.test(name));
  return {
    template: "network-connection",
    attributes: [
      note("ip-dst", "ip-dst", "Network activity", ip),
      note("dst-port", "port", "Network activity", String(port)),
      note("layer4-protocol", "text", "Other", transport.toUpperCase()),
      // The definition has room for one name, and of several none is the right one.
      ...(host !== undefined && others.length === 0
        ? [note("hostname-dst", "hostname", "Network activity", host)]
        : []),
    ],
  };
}

function partsOf(url: string): AttributeDraft[] {
  const { scheme, host, isAddress: isIp, port, target } = parseUrl(url);
  const [path = "", ...query] = target.split("?");
  return [
    ...(isIp && isAddress(host) ? [address(host)] : []),
    ...(!isIp && HOST_NAME.test(host) ? [note("host", "hostname", "Network activity", host)] : []),
    ...(port === undefined ? [] : [note("port", "port", "Network activity", String(port))]),
    ...texts("scheme", scheme),
    ...(path === "/" ? [] : texts("resource_path", path)),
    ...texts("query_string", query.join("?")),
  ];
}

function address(ip: string): AttributeDraft {
  return note("ip", "ip-dst", "Network activity", ip);
}

function texts(relation: string, value: string | undefined): AttributeDraft[] {
  return value !== undefined && isStorable(value) ? [note(relation, "text", "Other", value)] : [];
}

function isAddress(value: string): boolean {
  return isIPv4(value) || isCanonicalIpv6(value);
}

/** What the sample did with it when its places in the report say no better. */
const RELATIONS: Readonly<Partial<Record<ObservableType, string>>> = {
  domain: "communicates-with",
  ipv4: "communicates-with",
  ipv6: "communicates-with",
  endpoint: "connects-to",
  url: "communicates-with",
  ja3: "uses",
  ja4: "uses",
  "user-agent": "uses",
  mutex: "creates",
  "registry-key": "writes",
  "file-path": "drops",
  "command-line": "executes",
};

/** Begin of a place in a report → what it says of sample and value, from weak to strong. */
const PLACE_RELATIONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:relationships\.)?(?:memory_pattern|embedded)_/, "contains"],
  [/^(?:relationships\.)?itw_/, "downloaded-from"],
  [/^(?:files_dropped|relationships\.dropped_files)/, "drops"],
];

/** Relation of the sample's file to the indicator, by where this sample's reports show it. */
export function relationTo(indicator: Pick<Indicator, "type" | "evidence">, sample: string): string {
  const places = indicator.evidence.filter((one) => one.sample === sample).map(({ place }) => place);
  const said = places.map((place) => PLACE_RELATIONS.find(([begin]) => begin.test(place))?.[1]);
  const [first] = said;
  return first !== undefined && said.every((relation) => relation === first)
    ? first
    : (RELATIONS[indicator.type] ?? "related-to");
}
