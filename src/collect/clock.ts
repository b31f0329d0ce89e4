/** Times in reports can be nonsense (a documented sample has 9): only plausible ones count. */

const EARLIEST = Date.UTC(2004, 5, 1) / 1000;
const LATEST = Date.UTC(2100, 0, 1) / 1000;

/** Seconds since the epoch between VirusTotal's first year and 2100. */
export function isPlausibleTime(seconds: number | undefined): seconds is number {
  return seconds !== undefined && Number.isFinite(seconds) && seconds >= EARLIEST && seconds < LATEST;
}
