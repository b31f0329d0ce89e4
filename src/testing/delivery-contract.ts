/**
 * The suite that every sink of `rulewright push` passes: what is acknowledged is not sent again, what is not is never
 * lost, a dry run changes nothing, a secret is never said. Faults are put between the sink and its target, so a double
 * of the target only has to hold what it is given.
 */
import assert from "node:assert/strict";
import type { Chunk, DeliveryLedger, HttpAnswer, HttpClient, HttpRequest, Published, Sink } from "../plugin.ts";
import { asyncIterable } from "./render.ts";
import { globalRunner, type Runner } from "./runner.ts";
import { memoryDeliveryLedger, sinkContext } from "./sink-context.ts";

/** An empty target on this machine. */
export interface DeliveryTarget {
  /** Of the sink; secrets by reference. */
  readonly options: Record<string, unknown>;
  /** Id or path → content, of everything it holds. */
  held(): ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  close(): void | Promise<void>;
}

export interface DeliveryContract {
  readonly runner?: Runner;
  readonly mediaType: string;
  readonly open: () => Promise<DeliveryTarget>;
  /** What an export writes: at least three things that the target takes. */
  readonly chunks: readonly Chunk[];
  /** The same with one of them changed. */
  readonly changed: readonly Chunk[];
  /** What `{ env: NAME }` in the options stands for. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether a request only asks. Default: GET. A request for a token asks too. */
  readonly isReading?: (request: HttpRequest) => boolean;
}

/** What happens to a request instead of being sent; undefined lets it through. */
type Fault = (request: HttpRequest, isReading: boolean) => HttpAnswer | undefined;

interface Run {
  readonly chunks?: AsyncIterable<Chunk>;
  readonly deliveries?: DeliveryLedger;
  readonly isDryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly before?: Fault;
  /** Runs when the target has answered a request, before the sink hears of it. */
  readonly after?: (isReading: boolean) => void;
}

/** More requests than this are not killed one by one. */
const MOST_KILLS = 12;

