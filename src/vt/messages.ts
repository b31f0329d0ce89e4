/** Words for what VirusTotal answered: what happened, whose turn it is, what helps. Secrets are masked before. */
import { plainText } from "../model/text.ts";
import type { Answer } from "./answer.ts";
import { VtError, type VtErrorDetails, type VtProblem } from "./failure.ts";
import { momentText } from "./quota.ts";
import type { WaitReason } from "./retry.ts";

/** An answer in a few words, the API's own where it has any. They are cut after masking, never before. */
export function wordsOf({ status, body, error }: Answer, mask: (text: string) => string): string {
  if (error) return `${status} ${plainText(mask(error.code), 60)}: ${plainText(mask(error.message), 300)}`;
  switch (body.kind) {
    case "json":
      return `${status} with a body that is not VirusTotal's`;
    case "page":
      return `${status} with a web page instead of JSON`;
    case "cut":
      return `${status} with a body that is cut short or empty`;
  }
}

/** The request that ended badly. */
export interface Failed {
  readonly endpoint: string;
  /** What came, in words. */
  readonly words: string;
  readonly answer?: Answer;
  readonly host: string;
}

/** The error for a request that is not to be repeated. */
export function finalError(problem: VtProblem, failed: Failed): VtError {
  return new VtError(problem, stoppedText(problem, failed), detailsOf(failed));
}

function stoppedText(problem: VtProblem, { endpoint, words, host, answer }: Failed): string {
  switch (problem) {
    case "key":
      return `VirusTotal refuses the API key (${words}). Set VT_API_KEY or virustotal.apiKey to a working one.`;
    case "forbidden":
      return `This API key has no right to ${endpoint} (${words}). Ask VirusTotal for it, or do without this source.`;
    case "refused":
      return `VirusTotal does not take the request to ${endpoint}: ${words}. Change the query or value it names.`;
    case "setup":
      return `${host} cannot be asked (${words}). ${setupAdvice(answer)}`;
    default:
      return `VirusTotal gave no usable answer to ${endpoint}: ${words}. Nothing is lost: run the same command again.`;
  }
}

function setupAdvice(answer: Answer | undefined): string {
  if (answer && answer.status !== 407) return "Check virustotal.baseUrl; by default it is the public API.";
  return "Check HTTPS_PROXY and NO_PROXY; certificates of your own go into virustotal.caFile.";
}

/** The error for a request that was repeated until its ceiling. */
export function givenUpError(
  failed: Failed,
  { why, attempts, next }: { readonly why: WaitReason; readonly attempts: number; readonly next: Date },
): VtError {
  const tried = attempts === 1 ? "" : ` in ${attempts} tries`;
  return new VtError(
    "unavailable",
    `VirusTotal gave no answer to ${failed.endpoint}${tried}: ${failed.words}. ${advice(why, failed, next)} ` +
      "Nothing is lost: run the same command again.",
    detailsOf(failed),
  );
}

function advice(why: WaitReason, { answer, host }: Failed, next: Date): string {
  if (why !== "transient" && why !== "unreachable") return `It wants to be asked again at ${momentText(next)}.`;
  if (answer?.status === 504) return "Ask for smaller pages.";
  return why === "unreachable" ? `Check the network, the proxy and the name ${host}.` : "It may be in trouble.";
}

function detailsOf({ endpoint, answer }: Failed): VtErrorDetails {
  return {
    endpoint,
    ...(answer ? { status: answer.status } : {}),
    ...(answer?.error ? { apiCode: plainText(answer.error.code, 60) } : {}),
  };
}
