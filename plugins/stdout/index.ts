/**
 * Sink `stdout`: one file to standard output, for pipes. It cannot know what the reader does with it, so every
 * publication counts as a change.
 */
import type { Writable } from "node:stream";
import { defineSink, type Sink, z } from "../../src/plugin.ts";

/** The sink for any stream; `stream` is asked when something is published. */
export function streamSink(stream: () => Writable): Sink {
  return defineSink({
    name: "stdout",
    description: "standard output, for exports of one file",
    options: z.object({}),
    accepts: "any",
    async publish(chunks, { signal, isDryRun }) {
      const output = stream();
      let only: string | undefined;
      let bytes = 0;
      let failure: NodeJS.ErrnoException | undefined;
      const onError = (error: NodeJS.ErrnoException): void => {
        failure ??= error;
      };
      output.on("error", onError);
      try {
        for await (const { path, data } of chunks) {
          signal.throwIfAborted();
          only ??= path;
          if (path !== only) {
            throw new Error(
              `Standard output takes one file, and this export has several (${only}, ${path}). Publish it to a folder.`,
            );
          }
          if (data.length === 0) continue;
          bytes += typeof data === "string" ? Buffer.byteLength(data) : data.length;
          if (!isDryRun) failure ??= await write(output, data, signal);
          if (failure) break;
        }
      } finally {
        // The error event may come after the callback that reported it.
        await new Promise(setImmediate);
        output.off("error", onError);
      }
      // Whoever closed the pipe, such as `head`, has what he wanted.
      if (failure && failure.code !== "EPIPE") throw failure;
      return { target: "standard output", changed: true, bytes };
    },
  });
}

export const stdout = streamSink(() => process.stdout);

/** Resolves with the error, if any, once the stream has taken the data; a reader that stalls does not stop an abort. */
function write(output: Writable, data: string | Uint8Array, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    output.write(data, (error) => {
      signal.removeEventListener("abort", onAbort);
      resolve(error ?? undefined);
    });
  });
}
