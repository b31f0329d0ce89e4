/**
 * What a config has wrong, as far as it shows without network: exports, pushes, hunts, plugins and folders are planned
 * as their commands plan them, each by itself, so that one problem hides no other.
 */
import { dirname } from "node:path";
import type { App } from "../app.ts";
import type { SinkConfig } from "../config.ts";
import { type ErrorCode, RulewrightError } from "../errors.ts";
import { huntsOf } from "./hunting.ts";
import { planExports } from "./planning.ts";
import { httpClientOf, planPushes, planTarget } from "./pushing.ts";
import { openSecrets } from "./secrets.ts";
import { sidRange } from "./sids.ts";
import { secretRefsIn } from "./sink-health.ts";
import { storePath } from "./stored.ts";
import { virusTotalKey } from "./virustotal.ts";
import { openWarningLists } from "./warning-lists.ts";

export interface ConfigCheck {
  readonly problems: readonly RulewrightError[];
  /** Secrets that are not set: they may be where the commands run. */
  readonly warnings: readonly string[];
}

const OF_SECRETS: readonly ErrorCode[] = ["SECRET_MISSING", "VT_KEY_MISSING"];

interface Findings {
  /** By message: two exports may name the same sink that does not exist. */
  readonly problems: Map<string, RulewrightError>;
  readonly warnings: Set<string>;
}

export async function checkConfig(app: App): Promise<ConfigCheck> {
  const { loaded, registry } = app;
  const { exports, sinks, hunts } = loaded.config;
  const found: Findings = { problems: new Map(), warnings: new Set() };
  for (const { plugin, reason } of registry.problems)
    await attempt(found, () => {
      throw new RulewrightError("PLUGIN_INVALID", `The plugin ${plugin} did not load: ${reason}.`);
    });
  for (const name of Object.keys(exports)) await attempt(found, () => planExports(app, [name], dirname(loaded.file)));
  for (const [target, config] of Object.entries(sinks)) await checkSink(app, found, target, config);
  for (const { name } of hunts) await attempt(found, () => huntsOf(app, [name]));
  if (hunts.length > 0) await attempt(found, () => virusTotalKey(app));
  await attempt(found, () => sidRange(app));
  await attempt(found, () => storePath(app));
  await attempt(found, () => openWarningLists(app));
  return { problems: [...found.problems.values()], warnings: [...found.warnings] };
}

async function checkSink(app: App, found: Findings, target: string, config: SinkConfig): Promise<void> {
  const before = found.problems.size;
  for (const spec of config.exports)
    await attempt(found, () => planTarget(app, target, { ...config, exports: [spec] }));
  if (found.problems.size > before) return;
  await attempt(found, async () => {
    const secrets = openSecrets(app);
    for (const { job, tls } of planPushes(app, [target])) {
      for (const reference of secretRefsIn(job.sinkOptions)) await attempt(found, () => secrets.reveal(reference));
      await attempt(found, () => httpClientOf(app, tls, secrets).close());
    }
  });
}

/** Throws what is no error with a code: a bug of ours. */
async function attempt({ problems, warnings }: Findings, plan: () => unknown): Promise<void> {
  try {
    await plan();
  } catch (error) {
    if (!(error instanceof RulewrightError)) throw error;
    if (OF_SECRETS.includes(error.code)) warnings.add(error.message);
    else problems.set(error.message, error);
  }
}
