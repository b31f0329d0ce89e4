/** Time, CPU time and memory of the running process. */

export interface Cost {
  /** Wall clock. */
  readonly seconds: number;
  /** User and system time of all threads, the collector's too. */
  readonly cpuSeconds: number;
}

const NOTHING: Cost = { seconds: 0, cpuSeconds: 0 };

/** Adds up what pieces of work cost; what happens between them is not counted. */
export class Stopwatch {
  #cost: Cost = NOTHING;

  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    this.#cost = {
      seconds: this.#cost.seconds + seconds,
      cpuSeconds: this.#cost.cpuSeconds + (user + system) / 1e6,
    };
    return result;
  }

  get cost(): Cost {
    return this.#cost;
  }
}

/** What one piece of work costs. */
export async function measure<T>(work: () => T | Promise<T>): Promise<{ readonly result: T; readonly cost: Cost }> {
  const watch = new Stopwatch();
  const result = await watch.run(work);
  return { result, cost: watch.cost };
}

/** Highest resident memory of this process so far: node, its code and all it loaded included. */
export function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
