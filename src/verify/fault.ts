/** What a proof can find wrong with a rule; each fault has a name that scripts can rely on and words for people. */

export const FAULTS = {
  "not-loaded": "the engine refuses the rule, or the line is no rule",
  warning: "the engine loads the rule and warns about it",
  "list-broken": "a list the rule loads is missing or has a line that stops the engine",
  "not-understood": "the rule is in no form that tells what it stands for",
  "duplicate-sid": "another rule has the same sid",
  "unknown-sid": "the sid ledger has no such sid",
  "wrong-sid": "the sid ledger gives the sid to another indicator",
  "other-indicator": "the rule matches another value than the indicator it names",
  silent: "the rule does not fire on its own traffic",
  "too-wide": "the rule fires on traffic that is not its own",
  noisy: "the rule fires more than once in a session",
  "fired-on-benign": "the rule fires on everyday traffic",
} as const;
export type FaultId = keyof typeof FAULTS;

export interface Fault {
  readonly id: FaultId;
  readonly text: string;
}
