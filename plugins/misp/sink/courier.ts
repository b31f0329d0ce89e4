/** Delivers events one by one: adds, or views and edits; publishes; compares what was kept; and remembers. */
import { type SinkContext, targetError } from "../../../src/plugin.ts";
import { changesOf, revived } from "./changes.ts";
import type { IncomingEvent } from "./incoming.ts";
import { createMemory, WITHDRAWN } from "./memory.ts";
import type { MispSinkOptions } from "./options.ts";
import type { MispServer, Rights, Saved } from "./server.ts";
import { createTally, type Tally } from "./tally.ts";
import { attributesOf, type LocalAttribute, type LocalEvent, type ServerEvent } from "./wire.ts";

export interface Courier {
  readonly tally: Tally;
  deliver(event: IncomingEvent): Promise<void>;
  /** Takes back what was delivered of an event that is no longer exported. */
  withdraw(uuid: string): Promise<void>;
}

/** Times an edit is tried while others edit the same event. */
const MOST_EDITS = 3;

export function createCourier(ctx: SinkContext<MispSinkOptions>, server: MispServer, rights: Rights): Courier {
  const memory = createMemory(ctx.deliveries);
  const tally = createTally();
  const now = Math.floor(ctx.now.getTime() / 1000);

  async function deliver(incoming: IncomingEvent): Promise<void> {
    const all = attributesOf(incoming.event);
    const known = await memory.versionOf(incoming.uuid);
    if (known === incoming.version) {
      const dropped = await memory.droppedAmong(all);
      tally.unchanged += all.length - dropped.length;
      for (const attribute of dropped)
        tally.failAttribute(attribute, "the server did not keep it, and it has not changed");
      return;
    }
    const copy = known === undefined && !ctx.isDryRun ? undefined : await server.view(incoming.uuid);
    await (copy ? edit(incoming, copy) : add(incoming));
  }

  async function add(incoming: IncomingEvent): Promise<void> {
    const event = withoutDeleted(incoming.event);
    const sent = attributesOf(event);
    if (sent.length === 0) {
      tally.unchanged += attributesOf(incoming.event).length;
      return;
    }
    const body = JSON.stringify({ Event: { ...event, published: false, publish_timestamp: "0" } });
    if (ctx.isDryRun) return count(incoming, body, sent);
    const saved = await server.add(body);
    if (saved.kind === "saved") return settle(incoming, body, sent, saved.event);
    if (saved.kind !== "exists") return refused(incoming, saved);
    const copy = await server.view(incoming.uuid);
    if (copy) return edit(incoming, copy);
    tally.failEvent(incoming, "the server has it, and does not show it to the user of the key");
  }

  async function edit(incoming: IncomingEvent, first: ServerEvent): Promise<void> {
    let copy = first;
    for (let left = MOST_EDITS; ; left -= 1) {
      const ours = revived(incoming.event, copy, await memory.withdrawnAmong(attributesOf(incoming.event)));
      const { body, sent } = changesOf(ours, copy, now, rights.tags);
      if (body === undefined) return settleUnsent(incoming, copy);
      if (ctx.isDryRun) return count(incoming, body, sent);
      await memory.takeBack(sent);
      const saved = await server.edit(incoming.uuid, body);
      if (saved.kind === "saved") {
        if (copy.published && !ctx.options.publish)
          ctx.log.warn(`${server.target}: the event ${incoming.uuid} was published, and is not since it was edited`);
        return settle(incoming, body, sent, saved.event);
      }
      if (saved.kind !== "not-newer" || left <= 1) return refused(incoming, saved);
      copy = (await server.view(incoming.uuid)) ?? copy;
    }
  }

  function count(incoming: IncomingEvent, body: string, sent: readonly LocalAttribute[]): void {
    const own = new Set(attributesOf(incoming.event).map(({ uuid }) => uuid));
    tally.unchanged += own.size - sent.filter(({ uuid }) => own.has(uuid)).length;
    tally.send(body, sent.length);
  }

  function refused(incoming: IncomingEvent, saved: Saved): void {
    tally.failEvent(incoming, saved.kind === "refused" ? saved.reason : "somebody edits it there all the time");
    if (tally.failedEvents >= 20 && tally.delivered + tally.unchanged === 0)
      throw targetError("refused", `${server.target} takes none of the events: ${tally.failures[0]?.reason}.`);
  }

  async function settleUnsent(incoming: IncomingEvent, copy: ServerEvent): Promise<void> {
    tally.unchanged += attributesOf(incoming.event).length;
    if (ctx.isDryRun) return;
    if (!copy.published) await publish(incoming.uuid);
    await memory.remember(incoming, [], []);
  }

  /** Counts what the server kept, and remembers the event: what it dropped would be dropped again. */
  async function settle(
    incoming: IncomingEvent,
    body: string,
    sent: readonly LocalAttribute[],
    answered: ServerEvent,
  ): Promise<void> {
    count(incoming, body, sent);
    const shown = attributesOf(answered).length > 0 ? answered : ((await server.view(incoming.uuid)) ?? answered);
    const dropped = await droppedOf(sent, shown);
    tally.delivered -= dropped.size;
    for (const [attribute, reason] of dropped) tally.failAttribute(attribute, reason);
    await publish(incoming.uuid);
    await memory.remember(incoming, sent, [...dropped.keys()]);
  }

  async function droppedOf(sent: readonly LocalAttribute[], shown: ServerEvent): Promise<Map<LocalAttribute, string>> {
    const kept = new Map(attributesOf(shown).map((attribute) => [attribute.uuid, attribute]));
    const missing = sent.filter(({ uuid, deleted = false }) => !deleted && !kept.has(uuid));
    const deleted = missing.length > 0 ? await server.deletedOnes(missing.map(({ uuid }) => uuid)) : new Set<string>();
    const dropped = new Map<LocalAttribute, string>();
    for (const attribute of sent) {
      const copy = kept.get(attribute.uuid);
      if (copy && copy.value !== attribute.value) dropped.set(attribute, `the server stored it as ${copy.value}`);
      // What people deleted there is theirs; what we bring back is not.
      else if (missing.includes(attribute) && (attribute.deleted === false || !deleted.has(attribute.uuid)))
        dropped.set(attribute, reasonOf(attribute, shown));
    }
    return dropped;
  }

  async function publish(uuid: string): Promise<void> {
    if (ctx.options.publish) await server.publish(uuid);
  }

  async function withdraw(uuid: string): Promise<void> {
    const copy = await server.view(uuid);
    if (!copy) return ctx.isDryRun ? undefined : memory.forget(uuid);
    const { info, date, timestamp } = copy;
    const nothing = {
      uuid,
      info,
      date,
      timestamp: String(timestamp),
      Attribute: [],
      Object: [],
      EventReport: [],
      Tag: [],
    };
    await edit({ uuid, event: nothing, version: WITHDRAWN }, copy);
  }

  return { tally, deliver, withdraw };
}

/** The server keeps one of two equal attributes outside objects. */
function reasonOf({ type, category, value }: LocalAttribute, shown: ServerEvent): string {
  const twin = shown.Attribute.find((one) => one.type === type && one.category === category && one.value === value);
  return twin
    ? `the event there has it already, as ${twin.uuid}`
    : "the server saved the event and dropped this; its log has the reason";
}

/** What was withdrawn before it was ever delivered is not news. */
function withoutDeleted(event: LocalEvent): LocalEvent {
  const stands = ({ deleted = false }: { readonly deleted?: boolean | undefined }): boolean => !deleted;
  return {
    ...event,
    Attribute: event.Attribute.filter(stands),
    Object: event.Object.filter(stands).map((object) => ({
      ...object,
      Attribute: object.Attribute.filter(stands),
      ObjectReference: object.ObjectReference.filter(stands),
    })),
  };
}
