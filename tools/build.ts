/** `npm run build`: compiles to dist/, and puts beside it what the code reads at run time. */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);
for (const folder of ["templates", "data"]) cpSync(join(root, folder), join(dist, folder), { recursive: true });
const { configSchema } = await import("../src/config.ts");
writeFileSync(join(dist, "config.schema.json"), `${JSON.stringify(configSchema(), undefined, 2)}\n`);
