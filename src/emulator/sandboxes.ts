/**
 * The sandboxes of a world and what each adds by itself: its resolver, its own agent's server, its habits of spelling
 * and of leaving out. What a sandbox adds says nothing of a sample.
 */
import { RESOLVERS } from "./background-traffic.ts";
import { type Address, hosting, type Internet, saying } from "./internet.ts";
import { OPERATORS } from "./networks.ts";
import type { Random } from "./random.ts";

export interface Sandbox {
  readonly name: string;
  /** Static tools run nothing and see no network. */
  readonly isStatic?: true;
  /** Background contacts of a report, at least and at most. */
  readonly background: readonly [number, number];
  /** How many of the things a sample does it sees. */
  readonly attention: number;
  /** How often port and protocol are missing. */
  readonly missingPorts: number;
  /** Answers most of its lookups, and so stands in most of its reports. */
  readonly resolver?: Address;
  readonly resolverShare?: number;
  /** Where its own agent reports to. */
  readonly agent?: { readonly address: Address; readonly port: number };
  readonly agentShare?: number;
  readonly spellsUpperCase?: true;
  /** Reads garbage out of memory as IPv6 peers. */
  readonly hasGarbledIpv6?: true;
}

export function createSandboxes(internet: Internet, random: Random): Sandbox[] {
  const own = (what: string) => internet.rent(hosting(random), saying("noise", what), random);
  const publicResolver = (value: string) =>
    internet.known(
      value,
      value.startsWith("8.8") ? OPERATORS.google : OPERATORS.cloudflare,
      saying("noise", "public-resolver"),
    );
  for (const value of RESOLVERS) publicResolver(value);
  return [
    {
      name: "Zenbox",
      background: [2, 6],
      attention: 0.9,
      missingPorts: 0.05,
      resolver: publicResolver("1.1.1.1"),
      resolverShare: 0.5,
    },
    {
      name: "VirusTotal Jujubox",
      background: [2, 8],
      attention: 0.85,
      missingPorts: 0.1,
      resolver: publicResolver("8.8.8.8"),
      resolverShare: 0.3,
    },
    {
      name: "CAPE Sandbox",
      background: [1, 6],
      attention: 0.9,
      missingPorts: 0.02,
      resolver: own("sandbox-resolver"),
      resolverShare: 0.85,
      spellsUpperCase: true,
    },
    { name: "VirusTotal Observer", background: [1, 5], attention: 0.7, missingPorts: 0.15 },
    { name: "C2AE", background: [0, 3], attention: 0.8, missingPorts: 0.45 },
    { name: "Microsoft Sysinternals", background: [5, 12], attention: 0.75, missingPorts: 0.1, hasGarbledIpv6: true },
    {
      name: "Tencent HABO",
      background: [1, 4],
      attention: 0.65,
      missingPorts: 0.2,
      resolver: publicResolver("114.114.114.114"),
      resolverShare: 0.6,
      agent: { address: own("sandbox-agent"), port: 8090 },
      agentShare: 0.7,
    },
    { name: "CAPA", isStatic: true, background: [0, 0], attention: 0, missingPorts: 0 },
  ];
}
