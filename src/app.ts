/** What every command starts from: its surroundings, the configuration, and the plugins. `app/` has what is done with it. */
import type { Readable } from "node:stream";
import { plugins as builtIn } from "../plugins/index.ts";
import { type LoadedConfig, loadConfig } from "./config.ts";
import { createRegistry, loadPlugins, type Registry } from "./export/registry.ts";
import type { Logger } from "./plugin.ts";

export interface AppDeps {
  /** Working folder: relative paths and `rulewright.yaml` are looked up here. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly stdin?: Readable;
}

/** What a run reads and knows. */
export interface App extends AppDeps {
  readonly loaded: LoadedConfig;
  readonly registry: Registry;
}

export async function openApp(deps: AppDeps, configPath?: string): Promise<App> {
  const loaded = loadConfig(deps.folder, configPath ?? deps.env.RULEWRIGHT_CONFIG);
  const registry = createRegistry(builtIn, await loadPlugins(loaded.config.plugins, loaded.file));
  return { ...deps, loaded, registry };
}
