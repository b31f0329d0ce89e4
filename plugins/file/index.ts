/**
 * Sink `file`: publishes into a folder so that a reader never sees half a file. Everything is staged, checked, and
 * only then swapped in. The swap is atomic for each file, not for all of them together; it does not keep owner, ACLs
 * or hard links of a replaced file.
 */
import { resolve } from "node:path";
import { type Chunk, defineSink, type SinkContext, z } from "../../src/plugin.ts";
import { runCommand } from "./command.ts";
import { explain } from "./errors.ts";
import { openFolder } from "./folder.ts";
import { stage } from "./stage.ts";
import { removeStale, swap } from "./swap.ts";

const FileOptions = z.object({
  path: z.string().min(1).describe("Folder to publish into. It is created when it does not exist."),
  check: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Command that must succeed before anything is replaced, such as `suricata -T -S {path}/rulewright.rules`. `{path}` is a folder with all the new files. It runs without a shell.",
    ),
  reload: z
    .string()
    .min(1)
    .optional()
    .describe("Command to run after a swap, without a shell. When it fails, the previous files are put back."),
  checkTimeoutSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(300)
    .describe("How long the check and the reload may take."),
});
type FileOptions = z.output<typeof FileOptions>;

export const file = defineSink({
  name: "file",
  description: "a folder; checks before it replaces, touches nothing when nothing changed",
  options: FileOptions,
  accepts: "any",
  async publish(chunks, ctx) {
    const target = resolve(ctx.options.path);
    try {
      return { target, ...(await publishInto(target, chunks, ctx)) };
    } catch (error) {
      throw explain(error, target);
    }
  },
});

async function publishInto(
  target: string,
  chunks: AsyncIterable<Chunk>,
  ctx: SinkContext<FileOptions>,
): Promise<{ changed: boolean; bytes: number }> {
  const folder = await openFolder(target);
  let isDone = false;
  try {
    const staged = await stage(folder, chunks, ctx.signal);
    const changed = staged.filter(({ isChanged }) => isChanged);
    const stale = await folder.existing(ctx.previous, new Set(staged.map(({ path }) => path)));
    const isChanged = changed.length + stale.length > 0;
    const bytes = staged.reduce((sum, file) => sum + file.bytes, 0);
    if (ctx.isDryRun) return { changed: isChanged, bytes };
    if (isChanged && ctx.options.check) {
      await runCommand("check", ctx.options.check, folder.stagingDir, ctx.options.checkTimeoutSeconds, ctx.signal);
    }
    ctx.signal.throwIfAborted();
    await ctx.beforeSwap?.();
    // From here an abort comes too late: other exports may be visible already.
    if (isChanged) {
      const { reload, checkTimeoutSeconds } = ctx.options;
      await swap(folder, changed, async () => {
        // Not ended by an interrupt: half a reload is worse than a late end.
        if (reload) await runCommand("reload", reload, folder.root, checkTimeoutSeconds, new AbortController().signal);
      });
      await removeStale(folder, stale, ctx.log);
    }
    isDone = true;
    return { changed: isChanged, bytes };
  } finally {
    await folder.close({ keep: isDone });
  }
}
