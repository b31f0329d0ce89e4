/** `npm run golden`: writes samples/out anew. Read the difference as a user of each format before committing it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
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
