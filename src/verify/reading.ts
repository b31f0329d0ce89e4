/** What a rule stands for by its own text, whatever the engine, and what both engines' headers say of addresses. */
import type { Transport } from "../model/observable.ts";
import type { Rule } from "./rule-file.ts";
import type { Target } from "./target.ts";

export interface Reading {
  readonly targets: readonly Target[];
  /** File its entries come from. */
  readonly list?: string;
  /** What is wrong with that file. */
  readonly problem?: string;
}

/** An address as the rule's protocol and flags see it. */
export function addressTarget({ header, options }: Rule, address: string, port?: number): Target {
  const isSynOnly = options.some(({ name, value }) => name === "flags" && value.startsWith("S"));
  const isEstablished = options.some(({ name, value }) => name === "flow" && /\bestablished\b/.test(value));
  const transports: readonly Transport[] =
    header.protocol === "udp" ? ["udp"] : header.protocol === "tcp" || isSynOnly ? ["tcp"] : ["tcp", "udp"];
  return { view: "address", address, transports, onSyn: !isEstablished, ...(port === undefined ? {} : { port }) };
}
