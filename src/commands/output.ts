/** Where a command writes: results to standard output, words for people to standard error. */
import { once } from "node:events";

export interface Output {
  /** A result, on standard output; waits while a pipe is full. */
  print(text: string): Promise<void>;
  /** Text for people, on standard error. */
  say(text: string): void;
  /** One line that is overwritten by the next, on a terminal only; "" clears it. */
  progress(text: string): void;
}

const PROGRESS_EVERY_MS = 100;

export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  let last = 0;
  return {
    async print(text) {
      if (!stdout.write(text)) await once(stdout, "drain");
    },
    say(text) {
      stderr.write(text);
    },
    progress(text) {
      const now = performance.now();
      if (!stderr.isTTY || (text !== "" && now - last < PROGRESS_EVERY_MS)) return;
      last = now;
      stderr.write(`\r\u001b[2K${text}`);
    },
  };
}
