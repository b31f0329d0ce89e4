/** The engine that settings name, or the one its program's name tells. */
import { basename } from "node:path";
import type { Engine, EngineSettings } from "./engine.ts";
import { openSnort } from "./snort.ts";
import { openSuricata } from "./suricata.ts";

/** Throws ENGINE_MISSING and ENGINE_FAILED. */
export function openEngine(settings: EngineSettings): Promise<Engine> {
  const guessed = basename(settings.path ?? "").startsWith("snort") ? "snort3" : "suricata";
  return (settings.engine ?? guessed) === "snort3" ? openSnort(settings) : openSuricata(settings);
}
