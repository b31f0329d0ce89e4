/**
 * Which lines of the behaviour feed a hunt takes. A licence gets everything that any sandbox has finished, so a hunt
 * says what it is after; a line must fit every list that is given, by one of its entries. Reads one line, asks nobody.
 */
import { z } from "zod";
import { familyName } from "../collect/families.ts";
import { type ReportItem, recogniseBody } from "../vt/bodies.ts";

/** Key → entries in any case, of which a line must have one; families also in any spelling. */
export type FeedFilter = { readonly [K in FeedField]?: readonly string[] | undefined };
export type FeedField = "verdicts" | "families" | "tags" | "techniques" | "sandboxes" | "fileTypes" | "hashes";

/** Beside the report, in `context_attributes`. */
const FileContext = z.object({
  context_attributes: z
    .object({
      file_md5: z.string().optional().catch(undefined),
      file_sha1: z.string().optional().catch(undefined),
      file_type_tag: z.string().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
type FileContext = NonNullable<z.output<typeof FileContext>["context_attributes"]>;

/** Key of the filter → what a line has of it. */
const VALUES: Readonly<Record<FeedField, (item: ReportItem, file: FileContext) => readonly (string | undefined)[]>> = {
  verdicts: ({ report }) => report.verdicts,
  // As it stands too: a word that is no family's name, such as "stealer", may still be wanted.
  families: ({ report }) => report.verdict_labels.flatMap((label) => (label ? [familyName(label), label] : [])),
  tags: ({ report }) => report.tags,
  techniques: ({ report }) =>
    report.mitre_attack_techniques.flatMap((technique) => [technique?.id, technique?.id?.split(".")[0]]),
  sandboxes: ({ sandbox }) => [sandbox],
  fileTypes: (_, { file_type_tag: type }) => [type],
  hashes: ({ sampleId }, { file_md5: md5, file_sha1: sha1 }) => [sampleId, md5, sha1],
};

/** sha256 of the sample of a line that the hunt takes. */
export type FeedMatcher = (line: unknown) => string | undefined;

export function feedMatcher(filter: FeedFilter): FeedMatcher {
  const tests = (Object.keys(VALUES) as FeedField[]).flatMap((key) => {
    const wanted = filter[key] && new Set(filter[key].map((word) => normalised(key, word)));
    return wanted ? [{ valuesOf: VALUES[key], wanted }] : [];
  });
  return (line) => {
    const [item] = recogniseBody(line, "") ?? [];
    if (item?.kind !== "report" || item.sampleId === undefined) return undefined;
    const file = FileContext.safeParse(line).data?.context_attributes ?? {};
    const isWanted = tests.every(({ valuesOf, wanted }) =>
      valuesOf(item, file).some((value) => value !== undefined && wanted.has(value.toLowerCase())),
    );
    return isWanted ? item.sampleId : undefined;
  };
}

function normalised(key: FeedField, word: string): string {
  return (key === "families" ? familyName(word) : undefined) ?? word.toLowerCase();
}
