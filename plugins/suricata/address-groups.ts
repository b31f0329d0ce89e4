/**
 * Addresses by the hundred in one rule, as Emerging Threats groups them: a sid belongs to a slot. An address is put into
 * a slot by its digest, so that one more or less changes one rule.
 */
import { hash } from "node:crypto";
import type { Endpoint } from "../../src/plugin.ts";

/** A rule line is at most 8191 bytes, which 500 IPv4 addresses fill. */
const MOST_BYTES = 7000;
const MOST_ADDRESSES = 500;

/** `suricata:address-group:SLOT`, `suricata:endpoint-group:8443/tcp:SLOT`. */
export interface Group {
  readonly key: string;
  readonly number: number;
  /** `[a,b,c]`, in order. */
  readonly addresses: string;
  readonly size: number;
  readonly port?: number;
  readonly transport?: Endpoint["transport"];
}

export interface AddressGroups {
  add(address: string, of?: Pick<Endpoint, "port" | "transport">): void;
  groups(): Generator<Group>;
}

export function openAddressGroups(): AddressGroups {
  const services = new Map<string, string[]>();
  return {
    add(address, of) {
      const service = of ? `${of.port}/${of.transport}` : "";
      const addresses = services.get(service);
      if (addresses) addresses.push(address);
      else services.set(service, [address]);
    },
    *groups() {
      for (const [service, addresses] of [...services].sort(([a], [b]) => compareServices(a, b))) {
        const [port, transport] = service.split("/");
        for (const [slot, own] of slotsOf(addresses).entries()) {
          if (own.length === 0) continue;
          yield {
            key: service === "" ? `suricata:address-group:${slot}` : `suricata:endpoint-group:${service}:${slot}`,
            number: slot + 1,
            addresses: `[${own.join(",")}]`,
            size: own.length,
            ...(service === "" ? {} : { port: Number(port), transport: transport as Endpoint["transport"] }),
          };
        }
      }
    },
  };
}

function compareServices(a: string, b: string): number {
  return Number.parseInt(a || "0", 10) - Number.parseInt(b || "0", 10) || (a < b ? -1 : 1);
}

/** The fewest slots, a power of two, in which every one fits into a rule. */
function slotsOf(addresses: readonly string[]): string[][] {
  for (let count = 1; ; count *= 2) {
    const slots = Array.from({ length: count }, (): string[] => []);
    for (const address of addresses) slots[digest(address) % count]?.push(address);
    if (slots.every(fits)) return slots;
  }
}

function fits(addresses: readonly string[]): boolean {
  const bytes = addresses.reduce((sum, address) => sum + address.length + 1, 0);
  return addresses.length <= MOST_ADDRESSES && bytes <= MOST_BYTES;
}

function digest(address: string): number {
  return hash("sha1", address, "buffer").readUInt32BE(0);
}
