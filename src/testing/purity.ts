/**
 * Tripwires on what an exporter must not use: the clock, chance, the network, the environment. Only the code under
 * test trips them; a test runner at work in the same process keeps the real ones.
 *
 * A reference that a module took when it was loaded (`const { now } = Date`) is out of reach.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** The names used so far, inside the code under test only. */
const used = new AsyncLocalStorage<Set<string>>();

/** Runs `body` and answers which of these it used, by name. Each use throws, too, unless the body catches it. */
export async function impurities(body: () => Promise<void>): Promise<string[]> {
  const names = new Set<string>();
  const restore = [
    replace(globalThis, "Date", watchedDate(Date)),
    replace(Math, "random", watchedFunction("Math.random", Math.random)),
    replace(globalThis, "fetch", watchedFunction("fetch", globalThis.fetch)),
    replace(process, "env", watchedEnvironment(process.env)),
  ];
  try {
    await used.run(names, body);
  } catch (error) {
    if (names.size === 0) throw error;
  } finally {
    for (const undo of restore) undo();
  }
  return [...names];
}

function trip(name: string): void {
  const names = used.getStore();
  if (!names) return;
  names.add(name);
  throw new Error(`${name} is not for exporters`);
}

function watchedFunction<F extends (...parameters: never[]) => unknown>(name: string, original: F): F {
  return new Proxy(original, {
    apply(target, self, parameters) {
      trip(name);
      return Reflect.apply(target, self, parameters);
    },
  });
}

/** `new Date(x)`, `Date.parse` and `Date.UTC` are arithmetic; the rest asks the clock. */
function watchedDate(original: DateConstructor): DateConstructor {
  const now = watchedFunction("Date.now", original.now);
  const watched: DateConstructor = new Proxy(original, {
    apply(target, self, parameters) {
      trip("Date()");
      return Reflect.apply(target, self, parameters);
    },
    construct(target, parameters, newTarget) {
      if (parameters.length === 0) trip("new Date()");
      return Reflect.construct(target, parameters, newTarget === watched ? target : newTarget) as object;
    },
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
  return watched;
}

function watchedEnvironment(original: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return new Proxy(original, {
    get(target, key) {
      if (typeof key === "string") trip(`process.env.${key}`);
      return Reflect.get(target, key);
    },
    has(target, key) {
      trip(`process.env.${String(key)}`);
      return Reflect.has(target, key);
    },
    ownKeys(target) {
      trip("process.env");
      return Reflect.ownKeys(target);
    },
  });
}

/** Puts a value in a property's place; the answer puts the property back. */
function replace(owner: object, key: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
  Object.defineProperty(owner, key, {
    configurable: true,
    writable: true,
    enumerable: original.enumerable ?? false,
    value,
  });
  return () => Object.defineProperty(owner, key, original);
}
