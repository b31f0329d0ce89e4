/**
 * The fields of VirusTotal API v3 bodies that pivoting uses, and no others. Permissive like src/vt/schema.ts: a field
 * of the wrong type counts as absent, and a broken list entry is left out.
 *
 * Source: "Files" and "File behaviour" object pages of docs.virustotal.com, and published bodies.
 */
import { z } from "zod";

const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);

function optional<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}

/** The readable entries of a list; anything but a list is empty. */
function list<T extends z.ZodType>(item: T) {
  return z
    .unknown()
    .optional()
    .transform((value): z.output<T>[] =>
      Array.isArray(value)
        ? value.flatMap((entry) => {
            const parsed = item.safeParse(entry);
            return parsed.success ? [parsed.data] : [];
          })
        : [],
    );
}

const texts = list(z.string());

/** The text values of an object, by key; anything else in it is left out. */
const dictionary = z
  .unknown()
  .optional()
  .transform((value): ReadonlyMap<string, string> => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return new Map(
      isObject ? Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string") : [],
    );
  });

/** Functions by library: `import_list` since 2021, `imports` before. */
const ImportedLibrary = z.object({ library_name: z.string(), imported_functions: texts });
const importsByName = z
  .unknown()
  .optional()
  .transform((value): z.output<typeof ImportedLibrary>[] => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    return Object.entries(value).map(([library_name, functions]) => ({
      library_name,
      imported_functions: texts.parse(functions),
    }));
  });

const PeInfo = z.object({
  imphash: text,
  rich_pe_header_hash: text,
  timestamp: number,
  sections: list(z.object({ name: text, md5: text, raw_size: number })),
  resource_details: list(z.object({ sha256: text, type: text })),
  import_list: list(ImportedLibrary),
  imports: importsByName,
  exports: texts,
  debug: list(z.object({ codeview: optional(z.object({ name: text })) })),
});

const SignatureInfo = z.object({
  signers: text,
  "signers details": list(z.object({ name: text, "serial number": text })),
  "original name": text,
  "internal name": text,
  product: text,
  description: text,
  copyright: text,
  comments: text,
});

const OfficeSummary = z.object({ author: text, last_author: text, title: text, template: text });

/** `attributes` of a file object. */
export const PivotFile = z.object({
  sha256: text,
  sha1: text,
  md5: text,
  vhash: text,
  authentihash: text,
  tlsh: text,
  ssdeep: text,
  telfhash: text,
  permhash: text,
  creation_date: number,
  first_submission_date: number,
  meaningful_name: text,
  names: texts,
  main_icon: optional(z.object({ dhash: text })),
  pe_info: optional(PeInfo),
  signature_info: optional(SignatureInfo),
  dot_net_guids: optional(z.object({ mvid: text, typelib_id: text })),
  exiftool: dictionary,
  office_info: optional(
    z.object({
      summary_info: optional(OfficeSummary),
      document_summary_info: optional(z.object({ company: text })),
    }),
  ),
  openxml_info: optional(z.object({ docprops_core: dictionary, docprops_app: dictionary })),
  popular_threat_classification: optional(z.object({ suggested_threat_label: text })),
  crowdsourced_yara_results: list(z.object({ rule_name: text })),
  packers: dictionary,
});
export type PivotFile = z.output<typeof PivotFile>;

/** `attributes` of a file_behaviour, or the merged summary. */
export const PivotBehaviour = z.object({
  behash: text,
  mutexes_created: texts,
  mutexes_opened: texts,
  http_conversations: list(z.object({ request_headers: dictionary })),
  tls: list(z.object({ ja3: text, ja4: text })),
  ja3_digests: texts,
});
export type PivotBehaviour = z.output<typeof PivotBehaviour>;

export const PivotObject = z.object({ type: z.string(), id: z.string(), attributes: z.unknown().optional() });
