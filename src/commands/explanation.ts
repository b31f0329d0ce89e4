/** Verdicts in words: the decision, every reason with its points, and the evidence with its place in the report. */
import { defang } from "../model/defang.ts";
import { plainText } from "../model/text.ts";
import { type IndicatorContext, toIndicator } from "../policy/indicators.ts";
import type { EvidenceRow, JudgedRow, RejectionRow, Ruling } from "../store/store.ts";

const SHOWN_EVIDENCE = 8;
/** The store lists no more of one observable. */
const MOST_EVIDENCE = 20;

/** Values are defanged: this is for people. `context` says what has expired. */
export function explanation(row: JudgedRow, context: IndicatorContext): string {
  const { observable, verdict } = row;
  const { status, validUntil } = toIndicator(row, context);
  const lines = [
    `${plainText(defang(observable.value), 4096)}  (${observable.type})`,
    `  ${verdict.decision}, confidence ${verdict.confidence}${row.scope ? `, matched as ${row.scope === "subtree" ? "the name and everything below it" : "exactly this host"}` : ""}`,
  ];
  if (status === "expired") lines.push(`  expired: valid until ${validUntil.slice(0, 10)}`);
  if (status === "revoked") lines.push(`  revoked: ${withdrawal(row)}`);
  for (const { id, weight, text } of verdict.reasons) lines.push(`  ${signed(weight)}  ${id}: ${text}`);
  for (const evidence of row.evidence.slice(0, SHOWN_EVIDENCE)) lines.push(`      seen  ${place(evidence)}`);
  const hidden = row.evidence.length - SHOWN_EVIDENCE;
  if (hidden > 0)
    lines.push(`      and ${row.evidence.length === MOST_EVIDENCE ? "at least " : ""}${hidden} more places`);
  return `${lines.join("\n")}\n`;
}

/** Why an indicator is withdrawn: whose word it was, or that the rules do not keep it any more. */
function withdrawal({ ruling, withdrawnHost }: JudgedRow): string {
  const word = withdrawnHost?.ruling ?? (ruling?.action === "revoke" ? ruling : undefined);
  if (word === undefined) return "it was an indicator and is not kept any more";
  const where = withdrawnHost ? `with its host ${plainText(defang(withdrawnHost.host.value), 300)} ` : "";
  return `withdrawn ${where}by the operator on ${day(word)}: ${plainText(word.reason, 1000)}`;
}

function day({ ruledAt }: Ruling): string {
  return new Date(ruledAt * 1000).toISOString().slice(0, 10);
}

/** The operator's word as `list --rulings --json` and `explain --json` have it. */
export function rulingJson({ action, reason, ruledAt }: Ruling): object {
  return { action, reason, ruledAt: new Date(ruledAt * 1000).toISOString() };
}

/** One JSON object per observable, the shape of `list --json`'s verdict with evidence. */
export function explanationJson(row: JudgedRow, context: IndicatorContext): string {
  const { observable, verdict, scope, families, labels, samples, sampleCount, sandboxes, evidence } = row;
  const { ruling, withdrawnHost } = row;
  return `${JSON.stringify({
    type: observable.type,
    value: observable.value,
    verdict,
    status: toIndicator(row, context).status,
    ...(ruling ? { ruling: rulingJson(ruling) } : {}),
    ...(withdrawnHost ? { ruling: { ...rulingJson(withdrawnHost.ruling), of: withdrawnHost.host } } : {}),
    ...(scope ? { scope } : {}),
    families,
    labels,
    samples,
    sampleCount,
    sandboxes,
    evidence: evidence.map(({ seenAt, ...rest }) => ({
      ...rest,
      ...(seenAt === undefined ? {} : { seenAt: new Date(seenAt * 1000).toISOString() }),
    })),
  })}\n`;
}

export function rejectionText({ value, reason, place: at }: RejectionRow): string {
  return `${plainText(defang(value))}\n  not an observable: ${reason}\n      seen  ${at}\n`;
}

function signed(weight: number): string {
  return (weight > 0 ? `+${weight}` : weight < 0 ? `−${-weight}` : "·").padStart(4);
}

function place({ sample, sandbox, place: at, role, seenAt }: EvidenceRow): string {
  const parts = [
    at,
    role,
    sandbox,
    sample ? `sample ${sample.slice(0, 12)}…` : undefined,
    seenAt === undefined ? undefined : new Date(seenAt * 1000).toISOString().slice(0, 10),
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}
