/** What the delivery ledger says of events, and of attributes that the server did not keep. */
import type { DeliveryLedger } from "../../../src/plugin.ts";
import type { IncomingEvent } from "./incoming.ts";
import { attributesOf, type LocalAttribute } from "./wire.ts";

/** Version of an event that is no longer exported, all of whose attributes were taken back. */
export const WITHDRAWN = "withdrawn";

const EVENT = "event:";
const DROPPED = "dropped:";
const TAKEN_BACK = "withdrawn:";
const BATCH = 1000;

interface Known {
  readonly uuid: string;
}

export function createMemory(deliveries: DeliveryLedger) {
  async function versionsOf(prefix: string, things: readonly Known[]): Promise<Map<string, string>> {
    const versions = new Map<string, string>();
    for (let from = 0; from < things.length; from += BATCH) {
      const batch = things.slice(from, from + BATCH);
      for (const [id, version] of await deliveries.versions(batch.map(({ uuid }) => prefix + uuid)))
        versions.set(id.slice(prefix.length), version);
    }
    return versions;
  }
  const droppedAmong = async <A extends Known>(attributes: readonly A[]): Promise<A[]> => {
    const dropped = await versionsOf(DROPPED, attributes);
    return attributes.filter(({ uuid }) => dropped.has(uuid));
  };
  return {
    versionOf: async (uuid: string): Promise<string | undefined> => (await versionsOf(EVENT, [{ uuid }])).get(uuid),
    droppedAmong,
    /** Uuid → timestamp with which it was taken back. */
    withdrawnAmong: async (attributes: readonly Known[]): Promise<ReadonlyMap<string, number>> =>
      new Map([...(await versionsOf(TAKEN_BACK, attributes))].map(([uuid, timestamp]) => [uuid, Number(timestamp)])),
    /** Before it is sent: after a push that dies there, nobody else could say who deleted it. */
    async takeBack(sent: readonly LocalAttribute[]): Promise<void> {
      const deleted = sent.filter(({ deleted: isDeleted }) => isDeleted);
      if (deleted.length === 0) return;
      await deliveries.record(deleted.map((one) => ({ id: TAKEN_BACK + one.uuid, version: one.timestamp })));
    },
    /** The event last: until it is remembered, it is delivered again. */
    async remember(
      { uuid, event, version }: IncomingEvent,
      sent: readonly LocalAttribute[],
      dropped: readonly LocalAttribute[],
    ): Promise<void> {
      const failed = new Set(dropped.map((attribute) => attribute.uuid));
      const mended = (await droppedAmong(attributesOf(event))).filter((attribute) => !failed.has(attribute.uuid));
      const standing = sent.filter(({ deleted = false }) => !deleted);
      const back = [...(await versionsOf(TAKEN_BACK, standing)).keys()].map((one) => TAKEN_BACK + one);
      const forgotten = [...mended.map((attribute) => DROPPED + attribute.uuid), ...back];
      for (let from = 0; from < forgotten.length; from += BATCH)
        await deliveries.forget(forgotten.slice(from, from + BATCH));
      await deliveries.record([
        ...dropped.map((attribute) => ({ id: DROPPED + attribute.uuid, version: attribute.timestamp })),
        { id: EVENT + uuid, version },
      ]);
    },
    forget: (uuid: string): Promise<void> => deliveries.forget([EVENT + uuid]),
  };
}

/** Events that were delivered and not yet taken back. */
export async function deliveredEvents(deliveries: DeliveryLedger): Promise<string[]> {
  const uuids: string[] = [];
  for await (const page of deliveries.all()) {
    for (const { id, version } of page) {
      if (id.startsWith(EVENT) && version !== WITHDRAWN) uuids.push(id.slice(EVENT.length));
    }
  }
  return uuids;
}
