/**
 * Values that unrelated programs share, with the reason: what compilers, runtimes, installers, packers and Windows put
 * into every file. Ours, general and by reason; no list of good programs. A value that is not here is not thereby rare.
 */
import { createHash } from "node:crypto";
import { commonFingerprint, isCommonMutex, isCommonUserAgent } from "../enrich/common-artefacts.ts";
import type { TraitKind } from "./kinds.ts";

/** Import tables that a runtime or script stub brings, whatever the script does. */
const STUB_IMPHASHES = new Map([
  ["f34d5f2d4577ed6d9ceec516c1f5a744", "every .NET program has this import table"],
  ["dae02f32a21e03ce65412f6e56942daa", "every .NET library has this import table"],
  ["afcdf79be1557326c854b6e20cb900a7", "every script compiled with this AutoIt has it"],
  ["fc6683d30d9f25244a50fd5357825e79", "every script compiled with this AutoIt has it"],
  ["948cc502fe9226992dce9417f952fce3", "every script compiled with this AutoIt has it"],
  ["7c2c71dfce9a27650634dc8b1ca03bf0", "every installer made with this NSIS has it"],
  ["099c0646ea7282d232219f8807883be0", "every installer made with this NSIS has it"],
  ["61259b55b8912888e90f516ca08dc514", "every installer made with this NSIS has it"],
  ["b34f154ec913d2d2c435cbd644e91687", "every installer made with this NSIS has it"],
  ["20dd26497880c05caed9305b3c8b9109", "every installer made with this Inno Setup has it"],
  ["f0070935b15a909b9dc00be7997e6112", "many programs built with Go have it"],
]);

const COMPILER_SECTIONS =
  /^(?:\.?(?:text|data|rdata|rsrc|reloc|idata|edata|bss|tls|pdata|xdata|didat|didata|crt|itext|debug|sdata|code|const|rodata|orpc|textbss|msvcjmc|gfids|giats|00cfg|init|fini|page|symtab|buildid|eh_fram|qtmetad|detourc|detourd|comment|ctors|dtors|jcr|got|got\.plt|plt|plt\.got|plt\.sec|dynamic|dynsym|dynstr|hash|gnu\.hash|gnu\.version|gnu\.version_r|interp|eh_frame|eh_frame_hdr|init_array|fini_array|strtab|shstrtab|tbss|tdata|data\.rel\.ro|gcc_except_table|note\..*|rela?\..*|debug_.*)|_rdata|fothk|voltbl|retplne|_text_cn|_text64|\/[0-9]{1,3})$/i;

const PACKER_SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^\.?upx[0-9!]?$/i, "UPX"],
  [/^\.ndata$/i, "NSIS"],
  [/^\.(?:aspack|adata)$/i, "ASPack"],
  [/^\.vmp[0-9]?$/i, "VMProtect"],
  [/^\.?(?:themida|winlice|boot)$/i, "Themida"],
  [/^\.mpress[12]$/i, "MPRESS"],
  [/^\.enigma[12]$/i, "Enigma"],
  [/^\.?petite$/i, "Petite"],
  [/^(?:pec[12]|pec1to|\.pec)/i, "PECompact"],
  [/^\.wixburn$/i, "WiX"],
];

/** The empty section, and 512 bytes to 8 KiB of zeros. */
const BLANK_SECTIONS = new Set(
  Array.from({ length: 17 }, (_, n) =>
    createHash("md5")
      .update(Buffer.alloc(n * 512))
      .digest("hex"),
  ),
);

const COMMON_TIMES = new Map([
  ["1970-01-01T00:00:00", "the header has no time"],
  ["1992-06-19T22:22:17", "every program of older Delphi and Inno Setup bears it"],
  ["2009-12-05T22:50:52", "every installer made with NSIS 2.46 bears it"],
]);

const COMMON_SIGNERS =
  /^(?:microsoft (?:windows|corporation|code signing|third party)|google (?:llc|inc)|mozilla corporation|apple inc|adobe (?:inc|systems)|oracle america|nvidia corporation|intel(?:\(r\)| corporation)|vmware,? inc|node\.?js foundation|openjs foundation|python software foundation)/i;

