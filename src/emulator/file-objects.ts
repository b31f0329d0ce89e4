/** File objects: the attributes VirusTotal has of a sample, in the shapes of docs.virustotal.com "Files". */
import { createHash } from "node:crypto";
import type { Build, Family } from "./families.ts";
import { word } from "./names.ts";
import { DAY, type VtBody } from "./objects.ts";
import type { Random } from "./random.ts";

export interface FileInput {
  readonly sha256: string;
  readonly family?: Family;
  readonly build: Build;
  /** Epoch seconds, ascending; the first is the first submission. */
  readonly submissions: readonly number[];
  readonly sandboxes: readonly string[];
  readonly random: Random;
}

const ENGINES = ["Kaspersky", "Microsoft", "ESET-NOD32", "BitDefender", "Symantec", "Sophos", "ClamAV", "Avast"];

export function createFileObject(input: FileInput): VtBody {
  const { sha256, family, random, submissions, build } = input;
  const first = submissions[0] as number;
  const last = submissions.at(-1) as number;
  const malicious = family
    ? random.chance(0.1)
      ? random.int(3, 9)
      : random.int(18, 62)
    : random.pick([0, 0, 0, 0, 1, 2]);
  const name = `${word(random, 3)}.${build.typeTag === "pedll" ? "dll" : build.typeTag === "docx" ? "docx" : "exe"}`;
  return {
    type: "file",
    id: sha256,
    attributes: {
      sha256,
      sha1: createHash("sha1").update(sha256).digest("hex"),
      md5: createHash("md5").update(sha256).digest("hex"),
      ssdeep: `${random.int(48, 6144)}:${random.text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}:${random.text(20, "ABCDEFGHabcdefgh0123456789")}`,
      tlsh: `${build.tlshPrefix}${random.hex(62).toUpperCase()}`,
      vhash: build.vhash,
      ...fileType(input),
      size: random.int(20_000, 3_000_000),
      ...(random.chance(0.95)
        ? { meaningful_name: random.chance(0.1) ? `C:\\Users\\user\\Desktop\\${name}` : name }
        : {}),
      names: [name],
      first_submission_date: first,
      last_submission_date: last,
      last_analysis_date: last,
      last_modification_date: last + random.int(60, 7200),
      ...(random.chance(0.4) ? { first_seen_itw_date: first - random.int(60, 3 * DAY) } : {}),
      times_submitted: submissions.length,
      unique_sources: submissions.length,
      reputation: family ? -random.int(0, 40) : 0,
      total_votes: { harmless: 0, malicious: family ? random.int(0, 3) : 0 },
      tags: [build.typeTag, ...(build.signer ? ["signed"] : []), ...(random.chance(0.3) ? ["long-sleeps"] : [])],
      last_analysis_stats: {
        malicious,
        suspicious: 0,
        undetected: 72 - malicious,
        harmless: 0,
        timeout: 0,
        "confirmed-timeout": 0,
        failure: random.int(0, 1),
        "type-unsupported": 4,
      },
      last_analysis_results: engineResults(family, malicious, random),
      ...(family ? classification(family, malicious, random) : {}),
      ...sandboxVerdicts(input, malicious),
      ...assessment(family !== undefined, random),
    },
  };
}

