/** The application without a config, as `rulewright generate` opens it in an empty folder. */
import { type App, openApp } from "../src/app.ts";
import { silentLog } from "../src/testing.ts";

export const NOW = new Date("2026-11-24T00:00:00.000Z");

export function openBenchApp(folder: string): Promise<App> {
  return openApp({ folder, env: {}, log: silentLog, now: NOW, signal: new AbortController().signal });
}
