/** The log: lines on standard error. Nothing else in the project writes there but the commands' own text. */
import { type Logger, plainText } from "./plugin.ts";

/** Messages quote file names and reports, and both are the attacker's. */
const LONGEST_LINE = 4000;

export type LogLevel = "debug" | "info" | "warn";

/** Lines below `level` are not written. */
export function createLog(write: (line: string) => void, level: LogLevel = "info"): Logger {
  const order: readonly LogLevel[] = ["debug", "info", "warn"];
  const from = order.indexOf(level);
  const log = (own: LogLevel, prefix: string) => (message: string) => {
    if (order.indexOf(own) >= from) write(`${prefix}${plainText(message, LONGEST_LINE)}\n`);
  };
  return { debug: log("debug", "debug: "), info: log("info", ""), warn: log("warn", "warning: ") };
}
