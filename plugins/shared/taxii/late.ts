/**
 * Requests that a server had accepted and not finished when a push ended: what they failed is known only later. Their
 * statuses are remembered beside the deliveries, and the next push looks at them before it decides what to send.
 */
import { plainText, type SinkContext, z } from "../../../src/plugin.ts";
import { parseJson } from "../http/words.ts";
import type { TaxiiClient } from "./client.ts";
import { askStatus, isPending, type Status, verdictOf } from "./status.ts";

/** No STIX object has such an id. */
const LEDGER_ID = "taxii:pending-statuses";
/** A server that never finishes anything is asked about this many requests. */
const MOST_REMEMBERED = 100;
const MOST_NAMED = 10;
const StatusIds = z.array(z.string());

/** Status ids of earlier pushes that are pending still. Objects that failed since are forgotten, so they are sent again. */
export async function settleLate(client: TaxiiClient, root: URL, ctx: SinkContext): Promise<string[]> {
  const known = await ctx.deliveries.versions([LEDGER_ID]);
  const ids = StatusIds.safeParse(parseJson(known.get(LEDGER_ID) ?? "[]")).data ?? [];
  const pending: string[] = [];
  for (const id of ids) {
    const status = await askStatus(client, root, id);
    if (status && isPending(status)) pending.push(id);
    else if (status) await sendAgain(status, ctx);
  }
  return pending;
}

async function sendAgain(status: Status, { deliveries, isDryRun, log }: SinkContext): Promise<void> {
  const verdict = verdictOf(status, []);
  if (verdict.kind !== "taken" || verdict.failed.size === 0) return;
  const named = [...verdict.failed].slice(0, MOST_NAMED).map(([id, reason]) => `${plainText(id, 100)} (${reason})`);
  const { size } = verdict.failed;
  log.warn(
    `${size === 1 ? "One object" : `${size} objects`} of an earlier push failed at the server later on, to be sent again: ${named.join(", ")}`,
  );
  if (!isDryRun) await deliveries.forget([...verdict.failed.keys()].slice(0, 1000));
}

/** The newest are kept. */
export async function rememberPending(ids: readonly string[], { deliveries, isDryRun }: SinkContext): Promise<void> {
  if (isDryRun) return;
  if (ids.length === 0) return deliveries.forget([LEDGER_ID]);
  await deliveries.record([{ id: LEDGER_ID, version: JSON.stringify(ids.slice(-MOST_REMEMBERED)) }]);
}
