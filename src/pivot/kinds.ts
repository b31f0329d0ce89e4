/**
 * What can be shared: each kind of trait with its label, how rarely unrelated files have the same value, and the query
 * that finds more. One table that extraction, scoring, output and documents follow. Judges no value (see common.ts).
 */
import { exactTerm, textTerm } from "./query.ts";

/** Where a trait comes from. Two traits of different facets support each other; two of one may be one fact twice. */
export type Facet = "code" | "build" | "signature" | "document" | "looks" | "behaviour" | "network" | "naming";

export interface Kind {
  readonly label: string;
  readonly facet: Facet;
  /** 0–100: how rarely unrelated files share a value of this kind, when the value is not a common one. */
  readonly specificity: number;
  /** The specificity in words; completes "…, because". */
  readonly why: string;
  readonly query: (value: string) => string;
}

const exact = (modifier: string) => (value: string) => exactTerm(modifier, value);
const text = (modifier: string) => (value: string) => textTerm(modifier, value);

export const KINDS = {
  authentihash: {
    label: "Authentihash",
    facet: "code",
    specificity: 98,
    why: "the signed part of the file is the same, byte for byte",
    query: exact("authentihash"),
  },
  "dotnet-guid": {
    label: ".NET GUID",
    facet: "build",
    specificity: 92,
    why: "one project, or one build of it, has this GUID",
    query: exact("netguid"),
  },
  "debug-path": {
    label: "debug path",
    facet: "build",
    specificity: 90,
    why: "it names a folder on the author's machine",
    query: text("metadata"),
  },
  certificate: {
    label: "certificate serial",
    facet: "signature",
    specificity: 90,
    why: "one signing certificate has this serial number",
    query: text("signature"),
  },
  mutex: {
    label: "mutex",
    facet: "behaviour",
    specificity: 85,
    why: "the author chose the name, and versions keep it",
    query: text("behaviour"),
  },
  "section-hash": {
    label: "section MD5",
    facet: "code",
    specificity: 85,
    why: "a whole section is the same, byte for byte",
    query: exact("sectionmd5"),
  },
  "lnk-machine": {
    label: "shortcut's machine",
    facet: "document",
    specificity: 85,
    why: "it is the name of the machine the shortcut was made on",
    query: text("metadata"),
  },
  "user-agent": {
    label: "user agent",
    facet: "network",
    specificity: 80,
    why: "the author chose it, and no usual client sends it",
    query: text("behaviour"),
  },
  telfhash: {
    label: "telfhash",
    facet: "code",
    specificity: 75,
    why: "the same symbols are used",
    query: exact("telfhash"),
  },
  tlsh: {
    label: "TLSH",
    facet: "code",
    specificity: 75,
    why: "the bytes are alike throughout",
    query: exact("tlsh"),
  },
  imphash: {
    label: "imphash",
    facet: "code",
    specificity: 70,
    why: "the same functions are imported in the same order",
    query: exact("imphash"),
  },
  signer: {
    label: "signer",
    facet: "signature",
    specificity: 70,
    why: "the same name signed",
    query: text("signature"),
  },
  resource: {
    label: "resource",
    facet: "looks",
    specificity: 70,
    why: "an embedded resource is the same, byte for byte",
    query: exact("peresource"),
  },
  "last-author": {
    label: "last author",
    facet: "document",
    specificity: 70,
    why: "the same account saved the documents last",
    query: text("metadata"),
  },
  author: {
    label: "author",
    facet: "document",
    specificity: 65,
    why: "the same account made the documents",
    query: text("metadata"),
  },
  vhash: {
    label: "vhash",
    facet: "code",
    specificity: 65,
    why: "VirusTotal's structural hash is the same",
    query: text("vhash"),
  },
  ssdeep: {
    label: "ssdeep",
    facet: "code",
    specificity: 65,
    why: "stretches of the bytes are the same",
    query: text("ssdeep"),
  },
  "compile-time": {
    label: "compile or creation time",
    facet: "build",
    specificity: 65,
    why: "made in the same second, if the file tells the truth",
    query: exact("creation_date"),
  },
  "rich-header": {
    label: "Rich header",
    facet: "build",
    specificity: 60,
    why: "built by the same set of compilers from as many objects",
    query: exact("rich_pe_header_hash"),
  },
  permhash: {
    label: "permhash",
    facet: "code",
    specificity: 60,
    why: "the same permissions are asked for in the same order",
    query: exact("permhash"),
  },
  section: {
    label: "section name",
    facet: "code",
    specificity: 60,
    why: "no usual compiler or packer names a section so",
    query: text("section"),
  },
  template: {
    label: "document template",
    facet: "document",
    specificity: 60,
    why: "the documents were made from the same template",
    query: text("metadata"),
  },
  behash: {
    label: "behash",
    facet: "behaviour",
    specificity: 55,
    why: "a sandbox saw the same behaviour; programs that do little share theirs",
    query: exact("behash"),
  },
  icon: {
    label: "main icon",
    facet: "looks",
    specificity: 55,
    why: "the icons look the same; lures borrow those of well-known programs",
    query: exact("main_icon_dhash"),
  },
  export: {
    label: "export",
    facet: "code",
    specificity: 50,
    why: "the author named the function",
    query: text("exports"),
  },
  "version-info": {
    label: "version information",
    facet: "naming",
    specificity: 45,
    why: "the author wrote it or copied it from another program",
    query: text("signature"),
  },
  title: {
    label: "document title",
    facet: "document",
    specificity: 45,
    why: "the documents have the same title",
    query: text("metadata"),
  },
  company: {
    label: "document company",
    facet: "document",
    specificity: 45,
    why: "Office was registered to the same name",
    query: text("metadata"),
  },
  yara: {
    label: "YARA rule",
    facet: "naming",
    specificity: 40,
    why: "a public rule matches; how narrow it is, its author knows",
    query: text("crowdsourced_yara_rule"),
  },
  "file-name": {
    label: "file name",
    facet: "naming",
    specificity: 35,
    why: "the samples were submitted under the same name",
    query: text("name"),
  },
  ja4: {
    label: "JA4",
    facet: "network",
    specificity: 35,
    why: "the same TLS library with the same settings; programs share libraries",
    query: exact("behaviour_network"),
  },
  ja3: {
    label: "JA3",
    facet: "network",
    specificity: 30,
    why: "the same TLS library with the same settings; programs share libraries",
    query: exact("behaviour_network"),
  },
  family: {
    label: "family",
    facet: "naming",
    specificity: 30,
    why: "engines agree on the name; a family is wider than a campaign",
    query: text("suggested_threat_label"),
  },
  import: {
    label: "imported library",
    facet: "code",
    specificity: 25,
    why: "few programs import this library",
    query: text("imports"),
  },
  packer: {
    label: "packer",
    facet: "build",
    specificity: 10,
    why: "anybody can use it",
    query: text("packer"),
  },
} as const satisfies Record<string, Kind>;

export type TraitKind = keyof typeof KINDS;
export const TRAIT_KINDS = Object.keys(KINDS) as TraitKind[];
