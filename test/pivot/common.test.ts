import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { commonReason } from "../../src/pivot/common.ts";
import { KINDS, TRAIT_KINDS, type TraitKind } from "../../src/pivot/kinds.ts";

const COMMON: readonly (readonly [TraitKind, string, string])[] = [
  ["imphash", "f34d5f2d4577ed6d9ceec516c1f5a744", "every .NET program has this import table"],
  ["imphash", "afcdf79be1557326c854b6e20cb900a7", "every script compiled with this AutoIt has it"],
  ["imphash", "61259b55b8912888e90f516ca08dc514", "every installer made with this NSIS has it"],
  ["section", ".text", "compilers name it so"],
  ["section", "CODE", "compilers name it so"],
  ["section", "UPX1", "every file packed with UPX has it"],
  ["section", ".ndata", "every file packed with NSIS has it"],
  ["section-hash", "d41d8cd98f00b204e9800998ecf8427e", "the section is empty or all zeros"],
  ["section-hash", createHash("md5").update(Buffer.alloc(1024)).digest("hex"), "the section is empty or all zeros"],
  ["compile-time", "1992-06-19T22:22:17", "every program of older Delphi and Inno Setup bears it"],
  ["compile-time", "1970-01-01T00:00:00", "the header has no time"],
  ["signer", "Microsoft Windows", "it signs much harmless software"],
  ["author", "Windows User", "it is a default account or a tool's name"],
  ["last-author", "python-docx", "it is a default account or a tool's name"],
  ["title", "PowerPoint Presentation", "it is what the program suggests"],
  ["template", "Normal.dotm", "it is the default template"],
  ["icon", "0000000000000000", "the icon is blank"],
  ["export", "DllRegisterServer", "many libraries export it"],
  ["version-info", "Microsoft® Windows® Operating System", "many programs bear it or borrow it"],
  ["version-info", "1.0.0.0", "many programs bear it or borrow it"],
  ["import", "kernel32.dll", "Windows or the compiler brings it"],
  ["import", "api-ms-win-crt-heap-l1-1-0.dll", "Windows or the compiler brings it"],
  ["file-name", `${"ab".repeat(32)}.bin`, "it is a hash or a name anybody gives"],
  ["file-name", "setup.exe", "it is a hash or a name anybody gives"],
  ["family", "msil", "it is a platform or a kind, not a family"],
  ["yara", "NETexecutableMicrosoft", "the rule names a technique or a packer"],
  ["packer", "UPX 3.96", "anybody can use a packer"],
  ["debug-path", "wextract.pdb", "it is that of the Windows IExpress extractor"],
  ["mutex", "Local\\MSCTF.Asm.MutexDefault1", "Windows or a runtime makes it"],
  ["mutex", "Global\\SyncRootManager", "Windows or a runtime makes it"],
  ["user-agent", "Microsoft-CryptoAPI/10.0", "usual clients send it"],
  ["ja3", "3b5074b1b5d032e5620f69f9f700ff0e", "it is that of Windows Schannel"],
];

const RARE: readonly (readonly [TraitKind, string])[] = [
  ["imphash", "0123456789abcdef0123456789abcdef"],
  ["section", ".wick"],
  ["section-hash", "0123456789abcdef0123456789abcdef"],
  ["compile-time", "2025-09-29T02:39:41"],
  ["signer", "Tin Lantern Ltd"],
  ["author", "Mira Quill"],
  ["title", "Offer 2291"],
  ["template", "offer.dotm"],
  ["export", "LightTheWick"],
  ["version-info", "Lantern Suite"],
  ["import", "lantern.dll"],
  ["file-name", "Order 2291.exe"],
  ["family", "tinlantern"],
  ["yara", "MAL_TinLantern_Sep25"],
  ["debug-path", "D:\\lantern\\wick\\Release\\wick.pdb"],
  ["mutex", "Global\\anvil_9d20c"],
  ["user-agent", "TinLantern/2.4 (lamp; wick)"],
  ["behash", "0123456789abcdef0123456789abcdef"],
];

describe("commonReason", () => {
  it.each(COMMON)("%s %s: %s", (kind, value, reason) => expect(commonReason(kind, value)).toBe(reason));
  it.each(RARE)("says nothing against %s %s", (kind, value) => expect(commonReason(kind, value)).toBeUndefined());
});

describe("the kinds", () => {
  it("have a specificity of 1 to 100, and words for it", () => {
    for (const kind of TRAIT_KINDS) {
      expect(KINDS[kind].specificity).toBeGreaterThan(0);
      expect(KINDS[kind].specificity).toBeLessThanOrEqual(100);
      expect(KINDS[kind].why.length).toBeGreaterThan(10);
    }
  });

  it.each([
    ["imphash", "imphash:V"],
    ["vhash", 'vhash:"V"'],
    ["authentihash", "authentihash:V"],
    ["tlsh", "tlsh:V"],
    ["ssdeep", 'ssdeep:"V"'],
    ["telfhash", "telfhash:V"],
    ["permhash", "permhash:V"],
    ["section", 'section:"V"'],
    ["section-hash", "sectionmd5:V"],
    ["resource", "peresource:V"],
    ["rich-header", "rich_pe_header_hash:V"],
    ["compile-time", "creation_date:V"],
    ["debug-path", 'metadata:"V"'],
    ["dotnet-guid", "netguid:V"],
    ["packer", 'packer:"V"'],
    ["signer", 'signature:"V"'],
    ["certificate", 'signature:"V"'],
    ["version-info", 'signature:"V"'],
    ["export", 'exports:"V"'],
    ["import", 'imports:"V"'],
    ["author", 'metadata:"V"'],
    ["last-author", 'metadata:"V"'],
    ["title", 'metadata:"V"'],
    ["template", 'metadata:"V"'],
    ["company", 'metadata:"V"'],
    ["lnk-machine", 'metadata:"V"'],
    ["icon", "main_icon_dhash:V"],
    ["behash", "behash:V"],
    ["mutex", 'behaviour:"V"'],
    ["user-agent", 'behaviour:"V"'],
    ["ja3", "behaviour_network:V"],
    ["ja4", "behaviour_network:V"],
    ["file-name", 'name:"V"'],
    ["family", 'suggested_threat_label:"V"'],
    ["yara", 'crowdsourced_yara_rule:"V"'],
  ] as const)("ask for %s with %s", (kind, query) => expect(KINDS[kind].query("V")).toBe(query));

  it("are all in the list above", () => expect(TRAIT_KINDS).toHaveLength(35));
});
