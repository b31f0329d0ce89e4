import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: [
      { find: /^rulewright\/plugin$/, replacement: new URL("src/plugin.ts", import.meta.url).pathname },
      { find: /^rulewright\/testing$/, replacement: new URL("src/testing.ts", import.meta.url).pathname },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
