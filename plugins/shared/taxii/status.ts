/** The status resource of a POST: what became of each object. Waits for the server to finish, within a limit. */
import { plainText, type SinkContext, z } from "../../../src/plugin.ts";
import type { Verdict } from "../objects/publish.ts";
import type { ObjectLine } from "../objects/read.ts";
import type { TaxiiClient } from "./client.ts";

const Detail = z.object({ id: z.string(), message: z.string().nullish() });

/** Permissive: counts are null and lists absent at some servers. */
export const Status = z.object({
  id: z.string(),
  status: z.string(),
  failure_count: z.number().nullish(),
  successes: z.array(Detail).nullish(),
  failures: z.array(Detail).nullish(),
});
export type Status = z.output<typeof Status>;

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/** Asks until it is complete, gone or `patienceMs` are over. Undefined: the server has forgotten it. */
export async function settled(
  client: TaxiiClient,
  root: URL,
  first: Status,
  patienceMs: number,
  { sleep }: Pick<SinkContext, "sleep">,
): Promise<Status | undefined> {
  let status: Status | undefined = first;
  for (let wait = FIRST_WAIT_MS, waited = 0; status && isPending(status) && waited < patienceMs; wait *= 2) {
    const pause = Math.min(wait, LONGEST_WAIT_MS, patienceMs - waited);
    await sleep(pause);
    waited += pause;
    status = await askStatus(client, root, first.id);
  }
  return status;
}

export const isPending = ({ status }: Status): boolean => status !== "complete";

/** Its id is opaque and may hold anything. */
export async function askStatus(client: TaxiiClient, root: URL, id: string): Promise<Status | undefined> {
  return client.get(new URL(`status/${encodeURIComponent(id)}/`, root), Status);
}

/** What a status says of the group that was posted. What is not said to have failed is the server's from now on. */
export function verdictOf({ failures, successes, failure_count }: Status, group: readonly ObjectLine[]): Verdict {
  const failed = new Map((failures ?? []).map(({ id, message }) => [id, reasonOf(message)]));
  const unnamed = (failure_count ?? 0) - failed.size;
  if (unnamed <= 0) return { kind: "taken", failed };
  const succeeded = new Set((successes ?? []).map(({ id }) => id));
  const rest = group.filter(({ id }) => !succeeded.has(id) && !failed.has(id));
  if (rest.length > unnamed) return { kind: "refused", reason: "the server says that it failed, without a reason" };
  for (const { id } of rest) failed.set(id, reasonOf(undefined));
  return { kind: "taken", failed };
}

function reasonOf(message: string | null | undefined): string {
  return plainText(message ?? "", 300) || "the server gives no reason";
}
