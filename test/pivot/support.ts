/** Bodies of samples that share things on purpose. All values are made up. */
import { sampleId } from "../support/reports.ts";

export const md5 = (n: number): string => n.toString(16).padStart(32, "a");
export const sha = (n: number): string => n.toString(16).padStart(64, "b");
export const TLSH_A = `T1${"12".repeat(35)}`;
/** 6 from TLSH_A: one bucket from end to end. */
export const TLSH_B = `T1${"12".repeat(34)}D2`;
/** Far from both. */
export const TLSH_C = `T1${"ED".repeat(35)}`;

/** A PE file as VirusTotal describes it, with everything that is read. */
export function peAttributes(): Record<string, unknown> {
  return {
    md5: md5(1),
    sha1: "c".repeat(40),
    vhash: "015056655d1555756az4lz",
    authentihash: sha(1),
    tlsh: TLSH_A,
    ssdeep: "192:abcdefghijk:lmnopqrs",
    creation_date: 1_759_113_581,
    first_submission_date: 1_759_200_000,
    meaningful_name: "Order 2291.exe",
    names: ["Order 2291.exe", "wick.exe"],
    main_icon: { raw_md5: md5(2), dhash: "b2e0b496a6cada72" },
    pe_info: {
      imphash: md5(3),
      rich_pe_header_hash: md5(4),
      timestamp: 1_759_113_581,
      sections: [
        { name: ".text", md5: md5(5), raw_size: 512 },
        { name: ".wick", md5: md5(6), raw_size: 512 },
        { name: ".empty", md5: "d41d8cd98f00b204e9800998ecf8427e", raw_size: 0 },
      ],
      resource_details: [
        { type: "RT_RCDATA", sha256: sha(2) },
        { type: "RT_MANIFEST", sha256: sha(3) },
      ],
      import_list: [
        { library_name: "KERNEL32.dll", imported_functions: ["a", "b", "c", "d", "e", "f"] },
        { library_name: "Lantern.dll", imported_functions: ["g"] },
      ],
      exports: ["LightTheWick", "DllMain"],
      debug: [{ type: 2, codeview: { name: "D:\\lantern\\wick\\Release\\wick.pdb" } }],
    },
    signature_info: {
      "original name": "wick.exe",
      product: "Lantern Suite",
      copyright: "Copyright © 2025",
      signers: "Tin Lantern Ltd; Some Authority",
      "signers details": [
        { name: "Tin Lantern Ltd", "serial number": "76 A3 4F 9E" },
        { name: "Some Authority", "serial number": "01" },
      ],
    },
    dot_net_guids: { mvid: "6cb96f10-a4b1-4748-b0b4-1c58436be814" },
    packers: { PEiD: "UPX 2.90" },
    popular_threat_classification: { suggested_threat_label: "trojan.msil/tinlantern" },
    crowdsourced_yara_results: [{ rule_name: "MAL_TinLantern_Sep25" }],
  };
}

export const listing = (...objects: object[]): object => ({ data: objects });

export function fileObject(sample: number, attributes: object): object {
  return { type: "file", id: sampleId(sample), attributes };
}
