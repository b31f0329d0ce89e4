/** Owner names of a response policy zone, relative to it. This module does not know what is answered. */

/** A name below one of these is read as a trigger on an address or a name server. */
const TRIGGER_LABEL = /(?:^|\.)rpz-(?:ip|client-ip|nsip|nsdname)$/;
/** Octets of a name, its dots included and the last one not (RFC 1035 section 2.3.4). */
const LONGEST_NAME = 253;

/** Why a name cannot be an owner below the zone, with room for a wildcard before it, or undefined. */
export function unownable(name: string, zone: string): string | undefined {
  if (TRIGGER_LABEL.test(name)) return "the zone would read the name as a trigger of another kind";
  return name.length + zone.length + "*..".length > LONGEST_NAME
    ? "with the zone behind it the name is longer than DNS allows"
    : undefined;
}

/** `45.32.17.9` → `32.9.17.32.45.rpz-ip`, `2001:db8::7` → `128.7.zz.db8.2001.rpz-ip`. Canonical addresses only. */
export function addressTrigger(address: string): string {
  if (!address.includes(":")) return `32.${address.split(".").reverse().join(".")}.rpz-ip`;
  const [before = "", after] = address.split("::");
  const reversed = (groups: string): string[] => (groups === "" ? [] : groups.split(":").reverse());
  const groups = after === undefined ? reversed(before) : [...reversed(after), "zz", ...reversed(before)];
  return `128.${groups.join(".")}.rpz-ip`;
}
