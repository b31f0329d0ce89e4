/**
 * Traits of one file object and of one behaviour report. Pure: attributes in, traits out. Says nothing of how specific
 * a value is (kinds.ts, common.ts), and reads neither decoded text nor mail.
 */
import { canonicaliseMutex, isRejected } from "../model/canonical.ts";
import { plainText } from "../model/text.ts";
import type { TraitKind } from "./kinds.ts";
import { LONGEST_VALUE, type Trait } from "./sample.ts";
import type { PivotBehaviour, PivotFile } from "./schema.ts";

/** A file with a million exports or mutexes is made to be tiresome: this many of a kind and sample are looked at. */
const MOST_PER_KIND = 500;
/** Names a sample was submitted under. */
const MOST_NAMES = 50;
/** An import table as small as this is an unpacking stub's. */
const STUB_IMPORTS = 6;
const HEX = { md5: /^[0-9a-f]{32}$/, sha256: /^[0-9a-f]{64}$/, dhash: /^[0-9a-f]{16}$/ } as const;
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LIBRARY = /^[\w.@+-]{1,100}$/;
const JA4 = /^[tqd][0-9a-z]{9}_[0-9a-f]{12}_[0-9a-f]{12}$/;

export function fileTraits(file: PivotFile): Trait[] {
  return distinct([
    ...hashTraits(file),
    ...peTraits(file),
    ...buildTraits(file),
    ...signatureTraits(file),
    ...documentTraits(file),
    ...nameTraits(file),
  ]);
}

export function behaviourTraits(report: PivotBehaviour): Trait[] {
  const agents = report.http_conversations.flatMap(({ request_headers }) =>
    [...request_headers].filter(([name]) => name.toLowerCase() === "user-agent").map(([, value]) => value),
  );
  return distinct([
    ...matching("behash", HEX.md5, [report.behash]),
    ...[...report.mutexes_created, ...report.mutexes_opened].flatMap((raw) => {
      const mutex = canonicaliseMutex(raw);
      return written("mutex", isRejected(mutex) ? raw : mutex.value);
    }),
    ...agents.flatMap((agent) => written("user-agent", agent)),
    ...matching("ja3", HEX.md5, [...report.tls.map(({ ja3 }) => ja3), ...report.ja3_digests]),
    ...matching(
      "ja4",
      JA4,
      report.tls.map(({ ja4 }) => ja4),
    ),
  ]);
}

function hashTraits(file: PivotFile): Trait[] {
  return [
    ...matching("authentihash", HEX.sha256, [file.authentihash]),
    ...matching("vhash", /^[0-9a-z!]{8,200}$/, [file.vhash]),
    ...matching("tlsh", /^(?:T1)?[0-9A-F]{70}$/, [file.tlsh?.toUpperCase()], (digest) => `T1${digest.slice(-70)}`),
    ...matching("ssdeep", /^[0-9]{1,10}:[A-Za-z0-9+/]{0,64}:[A-Za-z0-9+/]{0,64}$/, [file.ssdeep], (digest) => digest),
    ...matching("telfhash", /^t1[0-9a-f]{70}$/, [file.telfhash]),
    ...matching("permhash", HEX.sha256, [file.permhash]),
    ...matching("icon", HEX.dhash, [file.main_icon?.dhash]),
  ];
}

function peTraits({ pe_info: pe }: PivotFile): Trait[] {
  if (!pe) return [];
  const libraries = pe.import_list.length > 0 ? pe.import_list : pe.imports;
  const functions = libraries.reduce((sum, { imported_functions }) => sum + imported_functions.length, 0);
  const doubt =
    functions > 0 && functions <= STUB_IMPORTS
      ? `only ${functions} imported ${functions === 1 ? "function" : "functions"}: a packer's or runtime's, not the program's`
      : undefined;
  return [
    ...matching("imphash", HEX.md5, [pe.imphash]).map((trait) => (doubt ? { ...trait, doubt } : trait)),
    ...pe.sections.flatMap(({ name }) => written("section", name)),
    ...matching(
      "section-hash",
      HEX.md5,
      pe.sections.map(({ md5 }) => md5),
    ),
    ...matching(
      "resource",
      HEX.sha256,
      // Manifests and version blocks: the first are the compiler's, the second are read as text.
      pe.resource_details.flatMap(({ type, sha256 }) =>
        type === "RT_MANIFEST" || type === "RT_VERSION" ? [] : [sha256],
      ),
    ),
    ...libraries
      .map(({ library_name }) => library_name.toLowerCase())
      // A broken import table is listed as `*invalid*`.
      .filter((name) => LIBRARY.test(name))
      .flatMap((name) => written("import", name)),
    ...pe.exports.flatMap((name) => written("export", name)),
  ];
}

