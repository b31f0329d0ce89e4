#!/usr/bin/env node
// Plain JavaScript that any Node reads: a Node that is too old gets one line instead of a crash.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `rulewright needs Node 22.19 or later and this is ${process.versions.node}; run it with: npx -y -p node@24 -p rulewright rulewright`,
  );
  process.exit(2);
}
await import("../dist/src/cli.js");
