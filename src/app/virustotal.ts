/**
 * The client with its key, the quota that all processes share, and real time: where the config and the environment meet.
 * It asks nothing by itself.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { proxyFromEnvironment } from "../net/proxy.ts";
import { createSecret, type Secret } from "../net/secret.ts";
import { VERSION } from "../version.ts";
import { createVtClient, type VtClient } from "../vt/client.ts";
import { createQuotaGate, type QuotaGate } from "../vt/quota.ts";
import { openQuotaLedger } from "../vt/quota-ledger.ts";
import { storePath } from "./stored.ts";

/** Beside the store: all processes that hunt into stores of one folder share it. */
const QUOTA_FILE = "rulewright-quota.db";

/** VirusTotal, as this run asks it. */
export interface VirusTotal {
  readonly client: VtClient;
  readonly quota: QuotaGate;
  readonly clock: () => Date;
  close(): Promise<void>;
}

/** Throws VT_KEY_MISSING, CONFIG_INVALID, VT_SETUP, STORE_UNAVAILABLE. */
export function openVirusTotal(app: App, storeFlag?: string): VirusTotal {
  const { virustotal } = app.loaded.config;
  const apiKey = virusTotalKey(app);
  const clock = runningClock(app.now);
  const ledger = openQuotaLedger(join(dirname(storePath(app, storeFlag)), QUOTA_FILE), clock());
  try {
    const { perMinute, perDay, perMonth, concurrency, user, caFile } = virustotal;
    const limits = {
      ...(perMinute === undefined ? {} : { perMinute }),
      ...(perDay === undefined ? {} : { perDay }),
      ...(perMonth === undefined ? {} : { perMonth }),
    };
    const quota = createQuotaGate({
      ledger,
      account: apiKey.fingerprint(),
      limits,
      clock,
      sleep: pause,
      random: Math.random,
    });
    const client = createVtClient({
      apiKey,
      version: VERSION,
      baseUrl: app.env.VT_BASE_URL || virustotal.baseUrl,
      quota,
      concurrency,
      ...(user === undefined ? {} : { user }),
      proxy: proxyFromEnvironment(app.env),
      ...(caFile === undefined ? {} : { caFile: resolve(dirname(app.loaded.file), caFile) }),
      clock,
      sleep: pause,
      random: Math.random,
      log: app.log,
      signal: app.signal,
    });
    return {
      client,
      quota,
      clock,
      async close() {
        await client.close();
        ledger.close();
      },
    };
  } catch (error) {
    ledger.close();
    throw error;
  }
}

/** VT_API_KEY, else what the config names. Throws VT_KEY_MISSING, CONFIG_INVALID. */
export function virusTotalKey({ env, loaded }: App): Secret {
  const { apiKey } = loaded.config.virustotal;
  if (env.VT_API_KEY) return createSecret(env.VT_API_KEY, "VT_API_KEY");
  if ("env" in apiKey) {
    const value = env[apiKey.env];
    if (value) return createSecret(value, apiKey.env);
    throw new RulewrightError(
      "VT_KEY_MISSING",
      `There is no API key for VirusTotal. Set ${apiKey.env} in the environment, or virustotal.apiKey: { file: PATH } in the config.`,
    );
  }
  const file = resolve(dirname(loaded.file), apiKey.file);
  try {
    return createSecret(readFileSync(file, "utf8"), file);
  } catch (cause) {
    if (cause instanceof RulewrightError) throw cause;
    throw new RulewrightError(
      "VT_KEY_MISSING",
      `Cannot read the API key in ${file}: ${(cause as Error).message}. See virustotal.apiKey in ${loaded.file}.`,
      { cause },
    );
  }
}

/** A clock that starts at the run's own time and goes on with the machine's. */
export function runningClock(start: Date): () => Date {
  const ahead = start.getTime() - Date.now();
  return () => new Date(Date.now() + ahead);
}

/** Real sleep; rejects with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(Math.max(0, ms), undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