function buildTraits(file: PivotFile): Trait[] {
  const compiled = file.pe_info?.timestamp ?? file.creation_date;
  const isLater =
    compiled !== undefined && file.first_submission_date !== undefined && compiled > file.first_submission_date;
  return [
    ...(compiled !== undefined && Number.isInteger(compiled) && compiled >= 0 && compiled <= 0xffffffff
      ? [
          {
            kind: "compile-time" as const,
            value: new Date(compiled * 1000).toISOString().slice(0, 19),
            ...(isLater
              ? { doubt: "later than the first submission: forged, or the hash of a reproducible build" }
              : {}),
          },
        ]
      : []),
    ...matching("rich-header", HEX.md5, [file.pe_info?.rich_pe_header_hash]),
    ...(file.pe_info?.debug ?? []).flatMap(({ codeview }) => written("debug-path", codeview?.name)),
    ...matching("dotnet-guid", GUID, [file.dot_net_guids?.mvid, file.dot_net_guids?.typelib_id]),
    ...[...file.packers.values()].flatMap((packer) => written("packer", packer)),
  ];
}

function signatureTraits({ signature_info: signature }: PivotFile): Trait[] {
  if (!signature) return [];
  // The first is who signed; the others are the authorities above, which sign for everybody.
  const [leaf] = signature["signers details"];
  const signer = leaf?.name ?? signature.signers?.split(";")[0];
  const words = [
    signature["original name"],
    signature["internal name"],
    signature.product,
    signature.description,
    signature.copyright,
    signature.comments,
  ];
  return [
    ...written("signer", signer),
    ...written("certificate", leaf?.["serial number"]),
    ...words.flatMap((word) => written("version-info", word)),
  ];
}

function documentTraits({ exiftool, office_info: office, openxml_info: openxml }: PivotFile): Trait[] {
  const summary = office?.summary_info;
  const core = openxml?.docprops_core;
  const app = openxml?.docprops_app;
  const of = (kind: TraitKind, ...values: (string | undefined)[]) => values.flatMap((value) => written(kind, value));
  return [
    ...of("author", summary?.author, core?.get("dc:creator"), exiftool.get("Author"), exiftool.get("Creator")),
    ...of("last-author", summary?.last_author, core?.get("cp:lastModifiedBy"), exiftool.get("LastModifiedBy")),
    ...of("title", summary?.title, core?.get("dc:title"), exiftool.get("Title")),
    ...of("template", summary?.template, app?.get("Template"), exiftool.get("Template")),
    ...of("company", office?.document_summary_info?.company, app?.get("Company"), exiftool.get("Company")),
    ...of("lnk-machine", exiftool.get("MachineID")),
  ];
}

function nameTraits(file: PivotFile): Trait[] {
  const label = file.popular_threat_classification?.suggested_threat_label ?? "";
  // `trojan.msil/agenttesla`: a category, then one or two names.
  const families = label
    .slice(label.indexOf(".") + 1)
    .split("/")
    .filter((name) => label.includes(".") && name !== "");
  const names = [file.meaningful_name, ...file.names.slice(0, MOST_NAMES)];
  return [
    ...names.flatMap((name) => written("file-name", name)),
    ...families.flatMap((family) => written("family", family)),
    ...file.crowdsourced_yara_results.flatMap(({ rule_name }) => written("yara", rule_name)),
  ];
}

/** Values of a fixed form, lower case unless `form` says otherwise; others are left out. */
function matching(
  kind: TraitKind,
  pattern: RegExp,
  values: readonly (string | undefined)[],
  form: (value: string) => string = (value) => value,
): Trait[] {
  const isCaseKept = kind === "tlsh" || kind === "ssdeep";
  return values.flatMap((raw) => {
    const value = isCaseKept ? raw?.trim() : raw?.trim().toLowerCase();
    return value !== undefined && pattern.test(value) ? [{ kind, value: form(value) }] : [];
  });
}

/** Free text as one safe line; nothing when it is empty. */
function written(kind: TraitKind, raw: string | undefined): Trait[] {
  const given = raw?.trim() ?? "";
  const value = plainText(given, LONGEST_VALUE);
  if (value === "") return [];
  return [{ kind, value, ...(value === given ? {} : { isAltered: true as const }) }];
}

/** Each kind and value once, at most MOST_PER_KIND of a kind. */
function distinct(traits: readonly Trait[]): Trait[] {
  const seen = new Set<string>();
  const perKind = new Map<TraitKind, number>();
  return traits.filter(({ kind, value }) => {
    const key = `${kind} ${value}`;
    const count = perKind.get(kind) ?? 0;
    if (seen.has(key) || count >= MOST_PER_KIND) return false;
    seen.add(key);
    perKind.set(kind, count + 1);
    return true;
  });
}
