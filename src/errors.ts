/**
 * Every error a user can meet, in one table: code → whose fault it is and the exit code. docs/errors.md has a
 * heading with cause and cure for each; a test compares the two.
 */

/** Who has to act. `upstream` is the only one worth a retry. */
export type Fault = "operator" | "author" | "upstream" | "us";

export const EXIT = { done: 0, bug: 1, usage: 2, unavailable: 3, refused: 4, interrupted: 130 } as const;

const ERRORS = {
  USAGE: { fault: "operator", exit: EXIT.usage },
  INPUT_MISSING: { fault: "operator", exit: EXIT.usage },
  INPUT_EMPTY: { fault: "operator", exit: EXIT.usage },
  INPUT_UNREADABLE: { fault: "upstream", exit: EXIT.unavailable },
  EXPORTER_UNKNOWN: { fault: "operator", exit: EXIT.usage },
  FORMAT_UNKNOWN: { fault: "operator", exit: EXIT.usage },
  OPTION_INVALID: { fault: "operator", exit: EXIT.usage },
  WHERE_INVALID: { fault: "operator", exit: EXIT.usage },
  CONFIG_UNREADABLE: { fault: "operator", exit: EXIT.usage },
  CONFIG_INVALID: { fault: "operator", exit: EXIT.usage },
  PLUGIN_INVALID: { fault: "author", exit: EXIT.usage },
  PLUGIN_ACCOUNTING: { fault: "author", exit: EXIT.refused },
  TEMPLATE_UNREADABLE: { fault: "operator", exit: EXIT.usage },
  TEMPLATE_INVALID: { fault: "operator", exit: EXIT.usage },
  TEMPLATE_ROW: { fault: "author", exit: EXIT.refused },
  WARNING_LISTS_UNREADABLE: { fault: "operator", exit: EXIT.usage },
  STORE_UNAVAILABLE: { fault: "upstream", exit: EXIT.unavailable },
  STORE_BUSY: { fault: "operator", exit: EXIT.unavailable },
  STORE_MISSING: { fault: "operator", exit: EXIT.usage },
  SID_LEDGER_UNREADABLE: { fault: "operator", exit: EXIT.usage },
  VERSION_LEDGER_UNREADABLE: { fault: "operator", exit: EXIT.usage },
  SID_RANGE_FULL: { fault: "operator", exit: EXIT.refused },
  SID_TAKEN: { fault: "operator", exit: EXIT.refused },
  VT_KEY_MISSING: { fault: "operator", exit: EXIT.usage },
  VT_KEY_REFUSED: { fault: "operator", exit: EXIT.usage },
  VT_FORBIDDEN: { fault: "operator", exit: EXIT.usage },
  VT_REQUEST_REFUSED: { fault: "operator", exit: EXIT.usage },
  VT_SETUP: { fault: "operator", exit: EXIT.usage },
  VT_QUOTA_USED_UP: { fault: "upstream", exit: EXIT.unavailable },
  VT_UNAVAILABLE: { fault: "upstream", exit: EXIT.unavailable },
  NETWORK_SETUP: { fault: "operator", exit: EXIT.usage },
  HUNT_UNKNOWN: { fault: "operator", exit: EXIT.usage },
  EXPORT_FAILED: { fault: "operator", exit: EXIT.refused },
  EXPORT_REFUSED: { fault: "operator", exit: EXIT.refused },
  SINK_UNKNOWN: { fault: "operator", exit: EXIT.usage },
  SECRET_MISSING: { fault: "operator", exit: EXIT.usage },
  PUSH_UNAVAILABLE: { fault: "upstream", exit: EXIT.unavailable },
  PUSH_REFUSED: { fault: "operator", exit: EXIT.refused },
  PUSH_FAILED: { fault: "us", exit: EXIT.refused },
  ENGINE_MISSING: { fault: "operator", exit: EXIT.usage },
  ENGINE_FAILED: { fault: "operator", exit: EXIT.refused },
  VALUE_UNKNOWN: { fault: "operator", exit: EXIT.usage },
  INTERRUPTED: { fault: "operator", exit: EXIT.interrupted },
} as const satisfies Record<string, { fault: Fault; exit: number }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** An error with a code. The message is one or two sentences and ends with the command or key that helps. */
export class RulewrightError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RulewrightError";
    this.code = code;
  }
  get fault(): Fault {
    return ERRORS[this.code].fault;
  }
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

/** The exit code of anything thrown: an unknown error is ours. */
export function exitCodeOf(error: unknown): number {
  return error instanceof RulewrightError ? error.exitCode : EXIT.bug;
}
