/**
 * Entries → lines of JSON, with the times that the version ledger gives. An object is serialised once: its text without
 * times is what the ledger compares, and the times are then put into that text.
 */
import type { Version, VersionLedger } from "../../src/plugin.ts";
import type { Dated, Entry } from "./entry.ts";

/** What the ledger takes at a time. */
const MOST_STAMPED = 1000;

/** The JSON of each entry, in order. Each id may come once in a whole export. */
export async function serialise(entries: readonly Entry[], ledger: VersionLedger): Promise<string[]> {
  const texts = entries.map((entry) => JSON.stringify("draft" in entry ? entry.draft : entry));
  const dated = entries.flatMap((entry, index) => ("draft" in entry ? [{ entry, index }] : []));
  for (let start = 0; start < dated.length; start += MOST_STAMPED) {
    const group = dated.slice(start, start + MOST_STAMPED);
    const versions = await ledger.stamp(group.map(({ entry, index }) => versioned(entry, texts[index] as string)));
    for (const [position, { index }] of group.entries()) {
      texts[index] = withTimes(texts[index] as string, versions[position] as Version);
    }
  }
  return texts;
}

function versioned({ draft, created, modified }: Dated, content: string) {
  return { id: draft.id, content, created, modified, isRevoked: "revoked" in draft && draft.revoked === true };
}

/** Every dated object of ours begins with its type, version, id and author; the times follow these. */
function withTimes(json: string, { created, modified }: Version): string {
  const author = '"created_by_ref":"';
  const end = json.indexOf('"', json.indexOf(author) + author.length) + 1;
  return `${json.slice(0, end)},"created":"${created}","modified":"${modified}"${json.slice(end)}`;
}
