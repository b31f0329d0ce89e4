import { describe, expect, it } from "vitest";
import type { Trait } from "../../src/pivot/sample.ts";
import { PivotBehaviour, PivotFile } from "../../src/pivot/schema.ts";
import { behaviourTraits, fileTraits } from "../../src/pivot/traits.ts";
import { md5, peAttributes, sha, TLSH_A } from "./support.ts";

const ofFile = (attributes: object): Trait[] => fileTraits(PivotFile.parse(attributes));
const ofReport = (attributes: object): Trait[] => behaviourTraits(PivotBehaviour.parse(attributes));
/** `kind value`, sorted. */
const lines = (traits: readonly Trait[]): string[] => traits.map(({ kind, value }) => `${kind} ${value}`).sort();

describe("fileTraits", () => {
  it("reads everything of a PE file", () => {
    expect(lines(ofFile(peAttributes()))).toEqual(
      [
        `authentihash ${sha(1)}`,
        "certificate 76 A3 4F 9E",
        "compile-time 2025-09-29T02:39:41",
        "debug-path D:\\lantern\\wick\\Release\\wick.pdb",
        "dotnet-guid 6cb96f10-a4b1-4748-b0b4-1c58436be814",
        "export DllMain",
        "export LightTheWick",
        "family msil",
        "family tinlantern",
        "file-name Order 2291.exe",
        "file-name wick.exe",
        "icon b2e0b496a6cada72",
        `imphash ${md5(3)}`,
        "import kernel32.dll",
        "import lantern.dll",
        "packer UPX 2.90",
        `resource ${sha(2)}`,
        `rich-header ${md5(4)}`,
        "section .empty",
        "section .text",
        "section .wick",
        `section-hash ${md5(5)}`,
        `section-hash ${md5(6)}`,
        "section-hash d41d8cd98f00b204e9800998ecf8427e",
        "signer Tin Lantern Ltd",
        "ssdeep 192:abcdefghijk:lmnopqrs",
        `tlsh ${TLSH_A}`,
        "version-info Copyright © 2025",
        "version-info Lantern Suite",
        "version-info wick.exe",
        "vhash 015056655d1555756az4lz",
        "yara MAL_TinLantern_Sep25",
      ].sort(),
    );
  });

  it("reads Office, Open XML, PDF and shortcut metadata", () => {
    expect(
      lines(
        ofFile({
          office_info: {
            summary_info: { author: "Mira Quill", last_author: "mq", title: "Offer", template: "offer.dotm" },
            document_summary_info: { company: "Quill GmbH" },
          },
          openxml_info: {
            docprops_core: { "dc:creator": "Ann", "cp:lastModifiedBy": "Bea", "dc:title": "Bill", "cp:revision": 3 },
            docprops_app: { Template: "bill.dotm", Company: "Bill Inc", Pages: 2 },
          },
          exiftool: { Author: "Cid", LastModifiedBy: "Dot", Title: "Plan", Template: "p.dotm", MachineID: "win-7q2" },
        }),
      ),
    ).toEqual([
      "author Ann",
      "author Cid",
      "author Mira Quill",
      "company Bill Inc",
      "company Quill GmbH",
      "last-author Bea",
      "last-author Dot",
      "last-author mq",
      "lnk-machine win-7q2",
      "template bill.dotm",
      "template offer.dotm",
      "template p.dotm",
      "title Bill",
      "title Offer",
      "title Plan",
    ]);
  });

  it("reads the older forms: imports by library, signers in one line, digests without a version", () => {
    expect(
      lines(
        ofFile({
          tlsh: TLSH_A.slice(2).toLowerCase(),
          pe_info: { imports: { "ADVAPI32.dll": ["LsaClose"], "*invalid*": [] } },
          signature_info: { signers: "Moss Anvil; An Authority" },
        }),
      ),
    ).toEqual(["import advapi32.dll", "signer Moss Anvil", `tlsh ${TLSH_A}`]);
  });

  it("doubts an import table of a few functions, and a time after the first submission", () => {
    const traits = ofFile({
      first_submission_date: 1_700_000_000,
      pe_info: {
        imphash: md5(1),
        timestamp: 1_800_000_000,
        import_list: [{ library_name: "KERNEL32.dll", imported_functions: ["LoadLibraryA", "GetProcAddress"] }],
      },
    });
    expect(traits.filter(({ doubt }) => doubt)).toEqual([
      {
        kind: "imphash",
        value: md5(1),
        doubt: "only 2 imported functions: a packer's or runtime's, not the program's",
      },
      {
        kind: "compile-time",
        value: "2027-01-15T08:00:00",
        doubt: "later than the first submission: forged, or the hash of a reproducible build",
      },
    ]);
  });

  it("leaves out hashes that are none: nothing of the report gets into a query bare", () => {
    expect(
      ofFile({
        authentihash: "x OR p:0+",
        vhash: 'a" OR "b',
        tlsh: "TNULL",
        ssdeep: '3:a"b:c',
        main_icon: { dhash: "zz" },
        pe_info: { imphash: "", rich_pe_header_hash: 7, timestamp: -1, sections: [{ md5: "no" }], debug: "no" },
        dot_net_guids: { mvid: "1" },
      }),
    ).toEqual([]);
  });

  it("makes free text one safe line, and says when that altered it", () => {
    expect(ofFile({ names: ["  padded.exe  ", "two\nlines\u202e.exe", "x".repeat(300), "\u0000"] })).toEqual([
      { kind: "file-name", value: "padded.exe" },
      { kind: "file-name", value: "two lines .exe", isAltered: true },
      { kind: "file-name", value: `${"x".repeat(199)}…`, isAltered: true },
    ]);
  });

  it("survives any shape, and stops at 500 of a kind", () => {
    expect(ofFile({ pe_info: 3, exiftool: [], signature_info: "x", names: { a: 1 }, packers: null })).toEqual([]);
    expect(ofFile({ pe_info: { exports: Array.from({ length: 9000 }, (_, n) => `f${n}`) } })).toHaveLength(500);
  });
});

describe("behaviourTraits", () => {
  it("reads behash, mutexes, user agents and fingerprints, each once", () => {
    expect(
      lines(
        ofReport({
          behash: md5(7).toUpperCase(),
          mutexes_created: ["\\Sessions\\1\\BaseNamedObjects\\wick-5c1e", "wick-5c1e"],
          mutexes_opened: ["Global\\wick_open"],
          http_conversations: [
            {
              url: "http://a.example/",
              request_headers: { "User-Agent": "TinLantern/2.4 (lamp; wick)", Cookie: "s=1" },
            },
            { url: "http://a.example/", request_headers: { "user-agent": "TinLantern/2.4 (lamp; wick)" } },
            "broken",
          ],
          tls: [{ ja3: md5(8), ja4: "t12d210700_76e208dd3e22_2dae41c691ec" }],
          ja3_digests: [md5(8), md5(9), "x OR y"],
        }),
      ),
    ).toEqual([
      `behash ${md5(7)}`,
      `ja3 ${md5(8)}`,
      `ja3 ${md5(9)}`,
      "ja4 t12d210700_76e208dd3e22_2dae41c691ec",
      "mutex Global\\wick_open",
      "mutex wick-5c1e",
      "user-agent TinLantern/2.4 (lamp; wick)",
    ]);
  });
});