/** Beside those of enrich/common-artefacts.ts: what Explorer, Office and input methods make in many sandboxes. */
const SYSTEM_MUTEXES =
  /^(?:global\\|local\\)?(?:syncrootmanager|iesqmmutex|zoneattributecachecounter|clicktorunpackagelocker|shellnewconsolidation|!?privacie|ky(?:ime|transaction)[a-z]+\.mutexobject|552ffa80-3393-423d-8671-7ba046bb5906)/i;

const COMMON_PEOPLE =
  /^(?:|user|users|admin|administrator|administrador|administrateur|root|owner|author|unknown|none|test|guest|home|pc|my ?pc|hp|dell|lenovo|asus|acer|microsoft|microsoft (?:office )?user|windows(?: [0-9]+)? user|windows user|usuario(?: de windows)?|utilisateur(?: windows)?|benutzer|utente|пользователь(?: windows)?|админ|office|libreoffice|python-docx|openpyxl|xlsxwriter|apache poi|docx4j|un-named|grizli777)$/i;

const COMMON_TITLES =
  /^(?:|untitled|document ?[0-9]*|doc[0-9]*|book ?[0-9]*|sheet ?[0-9]*|presentation ?[0-9]*|powerpoint presentation|word document|microsoft word(?: document)?|template|title|test)$/i;

const COMMON_TEMPLATES = /^(?:|normal(?:\.dotm?|\.dot|_wordconv\.dotm|\.wpt)?|office theme)$/i;

const COMMON_EXPORTS =
  /^(?:dllmain|dllentrypoint|dllregisterserver|dllunregisterserver|dllgetclassobject|dllcanunloadnow|dllinstall|servicemain|svchostpushserviceglobals|main|wmain|winmain|wwinmain|start|_start|run|entry|entrypoint|init|tmethodimplementationintercept|__dbk_fcall_wrapper|dbkfcallwrapperaddr|_cgo_dummy_export|cplapplet|__getexceptdllinfo|___cppdebughook|nvoptimusenablement|amdpowerxpressrequesthighperformance|_?cor(?:exe|dll)main)$/i;

const COMMON_VERSION_INFO =
  /^(?:|[0-9., ]+|setup(?:\.exe)?|install(?:er)?(?:\.exe)?|svchost\.exe|explorer\.exe|program|project1?|application|app|.*\bmicrosoft\b.*|.*\bwindows® operating system\b.*|[©(c) ]*copyright[©(c) ]*(?:19|20)[0-9]{2}[. ]*|legalcopyright|.*\bgoogle (?:llc|inc)\b.*|this installation was built with inno setup\.?)$/i;

const COMMON_LIBRARIES =
  /^(?:kernel32|kernelbase|ntdll|user32|gdi32|advapi32|shell32|shlwapi|ole32|oleaut32|comctl32|comdlg32|ws2_32|wsock32|wininet|winhttp|urlmon|version|winmm|msvcrt|mscoree|psapi|crypt32|bcrypt|ncrypt|rpcrt4|secur32|imm32|setupapi|iphlpapi|mpr|netapi32|userenv|uxtheme|gdiplus|msimg32|wtsapi32|winspool|oleacc|dbghelp|imagehlp|dwmapi|powrprof|dnsapi|normaliz|ucrtbase|msvcp[0-9]+|msvcr[0-9]+|vcruntime[0-9_]+|mfc[0-9]+u?|api-ms-.*|ext-ms-.*|msvbvm60|opengl32|d3d[0-9]+.*|cabinet|msi|propsys|sensapi|fltlib|lz32|odbc32|avicap32|msacm32|winscard|wintrust|credui|cryptui|hid|newdev|cfgmgr32|dxgi|usp10|oledlg|rasapi32)(?:\.dll|\.drv)?$/i;

const COMMON_FILE_NAMES =
  /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\.[a-z0-9]{1,8}|setup|install(?:er)?|update|sample|malware|virus|file|test|a|1|temp|tmp|output|unknown|payload|download|attachment|document|invoice|new|svchost|explorer|program|app|application|myfile|bin|dropped|memory|classes|vti-rescan|[0-9a-z])(?:\.[a-z0-9]{1,8})?$/i;

