/**
 * What stands in lists and groups instead of rules of its own: names, addresses, endpoints and files by the hundred
 * thousand, and the few rules over them, which say nothing of one indicator.
 */
import type { Endpoint, Indicator } from "../../src/plugin.ts";
import type { Draft, FinalDraft, RuleDraft } from "../shared/ids/rule-file.ts";
import { REV_SLOT, RuleText, SID_SLOT } from "../shared/ids/rule-text.ts";
import { openAddressGroups } from "./address-groups.ts";
import { hashSize, openNameLists } from "./name-lists.ts";
import type { RuleKind, SuricataOptions } from "./options.ts";

/** Apart from the others: they do not load without the list, and they make the sensor hash every file. */
export const FILE_RULES = "rulewright-files.rules";
/** Apart from the others: they do not load on a sensor whose configuration does not name the lists. */
export const REPUTATION_RULES = "rulewright-reputation.rules";

/**
 * Protocols that carry malware and whose files Suricata hashes; `filesha256` needs one rule each. `http` is HTTP/2
 * too. Mail and shares also spread inside, so their far side is any.
 */
const FILE_PROTOCOLS = [
  { protocol: "http", spreadsInside: false },
  { protocol: "smtp", spreadsInside: true },
  { protocol: "smb", spreadsInside: true },
  { protocol: "ftp-data", spreadsInside: false },
] as const;

/** Number of the category in suricata.yaml's reputation files, and its name in rules. */
const CATEGORY = { id: 1, name: "RulewrightC2" } as const;

/** Values that are still active in each list, for the rules over it. */
export interface Listed {
  name(indicator: Indicator): Draft;
  address(indicator: Indicator, form: "groups" | "list" | "reputation"): Draft;
  endpoint(indicator: Indicator, endpoint: Endpoint): Draft;
  file(indicator: Indicator): Draft;
  finish(): FinalDraft[];
}

/** File names of lists begin with `options.listPrefix`; suricata-update keeps `[a-z0-9-]+.lst`. */
export function listFiles({ listPrefix }: Pick<SuricataOptions, "listPrefix">) {
  return {
    names: `${listPrefix}-domains.lst`,
    hosts: `${listPrefix}-hosts.lst`,
    addresses: `${listPrefix}-addresses.lst`,
    files: `${listPrefix}-sha256.lst`,
    reputation: `${listPrefix}-reputation.list`,
    categories: `${listPrefix}-categories.txt`,
  };
}

/**
 * What a line of a list stands for in CHANGES; undefined for files that say nothing new: the context beside names, and
 * the categories.
 */
export function listEntry(options: SuricataOptions): (path: string) => ((line: string) => string) | undefined {
  const paths = listFiles(options);
  const decoded = (line: string): string => Buffer.from(line, "base64").toString("utf8");
  const readers = new Map<string, (line: string) => string>([
    [paths.names, decoded],
    [paths.hosts, decoded],
    [paths.addresses, (line) => line],
    [paths.files, (line) => line],
    [paths.reputation, (line) => line.slice(0, line.indexOf(","))],
  ]);
  return (path) => readers.get(path);
}

export function openListed(
  options: SuricataOptions,
  rule: (kind: RuleKind, of: string, fields: Record<string, unknown>) => RuleDraft,
  external: string,
): Listed {
  const paths = listFiles(options);
  const names = openNameLists(options.listPrefix, options.quic);
  const groups = openAddressGroups();
  let addresses = 0;
  let files = 0;
  let rated = 0;

  const fields = { external, seconds: options.thresholdSeconds, sid: SID_SLOT, rev: REV_SLOT };
  const held: Draft = { rules: [], isHeld: true };

  const fileRules = (): FinalDraft[] =>
    FILE_PROTOCOLS.map(({ protocol, spreadsInside }) => ({
      ...rule("file-sha256", protocol, {
        ...fields,
        list: paths.files,
        protocol,
        external: spreadsInside ? "any" : external,
      }),
      path: FILE_RULES,
    }));

  const groupRules = (): FinalDraft[] =>
    [...groups.groups()].map(({ key, size, port, addresses: list, number, transport }) => ({
      ...rule(port === undefined ? "address-group" : "endpoint-group", "", {
        ...fields,
        addresses: new RuleText(list),
        group: number,
        ...(port === undefined ? {} : { port, transport }),
      }),
      key,
      indicators: size,
    }));

  return {
    name: (indicator) => gone(indicator, "a list") ?? { rules: [], lines: names.add(indicator) },
    address(indicator, form) {
      const withdrawn = gone(indicator, form === "groups" ? "a group" : "a list");
      if (withdrawn !== undefined) return withdrawn;
      const { value, verdict } = indicator;
      if (form === "groups") {
        groups.add(value);
        return held;
      }
      if (form === "list") {
        addresses += 1;
        return { rules: [], lines: [{ path: paths.addresses, line: value }] };
      }
      rated += 1;
      const score = Math.max(1, Math.min(127, verdict.confidence));
      const category = { path: paths.categories, line: `${CATEGORY.id},${CATEGORY.name},contacted by malware` };
      const line = { path: paths.reputation, line: `${value},${CATEGORY.id},${score}` };
      return { rules: [], lines: rated === 1 ? [category, line] : [line] };
    },
    endpoint(indicator, endpoint) {
      const withdrawn = gone(indicator, "a group");
      if (withdrawn !== undefined) return withdrawn;
      groups.add(endpoint.address, endpoint);
      return held;
    },
    file(indicator) {
      const { value } = indicator;
      if (!/^[0-9a-f]{64}$/.test(value)) return "not a SHA-256 in lower hex";
      const withdrawn = gone(indicator, "a list");
      if (withdrawn !== undefined) return withdrawn;
      files += 1;
      return { rules: [], lines: [{ path: paths.files, line: value }] };
    },
    finish: () => [
      ...names
        .rows()
        .map(({ id, ...row }) =>
          rule("name-list", id, { ...fields, ...row, external: row.protocol === "dns" ? "any" : external }),
        ),
      ...groupRules(),
      ...(addresses === 0
        ? []
        : [
            rule("address-list", "addresses", {
              ...fields,
              list: paths.addresses,
              set: `${options.listPrefix}-addresses`,
              hashsize: hashSize(addresses),
            }),
          ]),
      ...(rated === 0
        ? []
        : [
            {
              ...rule("address-reputation", "addresses", { ...fields, category: CATEGORY.name }),
              path: REPUTATION_RULES,
            },
          ]),
      ...(files === 0 ? [] : fileRules()),
    ],
  };
}

/** Why one that is not active is in no list; undefined when it is active. */
function gone({ type, status }: Indicator, what: string): string | undefined {
  const name = { domain: "name", sha256: "file", endpoint: "endpoint" }[type as string] ?? "address";
  return status === "active" ? undefined : `the ${name} is ${status}, and ${what} cannot say so`;
}
