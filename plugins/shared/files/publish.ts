/**
 * Files to a target that takes them one by one: those whose content it has not acknowledged, what points to others
 * last and only when the target has them, and on request none that is no longer produced. It does not know how a file
 * is sent.
 */
import type { Chunk, Published, SinkContext } from "../../../src/plugin.ts";
import { type StagedFile, stage } from "./stage.ts";

export interface FileTarget {
  /** In words. */
  readonly target: string;
  /** Resolves when the target has the file; answers why it does not take this one. */
  put(file: StagedFile): Promise<string | undefined>;
  /** Absent: what is no longer produced stays. Resolves when it is gone, or was. */
  remove?: ((path: string) => Promise<string | undefined>) | undefined;
}

/** Reasons that are handed on; the rest is counted. */
const MOST_FAILURES = 100;
/** A reader of the old index still finds what it names. */
const HELD_BACK = "held back, as files before it are not taken";

/** Throws what `put` and `remove` throw; what was acknowledged by then stays so. */
export async function publishFiles(
  chunks: AsyncIterable<Chunk>,
  ctx: SinkContext,
  { target, put, remove }: FileTarget,
): Promise<Published> {
  const tally = { delivered: 0, unchanged: 0, failed: 0 };
  const failures: { id: string; reason: string }[] = [];
  let bytes = 0;
  const settle = async (id: string, reason: string | undefined, remember: () => Promise<void>): Promise<void> => {
    if (reason === undefined) {
      tally.delivered += 1;
      return remember();
    }
    tally.failed += 1;
    if (failures.length < MOST_FAILURES) failures.push({ id, reason });
  };
  const { deliveries, isDryRun, signal } = ctx;
  const send = async (file: StagedFile) => (isDryRun ? undefined : put(file));
  const drop = async (path: string) => (isDryRun ? undefined : remove?.(path));
  const staged = await stage(chunks, signal);
  try {
    const gone = remove ? await missing(staged.files, ctx) : [];
    const changed = await differing(staged.files, ctx);
    tally.unchanged = staged.files.length - changed.length;
    await ctx.beforeSwap?.();
    for (const file of changed) {
      signal.throwIfAborted();
      const reason = file.isIndex && tally.failed > 0 ? HELD_BACK : await send(file);
      if (reason === undefined) bytes += file.bytes;
      await settle(file.path, reason, async () => {
        if (!isDryRun) await deliveries.record([{ id: file.path, version: file.digest }]);
      });
    }
    for (const path of gone) {
      signal.throwIfAborted();
      const reason = tally.failed > 0 ? HELD_BACK : await drop(path);
      await settle(path, reason, async () => {
        if (!isDryRun) await deliveries.forget([path]);
      });
    }
  } finally {
    await staged.remove();
  }
  return { target, changed: tally.delivered > 0, bytes, objects: tally, failures };
}

/** How many ids the ledger answers for at a time. */
const PAGE = 1000;

async function differing(files: readonly StagedFile[], { deliveries }: SinkContext): Promise<StagedFile[]> {
  const changed: StagedFile[] = [];
  for (let at = 0; at < files.length; at += PAGE) {
    const page = files.slice(at, at + PAGE);
    const known = await deliveries.versions(page.map(({ path }) => path));
    changed.push(...page.filter(({ path, digest }) => known.get(path) !== digest));
  }
  return changed;
}

/** Paths that the target has and this output does not. */
async function missing(files: readonly StagedFile[], { deliveries }: SinkContext): Promise<string[]> {
  const produced = new Set(files.map(({ path }) => path));
  const gone: string[] = [];
  for await (const page of deliveries.all()) gone.push(...page.map(({ id }) => id).filter((id) => !produced.has(id)));
  return gone;
}
