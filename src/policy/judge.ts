/**
 * The judge: facts in, verdict with reasons out. A pure function made of small named rules; the weights of the
 * reasons add up to the confidence; gates and the confidence before decay alone make the decision.
 */
import type { Decision, Reason } from "../model/verdict.ts";
import type { Facts, Judgement } from "../store/store.ts";
import { judgeAddress, judgeEndpoint } from "./addresses.ts";
import {
  judgeCertificate,
  judgeFingerprint,
  judgeHash,
  judgeHostArtefact,
  judgeMutex,
  judgeUserAgent,
} from "./artefacts.ts";
import { judgeDomain } from "./hosts.ts";
import { judgeOwnNetwork } from "./own-network.ts";
import type { Policy } from "./policy.ts";
import type { Ceiling, Finding, Findings, JudgeContext } from "./rule.ts";
import { sandboxOwnGate } from "./sandbox-own.ts";
import { judgeUrl } from "./urls.ts";
import { decayFactor, halfLifeDays } from "./validity.ts";

export function judge(facts: Facts, context: JudgeContext): Judgement {
  const ruled = ruling(facts);
  if (ruled) return ruled;
  const { findings, ceiling, scope, labels = [], ...own } = findingsOf(facts, context);
  const gate = own.gate ?? sandboxOwnGate(facts.observable, context.sandboxOwn);
  if (gate) {
    return {
      observable: facts.observable,
      verdict: { decision: "drop", confidence: 0, reasons: [{ ...gate, weight: 0 }] },
      labels,
    };
  }
  const said = judgeOwnNetwork(facts.feedback, context.policy);
  const { confidence, reasons } = addUp([...findings, ...said.findings], lower(ceiling, said.ceiling));
  const lost = decayed(facts, confidence, context);
  return {
    observable: facts.observable,
    // Age ends an indicator by its validity, which says so in every format, and not by a silent other decision.
    verdict: {
      decision: decide(confidence, context.policy),
      confidence: confidence + (lost?.weight ?? 0),
      reasons: [...reasons, lost, context.policyReason].filter((reason) => reason !== undefined),
    },
    ...(scope ? { scope } : {}),
    labels,
  };
}

/** An operator's `allow` and `deny` win over every rule; `revoke` withdraws what stays judged as it is. */
function ruling({ observable, ruling: word }: Facts): Judgement | undefined {
  if (word === undefined || word.action === "revoke") return undefined;
  const isDenied = word.action === "deny";
  const reason = {
    id: isDenied ? "denied" : "allowed",
    weight: isDenied ? 100 : 0,
    text: `${isDenied ? "denied" : "allowed"} by the operator: ${word.reason}`,
  };
  return {
    observable,
    verdict: { decision: isDenied ? "keep" : "drop", confidence: reason.weight, reasons: [reason] },
    ...(observable.type === "domain" ? { scope: "subtree" as const } : {}),
    labels: [],
  };
}

function findingsOf(facts: Facts, context: JudgeContext): Findings {
  switch (facts.observable.type) {
    case "domain":
      return judgeDomain(facts, context);
    case "ipv4":
    case "ipv6":
      return judgeAddress(facts, context);
    case "endpoint":
      return judgeEndpoint(facts, context);
    case "url":
      return judgeUrl(facts, context);
    case "sha256":
      return judgeHash(facts, context);
    case "ja3":
    case "ja3s":
    case "ja4":
      return judgeFingerprint(facts);
    case "certificate":
      return judgeCertificate(facts);
    case "user-agent":
      return judgeUserAgent(facts);
    case "mutex":
      return judgeMutex(facts);
    case "email-address":
      return { gate: { id: "private-data", text: "a mailbox may be a victim's: never exported" }, findings: [] };
    default:
      return judgeHostArtefact(facts);
  }
}

export const DECAY = "decay";

function decayed(
  { observable, lastNew }: Facts,
  confidence: number,
  { now, policy }: JudgeContext,
): Reason | undefined {
  if (now === undefined || lastNew === undefined) return undefined;
  const age = now.getTime() - lastNew * 1000;
  const weight = Math.round(confidence * decayFactor(observable.type, age, policy)) - confidence;
  if (weight === 0) return undefined;
  return {
    id: DECAY,
    weight,
    text: `no new sample for ${Math.floor(age / 86_400_000)} days, half-life ${halfLifeDays(observable.type, policy)} days`,
  };
}

function lower(a: Ceiling | undefined, b: Ceiling | undefined): Ceiling | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.most < a.most ? b : a;
}

/** The confidence is the sum of the weights; what goes past a ceiling, 0 or 100 is taken back by a reason of its own. */
function addUp(findings: readonly Finding[], ceiling?: Ceiling): { confidence: number; reasons: Reason[] } {
  const reasons: Reason[] = [...findings];
  let sum = findings.reduce((total, { weight }) => total + weight, 0);
  if (ceiling && sum > ceiling.most) {
    reasons.push({ id: ceiling.id, weight: ceiling.most - sum, text: ceiling.text });
    sum = ceiling.most;
  }
  const confidence = Math.max(0, Math.min(100, sum));
  if (confidence !== sum)
    reasons.push({ id: "bounds", weight: confidence - sum, text: "confidence stays between 0 and 100" });
  return { confidence, reasons };
}

function decide(confidence: number, { keepAt, reviewAt }: Policy): Decision {
  if (confidence >= keepAt) return "keep";
  return confidence >= reviewAt ? "review" : "drop";
}
