/**
 * What the operator's own network said: a value whose rules fire on harmless traffic is not dropped, since a sandbox did
 * see it, but nobody exports it until somebody has looked. A sighting counts neither way: it says that the value is
 * there, not whose it is.
 */
import type { Feedback, FeedbackKind } from "../store/feedback.ts";
import type { Policy } from "./policy.ts";
import type { Ceiling, Finding } from "./rule.ts";

interface Meaning {
  readonly id: string;
  readonly said: string;
  /** Whether it keeps the value in review. */
  readonly isObjection: boolean;
}

const MEANINGS: Readonly<Record<FeedbackKind, Meaning>> = {
  sighting: { id: "sighted", said: "seen in your logs", isObjection: false },
  "false-positive": { id: "false-positive", said: "hit in logs said to be harmless", isObjection: true },
  benign: { id: "fired-on-benign", said: "a rule for it fired on harmless traffic", isObjection: true },
};

export function judgeOwnNetwork(
  feedback: readonly Feedback[] | undefined,
  { keepAt }: Policy,
): { readonly findings: readonly Finding[]; readonly ceiling?: Ceiling } {
  if (feedback === undefined) return { findings: [] };
  const findings = [...Map.groupBy(feedback, ({ kind }) => kind)].map(([kind, own]) => ({
    id: MEANINGS[kind].id,
    weight: 0,
    text: `${MEANINGS[kind].said}: ${inWords(own)}`,
  }));
  if (!feedback.some(({ kind }) => MEANINGS[kind].isObjection)) return { findings };
  return {
    findings,
    ceiling: { id: "needs-review", most: keepAt - 1, text: "stays in review until an operator denies or allows it" },
  };
}

function inWords(feedback: readonly Feedback[]): string {
  const hits = feedback.reduce((sum, own) => sum + own.hits, 0);
  const times = feedback.flatMap(({ firstAt, lastAt }) => [firstAt, lastAt].filter((time) => time !== undefined));
  const days = times.length === 0 ? "" : `, ${day(Math.min(...times))} to ${day(Math.max(...times))}`;
  const notes = feedback.slice(0, 2).map(({ note }) => note);
  const more = feedback.length > notes.length ? ` and ${feedback.length - notes.length} more` : "";
  return `${hits} ${hits === 1 ? "hit" : "hits"}${days} (${notes.join("; ")}${more})`;
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
