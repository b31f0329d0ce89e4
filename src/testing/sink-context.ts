/** What a sink is published with in tests: real HTTP to a double on this machine, ledgers in memory, no waiting. */
import type { SinkReach } from "../export/reach.ts";
import { createHttpClient } from "../net/http.ts";
import type { Delivery, DeliveryLedger, Logger, Sink, SinkContext } from "../plugin.ts";
import { silentLog } from "./render.ts";

export interface SinkSettings {
  readonly options?: Record<string, unknown>;
  readonly mediaType?: string;
  readonly now?: Date;
  readonly isDryRun?: boolean;
  readonly deliveries?: DeliveryLedger;
  /** What `{ env: NAME }` and `{ file: NAME }` in the options stand for. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly previous?: readonly string[];
  readonly beforeSwap?: () => Promise<void>;
  /** Told how long the sink wants to wait; it never does. */
  readonly onSleep?: (ms: number) => void;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
}

export function sinkContext(sink: Sink, settings: SinkSettings = {}): SinkContext<Record<string, unknown>> {
  const signal = settings.signal ?? new AbortController().signal;
  return {
    options: sink.options.parse(settings.options ?? {}),
    mediaType: settings.mediaType ?? (sink.accepts === "any" ? "text/plain" : (sink.accepts[0] as string)),
    log: settings.log ?? silentLog,
    signal,
    previous: settings.previous ?? [],
    now: settings.now ?? new Date("2026-11-24T00:00:00.000Z"),
    ...(settings.beforeSwap ? { beforeSwap: settings.beforeSwap } : {}),
    ...reachOf(settings, signal),
  };
}

function reachOf(
  { isDryRun = false, deliveries, secrets = {}, onSleep }: SinkSettings,
  signal: AbortSignal,
): SinkReach {
  const mask = (text: string): string =>
    Object.values(secrets).reduce((shown, secret) => shown.replaceAll(secret, "[secret]"), text);
  return {
    isDryRun,
    http: createHttpClient({ userAgent: "rulewright-test", proxy: {}, timeouts: { connect: 2000 }, mask, signal }),
    deliveries: deliveries ?? memoryDeliveryLedger(),
    secret(reference) {
      const name = "env" in reference ? reference.env : reference.file;
      const text = secrets[name];
      if (text === undefined) throw new Error(`the test names no secret ${name}`);
      return text;
    },
    async sleep(ms) {
      onSleep?.(ms);
      await new Promise(setImmediate);
      signal.throwIfAborted();
    },
    random: () => 0.5,
  };
}

/** A delivery ledger that outlives one publication and not the process. */
export function memoryDeliveryLedger(): DeliveryLedger {
  const known = new Map<string, string>();
  return {
    versions: async (ids) =>
      new Map(ids.flatMap((id): [string, string][] => (known.has(id) ? [[id, known.get(id) as string]] : []))),
    async record(deliveries) {
      for (const { id, version } of deliveries) known.set(id, version);
    },
    async forget(ids) {
      for (const id of ids) known.delete(id);
    },
    async *all() {
      const page: Delivery[] = [...known].map(([id, version]) => ({ id, version }));
      if (page.length > 0) yield page.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
  };
}
