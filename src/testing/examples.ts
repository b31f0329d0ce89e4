/** Indicators for tests: canonical, hostile, and numbered by the million. */
import type { Indicator } from "../model/indicator.ts";
import { OBSERVABLE_TYPES, type ObservableType } from "../model/observable.ts";

const SAMPLE = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

/** A canonical value of each type, none of it special-use. */
export const EXAMPLE_VALUES: Readonly<Record<ObservableType, string>> = {
  domain: "quillet-morrow.top",
  ipv4: "45.32.17.9",
  ipv6: "2a01:4f8:c17:7d1::2",
  endpoint: "45.32.17.9:8443/tcp",
  url: "http://quillet-morrow.top/gate.php?id=1",
  "email-address": "drop@quillet-morrow.top",
  sha256: SAMPLE,
  ja3: "6734f37431670b3ab4292b8f60f29984",
  ja3s: "e35df3e00ca4ef31d42b34bebaa2f86e",
  ja4: "t13d1516h2_8daaf6152771_b186095e22b6",
  certificate: "3f1d2c4b5a69788796a5b4c3d2e1f00112233445",
  "user-agent": "Quillet/1.4 (loader)",
  mutex: "Global\\quillet-4471",
  "registry-key": "HKEY_CURRENT_USER\\Software\\Quillet\\Run",
  "file-path": "C:\\Users\\Public\\quillet.dll",
  "command-line": "rundll32.exe C:\\Users\\Public\\quillet.dll,Start",
};

/** An indicator for tests: kept at 85, one sample, one sandbox, fixed dates; `overrides` replace whole fields. */
export function exampleIndicator(type: ObservableType, overrides: Partial<Indicator> = {}): Indicator {
  return {
    type,
    value: EXAMPLE_VALUES[type],
    ...(type === "domain" ? { scope: "subtree" as const } : {}),
    verdict: {
      decision: "keep",
      confidence: 85,
      reasons: [
        { id: "contacted", weight: 60, text: "contacted by 1 sample" },
        { id: "malicious-sample", weight: 25, text: "the sample is malicious by 40 of 70 engines" },
      ],
    },
    status: "active",
    tlp: "amber",
    families: ["quillet"],
    labels: [],
    hunts: [],
    techniques: ["T1071.001"],
    samples: [SAMPLE],
    sampleCount: 1,
    sandboxes: ["Zenbox"],
    firstSeen: "2026-10-01T08:00:00.000Z",
    lastSeen: "2026-10-20T09:30:00.000Z",
    validUntil: "2027-01-18T09:30:00.000Z",
    evidence: [{ sample: SAMPLE, sandbox: "Zenbox", place: "dns_lookups[0].hostname" }],
    details: {},
    ...overrides,
  };
}

/** One indicator of each type, in export order. */
export function exampleIndicators(): Indicator[] {
  return OBSERVABLE_TYPES.map((type) => exampleIndicator(type));
}

/** What attackers put into reports: each breaks some parser when it is not escaped. */
export const HOSTILE_TEXTS: readonly string[] = [
  `"; sid:1; rev:1;) alert ip any any -> any any (msg:"`,
  "' OR 1=1 -- ']",
  `=cmd|'/C calc'!A0`,
  "line one\nline two\r\nline three",
  "nul\u0000inside",
  "\u202egnp.exe\u2066",
  "{{constructor.constructor}} {{{__proto__}}}",
  `<script>alert(1)</script>,"a","b"`,
  "../../etc/passwd",
  "\ud800 lone surrogate",
  "pipe|percent%s|%n|\\backslash\\",
  "A".repeat(65_536),
];

/** Indicators of one type whose every free text is hostile. */
export function hostileIndicators(type: ObservableType): Indicator[] {
  return HOSTILE_TEXTS.flatMap((text, index) => [
    exampleIndicator(type, { value: `${text}` }),
    exampleIndicator(type, {
      value: hostileVariant(type, text, index),
      families: [text],
      labels: [text],
      sandboxes: [text],
      techniques: [text],
      verdict: { decision: "keep", confidence: 85, reasons: [{ id: "contacted", weight: 85, text }] },
      evidence: [{ sample: SAMPLE, sandbox: text, place: text }],
      details: {
        names: [text],
        userAgents: [text],
        hosts: [text],
        peers: [text],
        certificate: { issuer: text, subject: text, serial: text },
      },
    }),
  ]);
}

function hostileVariant(type: ObservableType, text: string, index: number): string {
  switch (type) {
    case "url":
      return `http://quillet-${index}.top/${text}`;
    case "domain":
      return `quillet-${index}.top`;
    case "endpoint":
      return `45.32.17.9:${8000 + index}/tcp`;
    case "ipv4":
      return `45.32.17.${index + 1}`;
    default:
      return numbered(type, index).value;
  }
}

/** The `index`-th distinct indicator of a type, in ascending order of value. */
export function numbered(type: ObservableType, index: number): Indicator {
  const digits = String(index).padStart(8, "0");
  const octets = `${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  const hex = index.toString(16).padStart(8, "0");
  const values: Record<ObservableType, string> = {
    domain: `h${digits}.quillet-morrow.top`,
    ipv4: `45.${octets}`,
    ipv6: `2a01:4f8:c17:7d1:1:1:${((index >>> 16) + 1).toString(16)}:${(index & 0xffff).toString(16)}`,
    endpoint: `45.${octets}:8443/tcp`,
    url: `http://quillet-morrow.top/gate.php?id=${digits}`,
    "email-address": `u${digits}@quillet-morrow.top`,
    sha256: hex + SAMPLE.slice(8),
    ja3: hex + EXAMPLE_VALUES.ja3.slice(8),
    ja3s: hex + EXAMPLE_VALUES.ja3s.slice(8),
    ja4: `t13d1516h2_8daaf6152771_${hex}22b6`,
    certificate: hex + EXAMPLE_VALUES.certificate.slice(8),
    "user-agent": `Quillet/${digits}`,
    mutex: `Global\\quillet-${digits}`,
    "registry-key": `HKEY_CURRENT_USER\\Software\\Quillet\\${digits}`,
    "file-path": `C:\\Users\\Public\\${digits}.dll`,
    "command-line": `rundll32.exe C:\\Users\\Public\\${digits}.dll,Start`,
  };
  return exampleIndicator(type, { value: values[type] });
}