const NO_FAMILIES = new Set(
  "agent autoit backdoor crypt cryptor delf delphi downloader dropper gen generic genkryptik heur injector java js kryptik lazy linux lnk loader malware msil msoffice nsis obfuscated packed packer pdf powershell python razy rat script stealer suspicious tedy trojan unknown upx test vb vba vbs w32 w64 win32 win64 zusy".split(
    " ",
  ),
);

const TECHNIQUE_RULES =
  /packe[rd]|upx|aspack|vmprotect|themida|netexecutable|dotnet|isdotnet|^is_?pe|is__elf|debuggercheck|debuggerexception|antidebug|anti_dbg|antivm|vmdetect|xor|base64|suspicious_size|maldoc_|^win_(?:mutex|registry|token|files)|^(?:network|escalate|keylogger|screenshot)_/i;

const FOREIGN_DEBUG_PATHS: readonly (readonly [RegExp, string])[] = [
  [/wextract\.pdb$/i, "it is that of the Windows IExpress extractor"],
  [/\\winrar\\|sfx(?:rar|zip)[0-9]*\.pdb$/i, "it is that of WinRAR's extractor"],
  [/^[a-z]:\\(?:agent|a|b)\\_work\\/i, "it is a build server's, the same for every project"],
  [/^[a-z]:\\users\\runneradmin\\|^d:\\a\\/i, "it is a hosted build server's, the same for every project"],
];

/** Why unrelated files share this value, or undefined when nothing is known against it. */
export function commonReason(kind: TraitKind, value: string): string | undefined {
  return CHECKS[kind]?.(value);
}

type Check = (value: string) => string | undefined;

const when =
  (pattern: RegExp, reason: string): Check =>
  (value) =>
    pattern.test(value) ? reason : undefined;

const firstOf =
  (table: readonly (readonly [RegExp, string])[], reason: (name: string) => string): Check =>
  (value) => {
    const found = table.find(([pattern]) => pattern.test(value));
    return found && reason(found[1]);
  };

const person = when(COMMON_PEOPLE, "it is a default account or a tool's name");
const fingerprint: Check = (value) => {
  const library = commonFingerprint(value);
  return library && `it is that of ${library}`;
};

const CHECKS: Readonly<Partial<Record<TraitKind, Check>>> = {
  imphash: (value) => STUB_IMPHASHES.get(value),
  section: (value) =>
    COMPILER_SECTIONS.test(value)
      ? "compilers name it so"
      : firstOf(PACKER_SECTIONS, (packer) => `every file packed with ${packer} has it`)(value),
  "section-hash": (value) => (BLANK_SECTIONS.has(value) ? "the section is empty or all zeros" : undefined),
  "compile-time": (value) => COMMON_TIMES.get(value),
  signer: when(COMMON_SIGNERS, "it signs much harmless software"),
  author: person,
  "last-author": person,
  company: person,
  title: when(COMMON_TITLES, "it is what the program suggests"),
  template: when(COMMON_TEMPLATES, "it is the default template"),
  icon: when(/^(?:0{16}|f{16})$/, "the icon is blank"),
  "dotnet-guid": when(/^[0-]+$/, "the GUID is empty"),
  export: when(COMMON_EXPORTS, "many libraries export it"),
  "version-info": when(COMMON_VERSION_INFO, "many programs bear it or borrow it"),
  import: when(COMMON_LIBRARIES, "Windows or the compiler brings it"),
  "file-name": when(COMMON_FILE_NAMES, "it is a hash or a name anybody gives"),
  family: (value) => (NO_FAMILIES.has(value.toLowerCase()) ? "it is a platform or a kind, not a family" : undefined),
  yara: when(TECHNIQUE_RULES, "the rule names a technique or a packer"),
  packer: () => "anybody can use a packer",
  "debug-path": firstOf(FOREIGN_DEBUG_PATHS, (reason) => reason),
  mutex: (value) => (isCommonMutex(value) || SYSTEM_MUTEXES.test(value) ? "Windows or a runtime makes it" : undefined),
  "user-agent": (value) => (isCommonUserAgent(value) ? "usual clients send it" : undefined),
  ja3: fingerprint,
  ja4: fingerprint,
};
