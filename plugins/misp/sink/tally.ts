/** What a push did, in attributes, those of objects included. */
import { plainText } from "../../../src/plugin.ts";
import type { IncomingEvent } from "./incoming.ts";
import { attributesOf, type LocalAttribute } from "./wire.ts";

/** Reasons that are handed on; the rest is counted. */
const MOST_FAILURES = 100;

export interface Tally {
  delivered: number;
  unchanged: number;
  failed: number;
  failedEvents: number;
  bytes: number;
  isChanged: boolean;
  readonly failures: readonly { readonly id: string; readonly reason: string }[];
  /** A body with this many attributes. */
  send(body: string, attributes: number): void;
  failAttribute(attribute: LocalAttribute, reason: string): void;
  failEvent(event: IncomingEvent, reason: string): void;
}

export function createTally(): Tally {
  const failures: { id: string; reason: string }[] = [];
  const fail = (id: string, reason: string): void => {
    if (failures.length < MOST_FAILURES) failures.push({ id, reason: plainText(reason, 300) });
  };
  const tally: Tally = {
    delivered: 0,
    unchanged: 0,
    failed: 0,
    failedEvents: 0,
    bytes: 0,
    isChanged: false,
    failures,
    send(body, attributes) {
      tally.bytes += Buffer.byteLength(body);
      tally.delivered += attributes;
      tally.isChanged = true;
    },
    failAttribute({ type, value }, reason) {
      tally.failed += 1;
      fail(plainText(`${type} ${value}`, 200), reason);
    },
    failEvent({ uuid, event }, reason) {
      tally.failed += Math.max(1, attributesOf(event).length);
      tally.failedEvents += 1;
      fail(`event ${uuid}`, reason);
    },
  };
  return tally;
}
