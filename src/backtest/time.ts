/** Times as logs write them, and the UTC day they fall on. */

const ISO =
  /^(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|[+-]\d\d:?(?:\d\d)?)?)?$/i;
/** `24/Nov/2026:07:57:51 +0200`, as Apache and Squid write it. */
const APACHE = /^\[?(\d\d)\/([A-Za-z]{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?: ([+-]\d{4}))?\]?$/;
const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";

/**
 * Milliseconds since the epoch, or undefined for what is no time. ISO 8601 with any offset, Apache's form, and numbers
 * since the epoch in seconds, milli-, micro- or nanoseconds (told apart by size). Without an offset a time is UTC.
 */
export function toMilliseconds(time: string | number | undefined): number | undefined {
  if (time === undefined) return undefined;
  if (typeof time === "number") return fromEpoch(time);
  const text = time.trim();
  const iso = ISO.exec(text);
  if (iso) {
    const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = iso;
    return moment(`${year}-${month}-${day}`, [hour, minute, second], fraction, zone);
  }
  if (/^\d{8,19}(?:\.\d+)?$/.test(text)) return fromEpoch(Number(text));
  const apache = APACHE.exec(text);
  if (!apache) return undefined;
  const [, day, name = "", year, hour = "0", minute = "0", second = "0", fraction = "", zone] = apache;
  const at = MONTHS.indexOf(name.toLowerCase());
  if (at % 3 !== 0) return undefined;
  return moment(`${year}-${String(at / 3 + 1).padStart(2, "0")}-${day}`, [hour, minute, second], fraction, zone);
}

function moment(day: string, clock: readonly string[], fraction: string, zone = "Z"): number | undefined {
  const start = Date.parse(`${day}T00:00:00Z`);
  // Date takes 31 February for 3 March.
  if (Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== day) return undefined;
  const [hour, minute, second] = clock.map(Number) as [number, number, number];
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return start + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds - offset(zone);
}

function offset(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return (match[1] === "-" ? -minutes : minutes) * 60_000;
}

/** Up to the year 5138 a number of seconds has fewer than 12 digits, and from 1973 on one of milliseconds has 12. */
function fromEpoch(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined;
  if (value < 1e11) return Math.round(value * 1000);
  if (value < 1e14) return Math.round(value);
  return value < 1e17 ? Math.round(value / 1e3) : Math.round(value / 1e6);
}

const DAY_MS = 86_400_000;

/** The UTC day of a time as a number; `dayName` writes it. */
export function dayOf(milliseconds: number): number {
  return Math.floor(milliseconds / DAY_MS);
}

export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
