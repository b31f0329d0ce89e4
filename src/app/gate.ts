/** The proof that an export must pass, as its config says it. */
import { dirname, resolve } from "node:path";
import type { App } from "../app.ts";
import { VerifyConfig } from "../config.ts";
import { RulewrightError } from "../errors.ts";
import type { ExportJob } from "../export/pipeline.ts";
import type { RuleEngine } from "../plugin.ts";

export interface VerifyGate {
  readonly engine: RuleEngine;
  readonly onFailure: "refuse" | "quarantine";
  readonly enginePath?: string;
  readonly engineRoot?: string;
  /** Folder of captures of the operator's own network. */
  readonly benign?: string;
  /** Whether rules say in their metadata which engine proved them. */
  readonly metadata: boolean;
}

/** What a config's `verify` means for an exporter's format. Throws OPTION_INVALID for one that writes no rules. */
export function gateOf(
  app: App,
  { name, exporter, format }: Pick<ExportJob, "name" | "exporter" | "format">,
  isAsked: boolean,
): VerifyGate | undefined {
  const config = app.loaded.config.exports[name]?.verify ?? false;
  const engine = exporter.formats[format]?.engine;
  if (config === false && !(isAsked && engine)) return undefined;
  if (engine === undefined)
    throw new RulewrightError(
      "OPTION_INVALID",
      `exports.${name}.verify: there is no engine that proves what ${exporter.name}:${format} writes. Remove it.`,
    );
  const { enginePath, engineRoot, benign, ...rest } = VerifyConfig.parse(
    config === true || config === false ? {} : config,
  );
  const fromConfig = (path: string): string => resolve(dirname(app.loaded.file), path);
  return {
    ...rest,
    engine,
    ...(enginePath === undefined ? {} : { enginePath }),
    ...(engineRoot === undefined ? {} : { engineRoot: fromConfig(engineRoot) }),
    ...(benign === undefined ? {} : { benign: fromConfig(benign) }),
  };
}
