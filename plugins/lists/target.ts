/** What a format of the lists is. */
import type { Indicator } from "../../src/plugin.ts";
import type { LinesOrReason } from "../shared/rows/lines.ts";

export interface Target {
  /** Files that are there in every run. */
  readonly files: readonly ListFile[];
  /** Only for indicators that belong on a list, with canonical values. */
  readonly linesOf: (indicator: Indicator) => LinesOrReason;
}

export interface ListFile {
  readonly path: string;
  /** What stands before the entries. */
  readonly head?: string;
  /** What stands there when no entry does. */
  readonly whenEmpty?: string;
}

/** Why an endpoint is on no list of addresses. */
export const ENDPOINT_REASON = "a list of addresses would block its other ports too";

/** One line. */
export function line(path: string, entry: string): LinesOrReason {
  return { path, text: `${entry}\n`, rows: 1 };
}
