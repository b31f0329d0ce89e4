/** Which events an indicator belongs to, by the option `events`. */
import type { Indicator } from "../../src/plugin.ts";
import { isSha256 } from "../shared/rows/value.ts";
import type { MispOptions } from "./options.ts";

export interface Places {
  /** Events of samples tell a story with objects and references; others hold values. */
  readonly isStory: boolean;
  /** Keys of events: a sample's sha256, a hunt and its period as `huntKey` joins them, or empty for the rolling one. */
  readonly events: readonly string[];
}

export type Placement = (indicator: Indicator) => Places;

const ROLLING: Places = { isStory: false, events: [""] };

/** What has no sample or no hunt goes into the rolling event. */
export function placement({ events, period }: Pick<MispOptions, "events" | "period">): Placement {
  switch (events) {
    case "rolling":
      return () => ROLLING;
    case "sample":
      return ({ samples }) => {
        const hashes = samples.filter((sample) => isSha256(sample));
        return hashes.length === 0 ? ROLLING : { isStory: true, events: hashes };
      };
    case "hunt":
      return ({ hunts, firstSeen }) =>
        hunts.length === 0
          ? ROLLING
          : { isStory: false, events: hunts.map((hunt) => huntKey(hunt, periodOf(firstSeen, period))).sort() };
  }
}

/** The period first: then the spool brings a hunt's events in order of time beside those of others. */
export function huntKey(hunt: string, period: string): string {
  return `${period}\n${hunt}`;
}

export function parseHuntKey(key: string): { readonly hunt: string; readonly period: string } {
  const [period = "", ...hunt] = key.split("\n");
  return { period, hunt: hunt.join("\n") };
}

const DAY_MS = 86_400_000;

/** `2026-10-20`, `2026-W43` (ISO 8601, weeks begin on Monday), `2026-10`, or empty for all of time. */
export function periodOf(iso: string, period: MispOptions["period"]): string {
  switch (period) {
    case "day":
      return iso.slice(0, 10);
    case "month":
      return iso.slice(0, 7);
    case "all":
      return "";
    case "week": {
      const day = new Date(iso);
      // A week belongs to the year of its Thursday.
      const thursday = new Date(day.getTime() + (3 - ((day.getUTCDay() + 6) % 7)) * DAY_MS);
      const year = thursday.getUTCFullYear();
      const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1;
      return `${year}-W${String(week).padStart(2, "0")}`;
    }
  }
}
