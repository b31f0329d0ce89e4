/** Rules on URLs: the host's opinion decides how far a URL can go; on shared hosts the path is the indicator. */
import { parseUrl } from "../model/observable.ts";
import type { Facts } from "../store/store.ts";
import { addressOpinion } from "./addresses.ts";
import { ceilingOf, isOnlyInMemory, weighEvidence } from "./evidence-rules.ts";
import { hostOpinion, memoryGate, tenancyOf, warningListOpinion } from "./hosts.ts";
import { type Findings, isGated, type JudgeContext } from "./rule.ts";

/** On a shared host such a URL is everybody's front page, */
const FRONT_PAGE = /^\/(?:index\.\w+|robots\.txt|favicon\.ico)?(?:[?#]|$)/i;
/** and such one a page of the service itself: no stranger's content is named so. */
const OWN_PAGE =
  /^\/(?:(?:account|blog|discover|docs|download|explore|features|home|market|news|press|products?|settings|status|store|topics|trending|what)\/?|(?:about|careers|contact|css|discussions|embed|enterprise|faq|fonts|help|jobs|js|legal|log-?in|log-?out|pricing|privacy|register|sign-?in|sign-?up|support|terms|tos)(?:\.\w{2,5})?(?:\/.*)?)(?:[?#]|$)/i;

export function judgeUrl(facts: Facts, context: JudgeContext): Findings {
  const { host, isAddress, target } = parseUrl(facts.observable.value);
  const opinion = isAddress ? addressOpinion(host, context) : hostOpinion(host, context);
  const isBorrowed = "isBorrowed" in opinion && opinion.isBorrowed === true;
  if (opinion.gate && !isBorrowed)
    return { gate: { id: opinion.gate.id, text: `its host ${host}: ${opinion.gate.text}` }, findings: [] };
  if (isOnlyInMemory(facts)) return { gate: memoryGate, findings: [] };
  if (isBorrowed && (FRONT_PAGE.test(target) || OWN_PAGE.test(target))) {
    return {
      gate: { id: "borrowed-host", text: `${host} is shared by many and the URL names nobody's content on it` },
      findings: [],
    };
  }
  const listed = warningListOpinion("url", facts.observable.value, context);
  if (listed.gate && !listed.isBorrowed) return { gate: listed.gate, findings: [] };
  // A shared address does not weaken a URL: host and path together are one customer's.
  const findings = [
    ...weighEvidence(facts, context, "scope" in opinion ? tenancyOf(opinion) : {}),
    ...opinion.findings.filter(({ id }) => id !== "shared-address"),
  ];
  if (isBorrowed)
    findings.push({
      id: "borrowed-host",
      weight: -3,
      text: `${host} is shared by many: only this URL, never the host`,
    });
  if (isBorrowed) return { findings, labels: ["shared-host"] };
  const parent = facts.links.find(({ kind, observable }) => kind === "hosted-at" && observable.value === host);
  if (parent?.decision === "drop" && isGated(parent)) {
    return {
      gate: { id: "host-dropped", text: `its host ${host} is dropped (${parent.because ?? "no reason"})` },
      findings: [],
    };
  }
  const ceiling = ceilingOf(facts, parent?.decision, `its host ${host}`, context);
  // What shows only the host of it would alert on a host that was not good enough for an indicator.
  const labels = parent !== undefined && parent.decision !== "keep" ? ["host-not-kept"] : [];
  return { findings, labels, ...(ceiling ? { ceiling } : {}) };
}
