/** The test runner that the contract suites register with. They bring none of their own. */

export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void | Promise<void>): void;
}

/** The runner that puts `describe` and `it` into the global scope, where there is one. */
export function globalRunner(): Runner {
  // Inside vitest with globals, or any runner that puts describe and it there, use those.
  const { describe, it } = globalThis as unknown as Partial<Runner>;
  if (describe && it) return { describe, it };
  throw new TypeError("pass { runner: { describe, it } } of your test runner");
}