export function describeDelivery(sink: Sink, contract: DeliveryContract): void {
  const { describe, it } = contract.runner ?? globalRunner();
  const { mediaType, secrets, isReading = ({ method }) => method === "GET" } = contract;
  const whole = (): AsyncIterable<Chunk> => asyncIterable(contract.chunks);
  const unsaid = (text: string): void => {
    for (const secret of Object.values(secrets)) assert.ok(!text.includes(secret), `a secret is in: ${text}`);
  };

  async function push(
    target: DeliveryTarget,
    { chunks = whole(), deliveries = memoryDeliveryLedger(), isDryRun = false, signal, before, after }: Run = {},
  ): Promise<{ published: Published; writes: number }> {
    const say = (message: string): void => unsaid(message);
    const log = { debug: say, info: say, warn: say };
    const context = { options: target.options, mediaType, secrets, deliveries, isDryRun, log };
    const ctx = sinkContext(sink, { ...context, ...(signal ? { signal } : {}) });
    let writes = 0;
    const http: HttpClient = {
      async send(request) {
        if (!isReading(request)) writes += 1;
        const answer = before?.(request, isReading(request)) ?? (await ctx.http.send(request));
        after?.(isReading(request));
        return answer;
      },
    };
    const published = await sink.publish(chunks, { ...ctx, http });
    unsaid(JSON.stringify(published));
    return { published, writes };
  }

  /** The test's body, with a target that is closed behind it. */
  const withTarget = (body: (target: DeliveryTarget) => Promise<void>) => async (): Promise<void> => {
    const target = await contract.open();
    try {
      await body(target);
    } finally {
      await target.close();
    }
  };

  /** What a target holds when nothing goes wrong. */
  async function expected(): Promise<ReadonlyMap<string, string>> {
    const target = await contract.open();
    try {
      await push(target);
      return new Map(await target.held());
    } finally {
      await target.close();
    }
  }

  async function rejection(pushing: Promise<unknown>): Promise<Error> {
    const error = await pushing.then(
      () => assert.fail("it should have failed"),
      (reason: unknown) => reason as Error,
    );
    unsaid(`${error.name}: ${error.message}`);
    return error;
  }

  describe(`delivery by ${sink.name}`, () => {
    it(
      "delivers everything",
      withTarget(async (target) => {
        const { published } = await push(target);
        assert.ok((await target.held()).size >= 3, "the target holds less than three things");
        assert.equal(published.changed, true);
        assert.ok(published.bytes > 0);
        assert.equal(published.objects?.failed ?? 0, 0);
      }),
    );

    it(
      "sends nothing that is acknowledged, and of what changed only that",
      withTarget(async (target) => {
        const deliveries = memoryDeliveryLedger();
        const first = await push(target, { deliveries });
        const again = await push(target, { deliveries });
        assert.equal(again.writes, 0);
        assert.equal(again.published.changed, false);
        const before = new Map(await target.held());
        const { published } = await push(target, { deliveries, chunks: asyncIterable(contract.changed) });
        assert.equal(published.changed, true);
        assert.ok(published.bytes < first.published.bytes, "all of it was sent again");
        const differing = [...(await target.held())].filter(([id, content]) => before.get(id) !== content);
        assert.equal(differing.length, 1, `${differing.length} things changed at the target`);
      }),
    );

    it(
      "sends nothing in a dry run, says what it would, and remembers nothing",
      withTarget(async (target) => {
        const deliveries = memoryDeliveryLedger();
        const { published, writes } = await push(target, { deliveries, isDryRun: true });
        assert.equal(writes, 0);
        assert.equal((await target.held()).size, 0);
        assert.equal(published.changed, true);
        assert.ok(published.bytes > 0);
        for await (const page of deliveries.all()) assert.deepEqual(page, []);
        const real = await push(target, { deliveries });
        assert.equal(real.published.bytes, published.bytes);
        assert.deepEqual(real.published.objects, published.objects);
      }),
    );

    it("loses nothing when it is killed after any of its requests", async () => {
      const wanted = await expected();
      let isKilled = true;
      for (let fatal = 1; isKilled && fatal <= MOST_KILLS; fatal += 1) {
        await withTarget(async (target) => {
          const deliveries = memoryDeliveryLedger();
          let writes = 0;
          const after = (reads: boolean): void => {
            if (!reads && ++writes === fatal) throw new Error("killed");
          };
          isKilled = await push(target, { deliveries, after }).then(
            () => false,
            () => true,
          );
          await push(target, { deliveries });
          assert.deepEqual(await target.held(), wanted, `killed after request ${fatal}`);
        })();
      }
    });

    it(
      "gets everything to a target that fails every second request",
      withTarget(async (target) => {
        let requests = 0;
        await push(target, { before: () => (++requests % 2 === 1 ? trouble() : undefined) });
        assert.deepEqual(await target.held(), await expected());
      }),
    );

    it(
      "says that another run will do when the target stays down or away, and then it does",
      withTarget(async (target) => {
        const deliveries = memoryDeliveryLedger();
        const away = (): never => {
          throw Object.assign(new Error("connect ECONNREFUSED"), { kind: "unreachable" });
        };
        for (const before of [trouble, away]) {
          assert.equal((await rejection(push(target, { deliveries, before }))).name, "TargetUnavailable");
        }
        await push(target, { deliveries });
        assert.deepEqual(await target.held(), await expected());
      }),
    );

    it(
      "says that the operator has to act when it is not let in, without the secret",
      withTarget(async (target) => {
        const before = () => ({ status: 401, headers: {}, text: "" });
        assert.equal((await rejection(push(target, { before }))).name, "TargetRefused");
      }),
    );

    it(
      "stops when aborted, and goes on later",
      withTarget(async (target) => {
        const deliveries = memoryDeliveryLedger();
        const controller = new AbortController();
        const before: Fault = (_, reads) => {
          if (!reads) controller.abort(new Error("stopped by hand"));
          return undefined;
        };
        const error = await rejection(push(target, { deliveries, before, signal: controller.signal }));
        assert.equal(error.message, "stopped by hand");
        await push(target, { deliveries });
        assert.deepEqual(await target.held(), await expected());
      }),
    );

    it(
      "hands on a failure of the export, and then goes on",
      withTarget(async (target) => {
        const deliveries = memoryDeliveryLedger();
        const chunks = (async function* (): AsyncGenerator<Chunk> {
          yield contract.chunks[0] as Chunk;
          throw new Error("the exporter failed");
        })();
        assert.equal((await rejection(push(target, { deliveries, chunks }))).message, "the exporter failed");
        await push(target, { deliveries });
        assert.deepEqual(await target.held(), await expected());
      }),
    );

    it(
      "sends nothing when there is nothing",
      withTarget(async (target) => {
        const { published, writes } = await push(target, { chunks: asyncIterable<Chunk>([]) });
        assert.equal(writes, 0);
        assert.equal(published.changed, false);
      }),
    );
  });
}

const trouble = (): HttpAnswer => ({ status: 503, headers: { "retry-after": "1" }, text: "" });
