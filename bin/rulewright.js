#!/usr/bin/env node
// Plain JavaScript that any Node reads: a Node that is too old gets one line instead of a crash.
import { existsSync } from "node:fs";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `rulewright needs Node 22.19 or later and this is ${process.versions.node}. Install one from https://nodejs.org, or use a checkout, which brings its own on Linux: npm ci && npm run -s rulewright -- --help`,
  );
  process.exit(2);
}
const program = new URL("../dist/src/cli.js", import.meta.url);
if (!existsSync(program)) {
  console.error("This checkout is not built. Run: npm run build");
  process.exit(2);
}
await import(program);
