/** `npm run golden`: writes samples/out anew. Read the difference as a user of each format before committing it. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
// From nothing: the tests generate into an empty folder, where no rule has a sid yet.
rmSync(join(root, "samples/out"), { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, "src/cli.ts"), "generate", "samples/reports", "--out", "samples/out", "--as-of", "2026-11-24"],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, SOURCE_DATE_EPOCH: "1795564800" },
  },
);
process.exit(status ?? 1);
