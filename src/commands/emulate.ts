/** `rulewright emulate`: VirusTotal's API over a synthetic world on a loopback port, to try hunts without a key. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { App } from "../app.ts";
import {
  createWorld,
  type Emulator,
  FAULT_MODES,
  type FaultMode,
  startEmulator,
  type World,
} from "../emulator/index.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { nearest } from "../model/nearest.ts";
import type { Output } from "./output.ts";

export interface EmulateOptions {
  readonly port: number;
  readonly seed: number;
  readonly samples: number;
  readonly families: number;
  readonly days: number;
  readonly latency: number;
  readonly perMinute?: number;
  readonly perDay?: number;
  readonly faults?: readonly string[];
  readonly faultRate: number;
  /** File for what is true of every observable, as JSON Lines. */
  readonly truth?: string;
}

const DAY_MS = 86_400_000;
const KEY = "emulator-key";

/** Serves until it is interrupted. */
export async function emulate(app: App, output: Output, options: EmulateOptions): Promise<number> {
  const modes = faultModes(options.faults);
  const world = worldOf(app.now, options);
  if (options.truth !== undefined) writeTruth(resolve(app.folder, options.truth), world);
  const emulator = await start(app, options, modes, world);
  output.say(
    `${world.samples.length} samples of ${world.families.length} families at ${emulator.baseUrl}\n\n` +
      `export VT_BASE_URL=${emulator.baseUrl} VT_API_KEY=${KEY}\n\n` +
      "Its hosts are invented: never contact or block them. Stop it with Ctrl-C.\n",
  );
  if (!app.signal.aborted) await once(app.signal, "abort");
  await emulator.close();
  return EXIT.done;
}

/** A world that ends at the beginning of today (UTC). */
function worldOf(now: Date, { seed, samples, families, days }: EmulateOptions): World {
  const end = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
  try {
    return createWorld({ seed, samples, families, start: new Date(end.getTime() - days * DAY_MS), end });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RulewrightError("USAGE", `${error.message}. See: rulewright emulate --help`, { cause: error });
  }
}

function faultModes(names: readonly string[] = []): readonly FaultMode[] {
  if (names.length === 1 && names[0] === "all") return FAULT_MODES;
  const unknown = names.find((name) => !(FAULT_MODES as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new RulewrightError(
      "USAGE",
      `There is no fault "${unknown}"${nearest(unknown, FAULT_MODES)}. There are all, ${FAULT_MODES.join(", ")}.`,
    );
  return names as readonly FaultMode[];
}

function writeTruth(file: string, { truth }: World): void {
  try {
    writeFileSync(file, truth.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  } catch (cause) {
    throw new RulewrightError(
      "USAGE",
      `Cannot write ${file}: ${(cause as Error).message}. Give --truth another file.`,
      {
        cause,
      },
    );
  }
}

async function start(
  app: App,
  { port, latency, perMinute, perDay, faultRate }: EmulateOptions,
  modes: readonly FaultMode[],
  world: World,
): Promise<Emulator> {
  try {
    return await startEmulator({
      world,
      port,
      clock: () => new Date(),
      latencyMs: latency,
      apiKey: KEY,
      quotas: { ...(perMinute ? { perMinute } : {}), ...(perDay ? { perDay } : {}) },
      ...(modes.length > 0 ? { faults: { rate: faultRate, modes } } : {}),
      log: (line) => app.log.debug(line),
    });
  } catch (cause) {
    throw new RulewrightError(
      "USAGE",
      `Cannot listen on port ${port}: ${(cause as Error).message}. Give another with --port.`,
      { cause },
    );
  }
}
