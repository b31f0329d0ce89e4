/**
 * The families of a world: how each one is built and talks. Names are those engines use, so that queries read as they
 * do in life; everything under the names is invented.
 */
import { word } from "./names.ts";
import type { Random } from "./random.ts";

/** How a family reaches its operators; campaigns.ts makes the servers. */
export type Habit = "panel" | "rat" | "mail" | "botnet" | "loader" | "banker" | "dead-drop" | "tunnel";

export interface Family {
  readonly name: string;
  readonly habit: Habit;
  readonly category: string;
  /** The middle of a suggested label: `trojan.msil/agenttesla` has `msil`. */
  readonly platform: string;
  readonly builds: readonly Build[];
  readonly mutex: string;
  readonly runValue: string;
  readonly userAgent: string;
  readonly ja3: string;
  /** Payload dropped by every sample of the family. */
  readonly payload: string;
  readonly techniques: readonly string[];
}

/** What samples of one build share. */
export interface Build {
  readonly imphash: string;
  readonly vhash: string;
  readonly tlshPrefix: string;
  readonly behash: string;
  readonly sections: readonly { readonly name: string; readonly md5: string }[];
  readonly compiledAt: number;
  readonly signer?: string;
  readonly typeTag: "peexe" | "pedll" | "docx";
  readonly author?: string;
}

const KNOWN: readonly (readonly [name: string, habit: Habit, category: string, platform: string])[] = [
  ["agenttesla", "mail", "trojan", "msil"],
  ["lokibot", "panel", "trojan", "win32"],
  ["asyncrat", "rat", "trojan", "msil"],
  ["emotet", "botnet", "trojan", "win32"],
  ["guloader", "loader", "downloader", "nsis"],
  ["icedid", "banker", "banker", "win64"],
  ["vidar", "dead-drop", "trojan", "win32"],
  ["denis", "tunnel", "trojan", "win32"],
  ["remcos", "rat", "trojan", "win32"],
  ["snakekeylogger", "mail", "spyware", "msil"],
  ["amadey", "panel", "trojan", "win32"],
  ["dridex", "botnet", "banker", "win32"],
  ["smokeloader", "loader", "downloader", "win32"],
  ["qakbot", "banker", "banker", "win32"],
  ["lumma", "dead-drop", "spyware", "win32"],
  ["dnspionage", "tunnel", "trojan", "win32"],
];

const TECHNIQUES = "T1071.001 T1055 T1059.001 T1547.001 T1082 T1112 T1027 T1573 T1105 T1497.001 T1003 T1056.001".split(
  " ",
);
const AGENTS = [
  "Mozilla/4.08 (Charon; Inferno)",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
  "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)",
  "HTTP/1.1 Client",
  "TeslaBrowser/5.5",
];

export function createFamilies(count: number, start: number, random: Random): Family[] {
  return Array.from({ length: count }, (_, at) => createFamily(at, start, random.fork(`family ${at}`)));
}

function createFamily(at: number, start: number, random: Random): Family {
  const [known = "family", habit, category, platform] = KNOWN[at % KNOWN.length] as (typeof KNOWN)[number];
  const round = Math.floor(at / KNOWN.length);
  return {
    name: round === 0 ? known : `${known}${round + 1}`,
    habit: habit as Habit,
    category: category as string,
    platform: platform as string,
    builds: Array.from({ length: 3 }, () => createBuild(habit as Habit, start, random)),
    mutex: `${random.pick(["Global\\", "Local\\", ""])}${random.pick(["{", ""])}${word(random, 2)}-${random.hex(8).toUpperCase()}`,
    runValue: word(random, 3),
    userAgent: random.chance(0.6)
      ? `${random.pick(AGENTS).split("/")[0]}/${random.int(2, 6)}.${random.int(0, 99)} (${word(random, 2)})`
      : random.pick(AGENTS),
    ja3: random.hex(32),
    payload: random.hex(64),
    techniques: random.sample(TECHNIQUES, 5),
  };
}

const SECTIONS = [".text", ".rdata", ".data", ".rsrc", ".reloc"];

function createBuild(habit: Habit, start: number, random: Random): Build {
  const isDocument = habit === "loader" && random.chance(0.5);
  const own = `.${word(random, 2).slice(0, 7)}`;
  return {
    imphash: random.hex(32),
    vhash: `0${random.hex(16)}z${random.int(1, 9)}`,
    tlshPrefix: `T1${random.hex(8).toUpperCase()}`,
    behash: random.hex(32),
    sections: [...SECTIONS, own].map((name) => ({ name, md5: random.hex(32) })),
    compiledAt: start - random.int(1, 60) * 86_400,
    typeTag: isDocument ? "docx" : habit === "banker" ? "pedll" : "peexe",
    ...(isDocument ? { author: `${word(random, 2)} ${word(random, 2)}` } : {}),
    ...(random.chance(0.25) ? { signer: `${word(random, 2)} ${random.pick(["LLC", "Ltd", "GmbH"])}` } : {}),
  };
}
