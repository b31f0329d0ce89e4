/** What a sink may reach beyond its own files: nothing, unless the operator configured it as a target of pushes. */
import type { SinkContext } from "../plugin.ts";

/** The part of a sink's context that leaves the machine, or remembers what did. */
export type SinkReach = Pick<SinkContext, "isDryRun" | "http" | "deliveries" | "secret" | "sleep" | "random">;

/** For sinks that write here: every way out is an error. */
export function localReach(): SinkReach {
  const refuse = (what: string) => (): never => {
    throw new Error(`${what} is for sinks of rulewright push: an export into files reaches nothing else.`);
  };
  return {
    isDryRun: false,
    http: { send: async () => refuse("HTTP")() },
    deliveries: {
      versions: async () => refuse("The delivery ledger")(),
      record: async () => refuse("The delivery ledger")(),
      forget: async () => refuse("The delivery ledger")(),
      all: refuse("The delivery ledger"),
    },
    secret: refuse("A secret"),
    sleep: async () => refuse("Sleep")(),
    random: refuse("Randomness"),
  };
}
