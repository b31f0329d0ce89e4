/** `rulewright list`: what the store knows, one observable a line. */

import { storedContext, withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import { defang } from "../model/defang.ts";
import type { Indicator } from "../model/indicator.ts";
import { OBSERVABLE_TYPES } from "../model/observable.ts";
import { plainText } from "../model/text.ts";
import { DECISIONS, type Decision } from "../model/verdict.ts";
import { toIndicator } from "../policy/indicators.ts";
import { parseWhere } from "../policy/where.ts";
import { rulingJson } from "./explanation.ts";
import type { Output } from "./output.ts";

export interface ListOptions {
  readonly store?: string;
  readonly decision?: Decision;
  readonly where?: string;
  /** What operators have ruled, instead of what is known. */
  readonly rulings?: boolean;
  readonly json?: boolean;
}

export async function list(app: App, output: Output, options: ListOptions): Promise<number> {
  if (options.rulings) return listRulings(app, output, options);
  const decisions = options.decision ? [options.decision] : DECISIONS;
  const wanted = options.where === undefined ? () => true : parseWhere(options.where);
  return withStore(app, options.store, async (store) => {
    const context = storedContext(app);
    for (const type of OBSERVABLE_TYPES) {
      for await (const page of store.judged(type, decisions)) {
        for (const row of page) {
          app.signal.throwIfAborted();
          const indicator = toIndicator(row, context);
          if (wanted(indicator)) await output.print(options.json ? lineJson(indicator) : line(indicator));
        }
      }
    }
    return EXIT.done;
  });
}

/** One ruling a line, by type and value. */
async function listRulings(app: App, output: Output, { store: location, json }: ListOptions): Promise<number> {
  return withStore(app, location, async (store) => {
    for (const { observable, ruling } of await store.rulings()) {
      const { type, value } = observable;
      const { action, reason, ruledAt } = ruling;
      const day = new Date(ruledAt * 1000).toISOString().slice(0, 10);
      await output.print(
        json
          ? `${JSON.stringify({ type, value, ...rulingJson(ruling) })}\n`
          : `${action.padEnd(6)}  ${day}  ${type.padEnd(12)} ${plainText(defang(value), 4096)}  ${plainText(reason, 1000)}\n`,
      );
    }
    return EXIT.done;
  });
}

/** The contract's fields, in its order. */
function lineJson({
  type,
  value,
  verdict,
  hunts,
  families,
  labels,
  tlp,
  samples,
  firstSeen,
  lastSeen,
  validUntil,
  status,
}: Indicator): string {
  return `${JSON.stringify({ type, value, verdict, hunts, families, labels, tlp, samples, firstSeen, lastSeen, validUntil, status })}\n`;
}

function line({ type, value, verdict, status, families, lastSeen }: Indicator): string {
  const state = status === "active" ? "" : ` ${status}`;
  return `${verdict.decision.padEnd(6)} ${String(verdict.confidence).padStart(3)}  ${type.padEnd(12)} ${plainText(defang(value), 4096)}  ${families.join(",") || "-"}  ${lastSeen.slice(0, 10)}${state}\n`;
}
