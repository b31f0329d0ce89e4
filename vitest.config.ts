import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // The memory checks of the contract suites collect garbage before they measure.
    execArgv: ["--expose-gc"],
  },
});
