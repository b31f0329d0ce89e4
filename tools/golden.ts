/** `npm run golden`: writes samples/out anew. Read the difference as a user of each format before committing it. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { GOLDEN_ENVIRONMENT, goldenArguments } from "./golden-arguments.ts";

const root = join(import.meta.dirname, "..");
// From nothing: the tests generate into an empty folder, where no rule has a sid yet.
rmSync(join(root, "samples/out"), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [join(root, "src/cli.ts"), ...goldenArguments("samples/out")], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ...GOLDEN_ENVIRONMENT },
});
process.exit(status ?? 1);
