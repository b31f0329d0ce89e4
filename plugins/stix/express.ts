/**
 * What an indicator looks for, in STIX terms: its pattern and, where the standard has an object for it that is complete
 * by itself, the observables. JA3, JA3S, JA4, user agents, file paths and command lines get a pattern only: their
 * observables would need a peer, a request, a directory or a random id that we do not have.
 *
 * This module does not judge; a value that does not fit the standard is refused with a reason.
 */
import type { Indicator, ObservableType } from "../../src/plugin.ts";
import { unresolved } from "../shared/rows/value.ts";
import { type Expression, expressText, type Misfit } from "./expression.ts";
import { expressFile, expressFilePath, expressMutex, expressRegistryKey } from "./host-values.ts";
import {
  expressCertificate,
  expressDomain,
  expressEndpoint,
  expressFingerprint,
  expressIpv4,
  expressIpv6,
  expressUrl,
} from "./network-values.ts";
import type { KillChainPhase } from "./schema.ts";

type PhaseName = KillChainPhase["phase_name"];

interface Mapping {
  readonly phase: PhaseName;
  express(indicator: Indicator): Expression | Misfit;
}

/** Elasticsearch, under most consumers, refuses a keyword longer than this many bytes. */
const MAX_PATTERN_BYTES = 32_766;

const MAPPINGS: Readonly<Partial<Record<ObservableType, Mapping>>> = {
  domain: network(expressDomain),
  ipv4: network(expressIpv4),
  ipv6: network(expressIpv6),
  endpoint: network(expressEndpoint),
  url: network(expressUrl),
  sha256: { phase: "delivery", express: expressFile },
  ja3: network(expressFingerprint("ja3")),
  ja3s: network(expressFingerprint("ja3s")),
  ja4: network(expressFingerprint("ja4")),
  certificate: network(expressCertificate),
  "user-agent": network(({ value }) =>
    expressText("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*]", value),
  ),
  mutex: host(expressMutex),
  "registry-key": host(expressRegistryKey),
  "file-path": host(expressFilePath),
  "command-line": host(({ value }) => expressText("process:command_line", value)),
};

/** The observable types that have a STIX pattern. Mail addresses are personal data and never leave. */
export const EXPRESSIBLE_TYPES = Object.keys(MAPPINGS) as ObservableType[];

/** The pattern and observables of an indicator, or why there are none. */
export function express(indicator: Indicator): Expression | Misfit {
  const mapping = MAPPINGS[indicator.type];
  if (!mapping) return { misfit: `STIX has no pattern for ${indicator.type}` };
  const variable = unresolved(indicator);
  if (variable) return { misfit: variable };
  const expression = mapping.express(indicator);
  if ("pattern" in expression && Buffer.byteLength(expression.pattern) > MAX_PATTERN_BYTES) {
    return { misfit: `its pattern is longer than ${MAX_PATTERN_BYTES} bytes` };
  }
  return expression;
}

/** The step of the Lockheed Martin Cyber Kill Chain at which a hit on this type shows. */
export function killChainPhase(type: ObservableType): KillChainPhase {
  return {
    kill_chain_name: "lockheed-martin-cyber-kill-chain",
    phase_name: MAPPINGS[type]?.phase ?? "installation",
  };
}

function network(express: Mapping["express"]): Mapping {
  return { phase: "command-and-control", express };
}

function host(express: Mapping["express"]): Mapping {
  return { phase: "installation", express };
}
