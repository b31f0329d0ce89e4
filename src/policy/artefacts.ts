/** Rules on hashes, fingerprints, certificates, user agents and host artefacts. */
import {
  commonFingerprint,
  isAutostartKey,
  isCommonMutex,
  isCommonUserAgent,
  isEmptyFileHash,
  isTestFileHash,
  isTestFileVariant,
} from "../enrich/common-artefacts.ts";
import {
  isBareProgram,
  isChosenCertificateKey,
  isCommonPath,
  isCommonRegistryKey,
  isSandboxPlace,
  isWindowsFileName,
} from "../enrich/host-artefacts.ts";
import type { Facts } from "../store/store.ts";
import { isSuspectItself } from "./evidence-rules.ts";
import { type Finding, type Findings, type Gate, type JudgeContext, plural } from "./rule.ts";
import { cleanSamples } from "./sample-rules.ts";

/** Files: the sample itself and what it dropped. */
export function judgeHash(facts: Facts, context: JudgeContext): Findings {
  if (isEmptyFileHash(facts.observable.value))
    return { gate: { id: "empty-file", text: "the hash of an empty file" }, findings: [] };
  if (isTestFileHash(facts.observable.value) || (facts.file && isTestFileVariant(facts.file)))
    return {
      gate: { id: "test-file", text: "the EICAR test file, which every scanner detects on purpose" },
      findings: [],
    };
  const isSample = facts.roles.has("sample");
  const findings: Finding[] = [
    isSample
      ? { id: "sample", weight: 25, text: "a detonated or listed file" }
      : { id: "dropped-file", weight: 15, text: `dropped by ${plural(facts.samples, "sample")}` },
  ];
  if (facts.maliciousSamples > 0) {
    findings.push({
      id: "malicious-sample",
      weight: isSample ? 50 : 15,
      text: isSample ? "malicious by engines or sandbox" : "the sample that drops it is malicious",
    });
  }
  if (isSample && facts.cleanSamples > 0 && facts.maliciousSamples === 0)
    findings.push({ id: "clean-samples", weight: -25, text: "clean by engines or sandbox" });
  if (!isSample) findings.push(...commonFileName(facts), ...familyCorroboration(facts), ...spread(facts));
  const listed = context.warningLists?.match("sha256", facts.observable.value).find(({ tier }) => tier === "drop");
  return listed
    ? { gate: { id: "warning-list", text: `on the warning list ${listed.list} ${listed.version}` }, findings: [] }
    : { findings };
}

/** JA3, JA3S, JA4: a client library's mark; an indicator only by the company it keeps. */
export function judgeFingerprint(facts: Facts): Findings {
  const library = commonFingerprint(facts.observable.value);
  if (library)
    return {
      gate: { id: "common-fingerprint", text: `the fingerprint of ${library}, shared by everything that uses it` },
      findings: [],
    };
  const isServer = facts.observable.type === "ja3s";
  const findings: Finding[] = [
    {
      id: "fingerprint",
      weight: isServer ? 10 : 20,
      text: `seen in TLS sessions of ${plural(Math.max(1, facts.samples), "sample")}`,
    },
  ];
  // Many samples that meet one server see one answer: it says what software answers, and no more the more often.
  const corroborated = isServer ? [] : corroboration(facts);
  return { findings: [...findings, ...peers(facts), ...corroborated, ...spread(facts)] };
}

export function judgeCertificate(facts: Facts): Findings {
  const findings: Finding[] = [
    { id: "certificate", weight: 25, text: `served to ${plural(Math.max(1, facts.samples), "sample")}` },
  ];
  if (facts.certificate?.isSelfSigned) findings.push({ id: "self-signed", weight: 15, text: "self-signed" });
  else if (facts.certificate)
    findings.push({ id: "issued", weight: -10, text: `issued by ${facts.certificate.issuer ?? "another authority"}` });
  return { findings: [...findings, ...peers(facts), ...corroboration(facts), ...spread(facts)] };
}

export function judgeUserAgent(facts: Facts): Findings {
  if (isCommonUserAgent(facts.observable.value))
    return { gate: { id: "common-user-agent", text: "a browser, library or system component sends it" }, findings: [] };
  const findings: Finding[] = [{ id: "user-agent", weight: 35, text: "no browser or known library sends it" }];
  return { findings: [...findings, ...peers(facts), ...corroboration(facts), ...spread(facts)] };
}

