/** Invented names under real suffixes: hosts, files, mutexes, mailboxes. Not a dictionary of real malware's names. */
import type { Random } from "./random.ts";

const SYLLABLES =
  "ba be bo ca co da de do fa fi ga go ka ke ko la le li lo ma me mi mo na ne ni no pa pe ra re ri ro sa se si so ta te ti to va ve vi vo za ze zo dor mar tel ver lin kor ven sol tan mer bel ral dun gar nim".split(
    " ",
  );
const TRADE_WORDS =
  "trade supply build works freight tools studio market print dental garden motors textile marine steel foods travel clinic energy paper glass timber optics".split(
    " ",
  );
const TECH_WORDS = "cdn api sync node gate panel stat update cloud relay edge cache data check drive link".split(" ");
const BRANDS = "microsoft windows google office adobe amazon paypal onedrive chrome dropbox".split(" ");

const CHEAP_SUFFIXES = ["top", "xyz", "site", "online", "shop", "click", "live", "store", "icu", "fun", "space", "pw"];
const USUAL_SUFFIXES = [
  "com",
  "com",
  "com",
  "com",
  "net",
  "net",
  "org",
  "info",
  "ru",
  "co",
  "biz",
  "com.br",
  "co.uk",
  "de",
  "com.tr",
  "in",
  "pl",
];

export function word(random: Random, syllables = random.int(2, 4)): string {
  return Array.from({ length: syllables }, () => random.pick(SYLLABLES)).join("");
}

/** A name somebody would register for a server of malware. */
export function c2Domain(random: Random): string {
  const suffix = random.chance(0.5) ? random.pick(CHEAP_SUFFIXES) : random.pick(USUAL_SUFFIXES);
  const stem = random.pick([
    () => word(random, 3),
    () => `${word(random, 2)}-${random.pick(TECH_WORDS)}`,
    () => `${word(random, 2)}${random.pick(TECH_WORDS)}${random.chance(0.3) ? random.int(1, 99) : ""}`,
    () => `${random.pick(TECH_WORDS)}-${word(random, 3)}`,
  ])();
  return `${random.chance(0.25) ? `${random.pick(["www", "api", "cdn", "mail", "img"])}.` : ""}${stem}.${suffix}`;
}

/** Looks like a popular service and is not: `windows-update-daroke.com`. */
export function lookalikeDomain(random: Random): string {
  const suffix = random.pick(["com", "net", "top", "online", "site"]);
  return `${random.pick(BRANDS)}-${random.pick(TECH_WORDS)}-${word(random, 2)}.${suffix}`;
}

/** A small firm of long standing. */
export function firmDomain(random: Random): string {
  return `${word(random, 2)}${random.pick(["", "-"])}${random.pick(TRADE_WORDS)}.${random.pick(USUAL_SUFFIXES)}`;
}

export function softwareDomain(random: Random): string {
  return `${word(random, 2)}${random.pick(["soft", "apps", "labs", "tools", "ware"])}.${random.pick(["com", "net", "io", "app"])}`;
}

export function generatedDomain(random: Random): string {
  return `${random.text(random.int(12, 18), "abcdefghijklmnopqrstuvwxyz")}.${random.pick(["com", "net", "org", "biz", "info"])}`;
}

/** A customer's label under a tenant or dynamic DNS suffix. */
export function tenantLabel(random: Random): string {
  return random.pick([
    () => `${word(random, 2)}-${word(random, 2)}`,
    () => `${word(random, 3)}${random.int(1, 9999)}`,
    () => `${word(random, 2)}-${random.hex(random.pick([4, 6, 8]))}`,
  ])();
}

/** An absolute path of HTTP; `isPanel` looks like a bot's gate. */
export function urlPath(random: Random, isPanel: boolean): string {
  if (!isPanel)
    return `/${word(random, 2)}/${word(random, 3)}.${random.pick(["exe", "dll", "zip", "bin", "jpg", "txt"])}`;
  return random.pick([
    () => `/${word(random, 2)}/${random.pick(["gate", "fre", "index", "login", "submit"])}.php`,
    () => `/${random.hex(16)}/`,
    () => `/api/${word(random, 2)}?id=${random.hex(8)}&v=${random.int(1, 9)}`,
    () => `/${random.text(9, "ABCDEFabcdef0123456789")}/${word(random, 2)}.php`,
  ])();
}
