/** Sets for nftables, one statement a line; loading the file empties them first, in the same transaction. */
import { parseEndpoint } from "../../src/plugin.ts";
import { line, type Target } from "./target.ts";

const PATH = "rulewright.nft";

/** Source: nft(8). `auto-merge`, as an address in a listed network would refuse the whole file. */
export function nftables(table: string): Target {
  const sets = [
    ["ipv4", "type ipv4_addr; flags interval; auto-merge;"],
    ["ipv6", "type ipv6_addr; flags interval; auto-merge;"],
    ["ipv4_endpoints", "type ipv4_addr . inet_proto . inet_service;"],
    ["ipv6_endpoints", "type ipv6_addr . inet_proto . inet_service;"],
  ];
  const head = [
    "# Rulewright: nft -f rulewright.nft",
    `add table inet ${table}`,
    ...sets.map(([name, spec]) => `add set inet ${table} ${name} { ${spec} }`),
    ...sets.map(([name]) => `flush set inet ${table} ${name}`),
  ];
  const element = (set: string, entry: string) => line(PATH, `add element inet ${table} ${set} { ${entry} }`);
  return {
    files: [{ path: PATH, head: `${head.join("\n")}\n` }],
    linesOf: ({ type, value }) => {
      switch (type) {
        case "ipv4":
        case "ipv6":
          return element(type, value);
        case "endpoint": {
          const { address, port, transport } = parseEndpoint(value);
          const family = address.includes(":") ? "ipv6" : "ipv4";
          return element(`${family}_endpoints`, `${address} . ${transport} . ${port}`);
        }
        default:
          return `a packet filter sees no ${type}`;
      }
    },
  };
}