export function judgeMutex(facts: Facts): Findings {
  if (isCommonMutex(facts.observable.value))
    return { gate: { id: "common-mutex", text: "Windows or a runtime creates it" }, findings: [] };
  return {
    findings: [
      { id: "mutex", weight: 20, text: `created by ${plural(facts.samples, "sample")}` },
      ...opinions(facts),
      ...familyCorroboration(facts),
      ...spread(facts),
    ],
  };
}

/** Registry keys, file paths, command lines: context unless several samples of a family share them. */
export function judgeHostArtefact(facts: Facts): Findings {
  const { type, value } = facts.observable;
  const gate = hostGate(facts);
  if (gate) return { gate, findings: [] };
  const findings: Finding[] = [{ id: "host-artefact", weight: 10, text: `seen in ${plural(facts.samples, "sample")}` }];
  if (type === "registry-key" && isAutostartKey(value))
    findings.push({ id: "autostart", weight: 10, text: "starts a program at logon" });
  if (type === "registry-key" && isChosenCertificateKey(value))
    findings.push({
      id: "common-registry-key",
      weight: -25,
      text: "a certificate that Windows or the sandbox may have put there",
    });
  if (type === "command-line" && isBareProgram(value))
    findings.push({ id: "bare-program", weight: -25, text: "a program in the folders of Windows, without arguments" });
  return { findings: [...findings, ...opinions(facts), ...familyCorroboration(facts), ...spread(facts)] };
}

function hostGate({ observable: { type, value } }: Facts): Gate | undefined {
  if (type === "registry-key")
    return isCommonRegistryKey(value)
      ? { id: "common-registry-key", text: "Windows or Office writes it, whatever runs" }
      : undefined;
  if (isSandboxPlace(value)) return { id: "sandbox-place", text: "it names a place that is only in a sandbox" };
  return type === "file-path" && isCommonPath(value)
    ? { id: "common-path", text: "no folder, or a place that any program or Windows itself writes to" }
    : undefined;
}

/** Malware may call itself so, hence no gate; but then somebody finds it malicious. */
function commonFileName(facts: Facts): Finding[] {
  const names = facts.file?.names ?? [];
  return names.length > 0 && names.every(isWindowsFileName) && !isSuspectItself(facts)
    ? [{ id: "common-file-name", weight: -25, text: `Windows itself drops a file of the name ${names[0]}` }]
    : [];
}

/** With whom the sessions were: kept peers speak for it, background peers against. */
function peers(facts: Facts): Finding[] {
  const sessions = facts.links.filter(({ kind }) => kind === "session-with");
  const background = sessions.find(({ decision }) => decision === "drop");
  if (background)
    return [
      { id: "background-peer", weight: -45, text: `also used with ${background.observable.value}, which is dropped` },
    ];
  const kept = sessions.find(({ decision }) => decision === "keep");
  return kept ? [{ id: "kept-peer", weight: 20, text: `used with ${kept.observable.value}, which is kept` }] : [];
}

function opinions(facts: Facts): Finding[] {
  if (facts.maliciousSamples > 0)
    return [
      {
        id: "malicious-sample",
        weight: 15,
        text: `${facts.maliciousSamples} of ${plural(facts.samples, "sample")} malicious by engines or sandbox`,
      },
    ];
  return [];
}

/** Many samples that have the value in common, unless they are of several families. */
function corroboration({ samples, families }: Facts): Finding[] {
  const [[family, own] = ["", 0], ...others] = families;
  return others.length === 0 ? severalSamples(samples, own === samples ? family : undefined) : [];
}

/**
 * The same for what is found on a host, where no peer vouches for it: samples of no known family have the sandbox in
 * common and perhaps no more, so only those of the family count.
 */
function familyCorroboration({ families }: Facts): Finding[] {
  const [[family, samples] = ["", 0], ...others] = families;
  return others.length === 0 ? severalSamples(samples, family) : [];
}

/** Two samples may share a habit of the sandbox, three share the malware's. */
function severalSamples(samples: number, family: string | undefined): Finding[] {
  if (samples < 2) return [];
  const text = `seen in ${samples} samples${family === undefined ? "" : ` of ${family}`}`;
  return [{ id: "several-samples", weight: samples >= 3 ? 25 : 15, text }];
}

function spread(facts: Facts): Finding[] {
  return [
    ...(facts.families.size >= 2
      ? [{ id: "many-families", weight: -35, text: `seen across ${facts.families.size} families` }]
      : []),
    ...[cleanSamples(facts)].filter((finding) => finding !== undefined),
  ];
}
