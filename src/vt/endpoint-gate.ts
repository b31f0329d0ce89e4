/**
 * Rests an endpoint after a 429 while the others go on. Afterwards its requests go one at a time, in the order they
 * came, until eight have passed: so that of ten that waited for a small quota's next minute one is refused, not six,
 * and none waits for ever.
 *
 * It decides no length of a rest (retry.ts) and knows no quota (quota.ts).
 */

/** Passes in a row after which an endpoint is open again. */
const PASSES = 8;

interface GateDeps {
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface Pass {
  /** Whether the endpoint may still be asked; a 429 can have come while the holder waited for something else. */
  isValid(): boolean;
  /** Must be called when the request is over. */
  leave(): void;
}

export interface EndpointGate {
  /** Waits for the endpoint. Throws the signal's reason. */
  enter(endpoint: string): Promise<Pass>;
  /** No request to the endpoint begins before this time (milliseconds since the epoch). */
  rest(endpoint: string, until: number): void;
  passed(endpoint: string): void;
}

interface EndpointState {
  restsUntil: number;
  /** Passes still needed; 0 is open. */
  caution: number;
  /** Settles when everybody who entered before has left. */
  line: Promise<unknown>;
}

export function createEndpointGate({ clock, sleep, signal }: GateDeps): EndpointGate {
  const states = new Map<string, EndpointState>();
  return {
    async enter(endpoint) {
      const state = states.get(endpoint);
      if (!state?.caution) return { isValid: () => !states.get(endpoint)?.caution, leave: () => {} };
      const before = state.line;
      let leave = (): void => {};
      state.line = Promise.all([before, new Promise<void>((resolve) => (leave = resolve))]);
      try {
        await before;
        for (let ms = pause(state, clock); ms > 0; ms = pause(state, clock)) await sleep(ms, signal);
        signal.throwIfAborted();
      } catch (error) {
        leave();
        throw error;
      }
      if (state.caution === 0) leave();
      return { isValid: () => pause(state, clock) <= 0, leave };
    },
    rest(endpoint, until) {
      const state = states.get(endpoint) ?? { restsUntil: 0, caution: 0, line: Promise.resolve() };
      state.restsUntil = Math.max(state.restsUntil, until);
      state.caution = PASSES;
      states.set(endpoint, state);
    },
    passed(endpoint) {
      const state = states.get(endpoint);
      if (state && state.caution > 0) state.caution -= 1;
    },
  };
}

function pause(state: EndpointState, clock: () => Date): number {
  return state.restsUntil - clock().getTime();
}
