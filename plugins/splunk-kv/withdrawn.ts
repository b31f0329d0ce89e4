/** Deletes from the collection what this sink saved and the export no longer has. Nothing else is ever deleted. */
import { type SinkContext, targetError } from "../../src/plugin.ts";
import type { Sender } from "../shared/http/sender.ts";
import { answerWords } from "../shared/http/words.ts";

export interface Withdrawal {
  /** Keys of everything exported now. */
  readonly exported: ReadonlySet<string>;
  /** URL of the collection, with a slash at its end. */
  readonly place: URL;
  readonly send: Sender;
  readonly target: string;
}

/**
 * How many were, or in a dry run would be. One by one: a DELETE of the collection whose query got lost on the way would
 * take an analyst's documents with it.
 */
export async function deleteWithdrawn(
  { deliveries, isDryRun, log, signal }: Pick<SinkContext, "deliveries" | "isDryRun" | "log" | "signal">,
  { exported, place, send, target }: Withdrawal,
): Promise<number> {
  const withdrawn: string[] = [];
  for await (const page of deliveries.all()) {
    for (const { id } of page) if (!exported.has(id)) withdrawn.push(id);
  }
  if (withdrawn.length > 0) {
    log.info(`${target}: ${withdrawn.length} withdrawn documents ${isDryRun ? "would be" : "are"} deleted`);
  }
  if (isDryRun) return withdrawn.length;
  for (const key of withdrawn) {
    signal.throwIfAborted();
    const answer = await send({ method: "DELETE", url: new URL(encodeURIComponent(key), place) });
    // Gone already is as good.
    if (answer.status !== 200 && answer.status !== 404) {
      throw targetError(
        "refused",
        `${target} answered ${answerWords(answer)} to a DELETE. Check what the user may do.`,
      );
    }
    await deliveries.forget([key]);
  }
  return withdrawn.length;
}
