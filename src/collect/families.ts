/** Malware families: names that engines and sandboxes agree on, without the generic words. */
import type { FileAttributes } from "../vt/schema.ts";

const GENERIC = new Set(
  "adware agent agen banker botx backdoor bot clean crypt crypter downloader dropper dump evader exploit generic genericrxaa genpack greyware hacktool heur heuristic html js keylogger kryptik loader malicious malware miner msil obfuscated packed packer phishing pua pup python ransom ransomware rat riskware spreader spyware stealer suspicious tiny tool trojan trojanspy undetected unknown unsafe unwanted virus wacatac win32 win64 worm".split(
    " ",
  ),
);

/** `Agent Tesla` and `agenttesla` are one family; junk such as `Mal/HTMLGen-A` is none. */
export function familyName(label: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9 ._-]{2,29}$/.test(label)) return undefined;
  const name = label.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return name.length < 3 ||
    GENERIC.has(name) ||
    /generic|maldoc|heuristic|hiddenmacro/.test(name) ||
    /^[a-f0-9]+$/.test(name)
    ? undefined
    : name;
}

/** The most counted family name of the engines, then the sandboxes' names; at most five, first is the family. */
export function familiesOf(attributes: FileAttributes): string[] {
  const classification = attributes.popular_threat_classification;
  const counted = (classification?.popular_threat_name ?? []).toSorted(
    (a, b) => b.count - a.count || (a.value < b.value ? -1 : 1),
  );
  const suggested = classification?.suggested_threat_label?.split(/[./]/).at(-1);
  const sandboxes = attributes.sandbox_verdicts.flatMap(({ malware_names: names }) => names);
  return distinctFamilies([suggested, ...counted.slice(0, 1).map(({ value }) => value), ...sandboxes]);
}

export function distinctFamilies(labels: readonly (string | undefined)[]): string[] {
  const names = labels.flatMap((label) => (label ? [familyName(label)] : []));
  return [...new Set(names.filter((name) => name !== undefined))].slice(0, 5);
}
