/**
 * What every Splunk app needs around its content, as AppInspect wants it: no `local/`, one version in all places,
 * readable by all and writable by admins. This module knows no lookups.
 * Source: Splunk "app.conf", "default.meta.conf" and app manifest 2.0 pages.
 */
import type { Chunk } from "../../src/plugin.ts";
import type { SplunkOptions } from "./options.ts";

export type AppIdentity = Pick<SplunkOptions, "appId" | "appVersion" | "label" | "author" | "description">;

/** Stanza → setting → value. */
export type Stanzas = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The files of an app: manifest, identity and permissions, and what `parts` holds: path within the app → text. */
export function* appFiles(identity: AppIdentity, parts: Readonly<Record<string, string>>): Generator<Chunk> {
  const files: Readonly<Record<string, string>> = {
    "app.manifest": appManifest(identity),
    "default/app.conf": appConf(identity),
    "metadata/default.meta": defaultMeta("default/collections.conf" in parts),
    ...parts,
  };
  for (const [path, data] of Object.entries(files)) yield { path: `${identity.appId}/${path}`, data, indicators: 0 };
}

/** Stanzas as a .conf file. */
export function conf(stanzas: Stanzas): string {
  return Object.entries(stanzas)
    .map(([stanza, settings]) =>
      [`[${stanza}]`, ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`), ""].join("\n"),
    )
    .join("\n");
}

function appManifest({ appId, appVersion, label, author, description }: AppIdentity): string {
  const manifest = {
    schemaVersion: "2.0.0",
    info: {
      title: label,
      id: { group: null, name: appId, version: appVersion },
      author: [{ name: author, email: null, company: null }],
      releaseDate: null,
      description,
      classification: {
        intendedAudience: "Security",
        categories: ["Security, Fraud & Compliance"],
        developmentStatus: "Production/Stable",
      },
      commonInformationModels: null,
      license: { name: null, text: null, uri: null },
      privacyPolicy: { name: null, text: null, uri: null },
      releaseNotes: { name: "README", text: "README.txt", uri: null },
    },
    dependencies: null,
    tasks: null,
    inputGroups: null,
    incompatibleApps: null,
    platformRequirements: null,
    supportedDeployments: ["_standalone", "_distributed", "_search_head_clustering"],
    targetWorkloads: ["_search_heads"],
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function appConf({ appId, appVersion, label, author, description }: AppIdentity): string {
  return conf({
    install: { is_configured: "false", state: "enabled", build: "1" },
    package: { id: appId, check_for_updates: "false" },
    id: { name: appId, version: appVersion },
    launcher: { author, version: appVersion, description },
    ui: { is_visible: "false", label },
  });
}

/** What other apps may use, Enterprise Security among them; searches stay in the app. */
function defaultMeta(hasCollections: boolean): string {
  const shared = ["lookups", "transforms", ...(hasCollections ? ["collections"] : [])];
  const stanzas = shared.map((name) => `\n[${name}]\nexport = system\n`).join("");
  return `[]\naccess = read : [ * ], write : [ admin, sc_admin ]\nexport = none\n${stanzas}`;
}
