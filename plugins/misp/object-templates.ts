/**
 * The misp-objects definitions we fill. Uuid and version are those of the definition, or the receiving MISP shows an
 * unknown template. Source: https://github.com/MISP/misp-objects, 2026-08.
 */

export interface ObjectTemplate {
  readonly name: string;
  readonly "meta-category": string;
  readonly description: string;
  readonly template_uuid: string;
  readonly template_version: string;
}

function template(
  name: string,
  version: number,
  uuid: string,
  metaCategory: string,
  description: string,
): ObjectTemplate {
  return { name, "meta-category": metaCategory, description, template_uuid: uuid, template_version: String(version) };
}

const TABLE = {
  file: template(
    "file",
    25,
    "688c46fb-5edb-40a3-8273-1af7923e2215",
    "file",
    "File object describing a file with meta-information",
  ),
  "ja4-plus": template("ja4-plus", 2, "2c15c75e-e7db-4b62-8d17-633e7571818f", "network", "JA4+ network fingerprint"),
  ja3: template("ja3", 4, "09b45449-5d6e-492c-a68a-cb2e188cbfac", "network", "JA3 fingerprint of a TLS client"),
  "command-line": template(
    "command-line",
    2,
    "88ebe222-d3cc-11e9-875d-7f13f460adaf",
    "misc",
    "Command line of a program",
  ),
  "registry-key": template("registry-key", 5, "8b3228ad-6d82-4fe6-b2ae-05426308f1d5", "file", "Windows registry key"),
  "domain-ip": template(
    "domain-ip",
    11,
    "43b3b146-77eb-4931-b4cc-b66c60f28734",
    "network",
    "A name and the addresses it resolved to",
  ),
  "ip-port": template(
    "ip-port",
    10,
    "9f8cea74-16fe-4968-a2b4-026676949ac6",
    "network",
    "An address with the ports and names it was contacted by",
  ),
  "network-connection": template(
    "network-connection",
    7,
    "af16764b-f8e5-4603-9de1-de34d272f80b",
    "network",
    "A network connection to a port",
  ),
  url: template("url", 10, "60efb77b-40b5-4c46-871b-ed1ed999fce5", "network", "A URL and its parts"),
  x509: template("x509", 14, "d1ab756a-26b5-4349-9f43-765630f0911c", "network", "X.509 certificate"),
  "virustotal-report": template(
    "virustotal-report",
    5,
    "d7dd0154-e04f-4c34-a2fb-79f3a3a52aa4",
    "misc",
    "VirusTotal report",
  ),
  "sandbox-report": template("sandbox-report", 2, "4d3fffd2-cd07-4357-96e0-a51c988faaef", "misc", "Sandbox report"),
};

export type TemplateName = keyof typeof TABLE;
export const OBJECT_TEMPLATES: Readonly<Record<TemplateName, ObjectTemplate>> = TABLE;
