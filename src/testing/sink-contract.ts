/** The suite that every sink passes. */
import assert from "node:assert/strict";
import { RulewrightError } from "../errors.ts";
import type { Chunk, Published, Sink } from "../plugin.ts";
import { asyncIterable } from "./render.ts";
import { globalRunner, type Runner } from "./runner.ts";
import { type SinkSettings, sinkContext } from "./sink-context.ts";

export interface SinkContract {
  readonly runner?: Runner;
  readonly options: () => Record<string, unknown> | Promise<Record<string, unknown>>;
  readonly mediaType: string;
  /** What the target holds now: path → content. */
  readonly read: (options: Record<string, unknown>) => Promise<ReadonlyMap<string, string>>;
  /** Set false for targets that cannot tell whether anything changed, such as a pipe. */
  readonly knowsChanges?: boolean;
}

/** The sink contract: delivers every byte, says truthfully whether it changed anything, leaves nothing half-done. */
export function describeSink(sink: Sink, contract: SinkContract): void {
  const { describe, it } = contract.runner ?? globalRunner();
  const chunks: Chunk[] = [
    { path: "a.txt", data: "one\n", rows: 1 },
    { path: "sub/b.txt", data: Buffer.from("two\n"), rows: 1 },
    { path: "a.txt", data: "three\n", rows: 1 },
  ];
  const publish = async (
    options: Record<string, unknown>,
    stream: AsyncIterable<Chunk> = asyncIterable(chunks),
    settings: SinkSettings = {},
  ): Promise<Published> =>
    sink.publish(stream, sinkContext(sink, { options, mediaType: contract.mediaType, ...settings }));
  const single = chunks.filter(({ path }) => path === "a.txt");
  const stream = () => asyncIterable(contract.knowsChanges === false ? single : chunks);

  describe(`sink ${sink.name}`, () => {
    it("delivers every byte of interleaved files", async () => {
      const options = await contract.options();
      const published = await publish(options, stream());
      const held = await contract.read(options);
      assert.equal(held.get("a.txt"), "one\nthree\n");
      if (contract.knowsChanges !== false) assert.equal(held.get("sub/b.txt"), "two\n");
      assert.equal(published.bytes, contract.knowsChanges === false ? 10 : 14);
      assert.equal(published.changed, true);
    });

    it("touches nothing in a dry run, and says what it would deliver", async () => {
      const options = await contract.options();
      const { bytes, changed } = await publish(options, stream(), { isDryRun: true });
      assert.deepEqual([bytes, changed], [contract.knowsChanges === false ? 10 : 14, true]);
      const held = await contract.read(options);
      assert.equal([...held.values()].join(""), "");
    });

    if (contract.knowsChanges !== false) {
      it("touches nothing when the target holds the same bytes", async () => {
        const options = await contract.options();
        await publish(options);
        assert.equal((await publish(options)).changed, false);
      });

      it("leaves the previous content when the stream fails", async () => {
        const options = await contract.options();
        await publish(options);
        const before = await contract.read(options);
        const failing = (async function* (): AsyncGenerator<Chunk> {
          yield { path: "a.txt", data: "half" };
          throw new RulewrightError("EXPORT_FAILED", "boom");
        })();
        await assert.rejects(publish(options, failing), /boom/);
        assert.deepEqual(await contract.read(options), before);
      });

      it("leaves the previous content when aborted", async () => {
        const options = await contract.options();
        await publish(options);
        const before = await contract.read(options);
        const controller = new AbortController();
        const endless = (async function* (): AsyncGenerator<Chunk> {
          for (let n = 0; ; n += 1) {
            if (n === 3) controller.abort();
            controller.signal.throwIfAborted();
            yield { path: "a.txt", data: `${n}\n` };
          }
        })();
        await assert.rejects(publish(options, endless, { signal: controller.signal }));
        assert.deepEqual(await contract.read(options), before);
      });

      it("leaves the previous content when beforeSwap rejects", async () => {
        const options = await contract.options();
        await publish(options);
        const before = await contract.read(options);
        const other = asyncIterable<Chunk>([{ path: "a.txt", data: "other\n" }]);
        const rejecting = () => Promise.reject(new RulewrightError("EXPORT_FAILED", "another export failed"));
        await assert.rejects(publish(options, other, { beforeSwap: rejecting }), /another export failed/);
        assert.deepEqual(await contract.read(options), before);
      });
    }
  });
}
