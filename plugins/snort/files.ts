/** The files of an export beside its rules: what each begins and ends with, and the snippet that ties them together. */
import type { SnortEngine, SnortFormat, SnortOptions } from "./options.ts";

export const RULES = "rulewright.rules";
export const BLOCKLIST = "rulewright.blocklist";
/** Where Snort 3 finds the list in its `list_dir`: file, list id, action. */
export const MANIFEST = "interface.info";
export const HASHES = "rulewright-sha256.lst";
export const FILTERS: Readonly<Record<SnortEngine, string>> = {
  snort3: "rulewright-filters.lua",
  snort2: "rulewright-filters.conf",
};
export const SNIPPET: Readonly<Record<SnortEngine, string>> = {
  snort3: "rulewright.lua",
  snort2: "rulewright.conf",
};

/** What stands before the first and after the last line of a file. */
export interface Frame {
  readonly head: string;
  readonly tail?: string;
}

const ENGINES: Readonly<Record<SnortEngine, string>> = { snort3: "Snort 3", snort2: "Snort 2.9" };

export function rulesHeader(engine: SnortEngine): string {
  return `# Rulewright: ${ENGINES[engine]} rules for what malware contacted in sandboxes.
# ${SNIPPET[engine]} loads them with what belongs to them.
# A rule keeps its sid for life; rev moves only when what it matches changes.
# Rules of withdrawn and expired indicators stay as comments.
`;
}

export function framesOf(engine: SnortEngine, { filterSeconds }: SnortOptions): Map<string, Frame> {
  const limit = `address and endpoint rules alert once per client in ${filterSeconds} seconds`;
  const frames = new Map<string, Frame>([
    [BLOCKLIST, { head: "# Rulewright: addresses that malware contacted in sandboxes.\n" }],
    [HASHES, { head: "# Rulewright: SHA-256 of malware.\n" }],
  ]);
  if (engine === "snort2") return frames.set(FILTERS.snort2, { head: `# Rulewright: ${limit}.\n` });
  return frames.set(FILTERS.snort3, {
    // One long string: LuaJIT takes at most 65,536 constants in a chunk.
    head: `-- Rulewright: ${limit}.\nlocal sids = [[\n`,
    tail: `]]
event_filter = event_filter or { }
for sid in sids:gmatch('%d+') do
    event_filter[#event_filter + 1] =
    {
        gid = 1, sid = tonumber(sid), type = 'limit', track = 'by_src', count = 1, seconds = ${filterSeconds}
    }
end
`,
  });
}

/** Events of the reputation inspector, which need a rule to be seen: sid and what it says (gid 136). */
function reputationEvents(engine: SnortEngine, action: SnortOptions["listAction"]): readonly [number, string][] {
  if (engine === "snort2") return [[1, "contact with a listed address"]];
  const [source, destination] = action === "block" ? [1, 4] : [3, 6];
  return [
    [source, "packet from a listed address"],
    [destination, "packet to a listed address"],
  ];
}

/** The rules that make the list's events visible. */
function reputationStubs(engine: SnortEngine, { listAction }: SnortOptions): string[] {
  const kind = engine === "snort2" ? "metadata:rule-type preproc; " : "";
  return reputationEvents(engine, listAction).map(
    ([sid, says]) =>
      `alert ( msg:"RULEWRIGHT ${says} (${BLOCKLIST})"; gid:136; sid:${sid}; rev:1; ${kind}classtype:trojan-activity; )`,
  );
}

/** The list's manifest: file, list id, action. */
export function manifest({ listAction }: SnortOptions): string {
  return `${BLOCKLIST}, 1, ${listAction}\n`;
}

/** The snippet that loads what `written` names. */
export function snippet(format: SnortFormat, options: SnortOptions, written: ReadonlySet<string>): string {
  return format === "snort2" ? confSnippet(options, written) : luaSnippet(format, options, written);
}

function luaSnippet(format: SnortFormat, options: SnortOptions, written: ReadonlySet<string>): string {
  const parts = [
    `-- Rulewright for Snort 3 (format ${format}). Make it the last line of snort.lua:
--   include '/etc/snort/rulewright/${SNIPPET.snort3}'
-- and look before you restart, since one refused rule keeps Snort from starting:
--   snort -c /etc/snort/snort.lua -T
local here = path_top():match('^(.*)/') or '.'

-- Beside the rules that snort.lua names.
ips = ips or { variables = default_variables }
ips.rules = (ips.rules or '') .. '\\ninclude ' .. here .. '/${RULES}\\n'
`,
  ];
  if (written.has(BLOCKLIST)) {
    parts.push(`
-- Addresses. With a list_dir of your own, copy the line of ${MANIFEST} into yours and the list beside it.
reputation = reputation or { }
reputation.list_dir = reputation.list_dir or here
-- Its events are silent without a rule; these are duplicates where builtin rules are on.
ips.rules = ips.rules .. [[

${reputationStubs("snort3", options).join("\n")}
]]
`);
  }
  if (written.has(HASHES)) {
    parts.push(`
-- File hashes. Sightings are lines of file.log, not alerts.
file_policy = file_policy or { }
file_policy.enable_signature = true
file_policy.rules = file_policy.rules or { }
for line in io.lines(here .. '/${HASHES}') do
    if ( line:match('^%x+$') ) then
        file_policy.rules[#file_policy.rules + 1] =
        {
            when = { sha256 = line:upper() }, use = { verdict = '${options.fileAction}', enable_file_signature = true }
        }
    end
end
file_log = file_log or { }
`);
  }
  if (written.has(FILTERS.snort3)) parts.push(`\ninclude(here .. '/${FILTERS.snort3}')\n`);
  return parts.join("");
}

function confSnippet(options: SnortOptions, written: ReadonlySet<string>): string {
  const parts = [
    `# Rulewright for Snort 2.9. Make these the last lines of snort.conf:
#   var RULEWRIGHT_PATH /etc/snort/rulewright
#   include $RULEWRIGHT_PATH/${SNIPPET.snort2}
# and look before you restart, since one refused rule keeps Snort from starting:
#   snort -T -c /etc/snort/snort.conf
include $RULEWRIGHT_PATH/${RULES}
`,
  ];
  if (written.has(BLOCKLIST)) {
    parts.push(`
# Addresses. With a reputation preprocessor of your own, add the list to its blacklist instead.
preprocessor reputation: blacklist $RULEWRIGHT_PATH/${BLOCKLIST}, nested_ip inner, memcap 500
# Its events are silent without a rule; these are duplicates where preprocessor rules are on.
${reputationStubs("snort2", options).join("\n")}
`);
  }
  if (written.has(FILTERS.snort2)) parts.push(`\ninclude $RULEWRIGHT_PATH/${FILTERS.snort2}\n`);
  return parts.join("");
}