function fileType({ build, random, sha256 }: FileInput): Record<string, unknown> {
  if (build.typeTag === "docx") {
    return {
      type_tag: "docx",
      type_tags: ["document", "msoffice", "text", "word", "docx"],
      type_description: "Office Open XML Document",
      type_extension: "docx",
      magic: "Microsoft Word 2007+",
      exiftool: {
        Creator: build.author,
        LastModifiedBy: build.author,
        CreateDate: new Date(build.compiledAt * 1000).toISOString(),
      },
    };
  }
  const isLibrary = build.typeTag === "pedll";
  return {
    type_tag: build.typeTag,
    type_tags: ["executable", "windows", "win32", "pe", build.typeTag],
    type_description: isLibrary ? "Win32 DLL" : "Win32 EXE",
    type_extension: isLibrary ? "dll" : "exe",
    magic: `PE32 executable (${isLibrary ? "DLL" : "GUI"}) Intel 80386, for MS Windows`,
    authentihash: createHash("sha256").update(`authentihash ${sha256}`).digest("hex"),
    creation_date: build.compiledAt,
    pe_info: {
      timestamp: build.compiledAt,
      imphash: build.imphash,
      machine_type: 332,
      entry_point: random.int(4096, 900_000),
      sections: build.sections.map(({ name, md5 }, at) => ({
        name,
        md5,
        virtual_address: 4096 * (at + 1),
        virtual_size: random.int(512, 400_000),
        raw_size: random.int(512, 400_000),
        entropy: random.int(100, 799) / 100,
        flags: "rx",
      })),
      import_list: [{ library_name: "KERNEL32.dll", imported_functions: ["LoadLibraryA", "GetProcAddress"] }],
    },
    ...(build.signer
      ? {
          signature_info: {
            "signers details": [{ name: build.signer, status: "Valid" }],
            signers: build.signer,
            "signing date": "08:15 AM 03/02/2026",
            "file version": "1.0.0.0",
          },
        }
      : {}),
  };
}

function engineResults(family: Family | undefined, malicious: number, random: Random): Record<string, unknown> {
  return Object.fromEntries(
    ENGINES.map((engine) => {
      const isHit = family !== undefined && random.next() < malicious / 60;
      return [
        engine,
        {
          category: isHit ? "malicious" : "undetected",
          engine_name: engine,
          method: "blacklist",
          result: isHit ? `Trojan.${family.platform}.${family.name}.${random.hex(3)}` : null,
        },
      ];
    }),
  );
}

function classification(family: Family, malicious: number, random: Random): Record<string, unknown> {
  if (malicious < 6) return {};
  return {
    popular_threat_classification: {
      suggested_threat_label: `${family.category}.${family.platform}/${family.name}`,
      popular_threat_category: [{ value: family.category, count: random.int(5, 30) }],
      popular_threat_name: [
        { value: family.name, count: random.int(3, 25) },
        ...(random.chance(0.4) ? [{ value: "kryptik", count: 2 }] : []),
      ],
    },
    ...(random.chance(0.5)
      ? {
          crowdsourced_yara_results: [
            {
              rule_name: `win_${family.name}_auto`,
              ruleset_name: `win.${family.name}_auto`,
              ruleset_id: random.hex(10),
              author: "emulator",
              source: "https://rules.example/emulator",
            },
          ],
        }
      : {}),
  };
}

function sandboxVerdicts({ family, sandboxes, random }: FileInput, malicious: number): Record<string, unknown> {
  const judging = sandboxes.filter(() => random.chance(0.6));
  if (judging.length === 0) return {};
  const verdict = (name: string) =>
    family && malicious > 5
      ? {
          category: "malicious",
          confidence: random.int(50, 99),
          sandbox_name: name,
          malware_classification: ["MALWARE"],
          ...(random.chance(0.5) ? { malware_names: [family.name] } : {}),
        }
      : {
          category: family ? "undetected" : "harmless",
          sandbox_name: name,
          malware_classification: [family ? "UNKNOWN_VERDICT" : "CLEAN"],
        };
  return { sandbox_verdicts: Object.fromEntries(judging.map((name) => [name, verdict(name)])) };
}

/** Google Threat Intelligence's word; the server shows it only to who asks with `x-tool`. */
export function assessment(isMalicious: boolean, random: Random, isKnownGood = false): Record<string, unknown> {
  if (!random.chance(0.3)) return {};
  const score = isMalicious ? random.int(40, 95) : random.int(0, 5);
  return {
    gti_assessment: {
      verdict: { value: isMalicious ? "VERDICT_MALICIOUS" : isKnownGood ? "VERDICT_BENIGN" : "VERDICT_UNDETECTED" },
      severity: { value: isMalicious ? "SEVERITY_MEDIUM" : "SEVERITY_NONE" },
      threat_score: { value: score },
      contributing_factors: {
        malicious_sandbox_verdict: isMalicious,
        gti_confidence_score: score,
        ...(isKnownGood ? { pervasive_indicator: true } : {}),
        ...(isKnownGood && random.chance(0.3) ? { mandiant_analyst_benign: true } : {}),
      },
      description: "Invented by the emulator.",
    },
  };
}
