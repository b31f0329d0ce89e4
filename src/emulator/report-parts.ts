/** What the parts of a report share: their input, the lists they fill, and the truth they tell while filling them. */
import type { ObservableType, Transport } from "../model/observable.ts";
import type { BackgroundWorld } from "./background-world.ts";
import type { Contact } from "./contact.ts";
import type { Build, Family } from "./families.ts";
import type { Address, Internet } from "./internet.ts";
import type { Random } from "./random.ts";
import type { Sandbox } from "./sandboxes.ts";
import type { Saying, TruthBook } from "./truth.ts";

export interface ReportInput {
  readonly sha256: string;
  readonly family?: Family;
  readonly build: Build;
  readonly sandbox: Sandbox;
  /** What this sandbox saw of what the sample did. */
  readonly contacts: readonly Contact[];
  /** Epoch seconds. */
  readonly analysedAt: number;
  readonly internet: Internet;
  readonly background: BackgroundWorld;
  readonly random: Random;
}

/** Lists of a report by key; one that stays empty is left out. */
export type Lists = Record<string, unknown[]>;

/** Canaries: secrets of victims that reports really hold and that nothing may ever export. */
export const SECRETS = {
  password: "Emulator-Canary-Pa55",
  cookie: "session=emulator-canary-cookie",
  ruleText: "emulator-canary-rule-text",
} as const;

export function push(lists: Lists, key: string, entry: unknown): void {
  const list = lists[key] ?? [];
  lists[key] = list;
  list.push(entry);
}

/** Shown, and what is true of it. */
export function tell(truth: TruthBook, type: ObservableType, raw: string, what: Saying): void {
  truth.note(type, raw, what);
  truth.show(type, raw);
}

/** A port is what its address is. */
export function showEndpoint(truth: TruthBook, address: Address, port: number, transport: Transport): void {
  const host = address.value.includes(":") ? `[${address.value}]` : address.value;
  tell(truth, "endpoint", `${host}:${port}/${transport}`, address.saying);
}
