/**
 * Sink `sentinel`: STIX objects into the threat intelligence of a Microsoft Sentinel workspace, by its upload API.
 *
 * It reads nothing from the workspace and deletes nothing there: what is withdrawn arrives as revoked.
 */
import {
  defineSink,
  type HttpAnswer,
  plainText,
  SecretRef,
  type SinkContext,
  targetError,
  z,
} from "../../src/plugin.ts";
import { createSender } from "../shared/http/sender.ts";
import { HttpUrl } from "../shared/http/url.ts";
import { answerWords, parseJson } from "../shared/http/words.ts";
import { publishObjects, type Verdict } from "../shared/objects/publish.ts";
import { type ObjectLine, STIX_OBJECTS } from "../shared/objects/read.ts";
import { fetchToken } from "./token.ts";

/** Types that the upload API takes. */
const TYPES = ["indicator", "attack-pattern", "identity", "threat-actor", "relationship"] as const;

const SentinelOptions = z.object({
  workspaceId: z.uuid().describe("Id of the Log Analytics workspace"),
  tenantId: z
    .string()
    .regex(/^[A-Za-z0-9.-]+$/)
    .describe("Id or domain of the Entra tenant"),
  clientId: z.uuid().describe("Id of the application that pushes"),
  clientSecret: SecretRef.describe("Its secret, `{ env: NAME }` or `{ file: PATH }`"),
  sourceSystem: z.string().min(1).max(100).default("Rulewright").describe("Source that the workspace shows"),
  types: z.array(z.enum(TYPES)).min(1).default(["indicator"]).describe("Types of objects that are sent"),
  perMinute: z.number().int().min(1).max(100).default(100).describe("Requests per minute; the API takes 100"),
  url: HttpUrl.default("https://api.ti.sentinel.azure.com").describe(
    "Of the upload API; another one in national clouds",
  ),
  loginUrl: HttpUrl.default("https://login.microsoftonline.com").describe("Of Entra ID"),
  scope: z.string().min(1).default("https://management.azure.com/.default").describe("What the token is asked for"),
  apiVersion: z.string().min(1).default("2024-02-01-preview").describe("Version of the upload API"),
});
type SentinelOptions = z.output<typeof SentinelOptions>;

/** The API takes no more. */
const MOST_OBJECTS = 100;
const MOST_BYTES = 4_000_000;

export const sentinelSink = defineSink({
  name: "sentinel",
  description:
    "threat intelligence of a Microsoft Sentinel workspace; indicators that changed, withdrawn ones as revoked",
  options: SentinelOptions,
  accepts: [STIX_OBJECTS],
  async publish(chunks, ctx) {
    const { workspaceId, sourceSystem, types, url } = ctx.options;
    const target = `Sentinel workspace ${workspaceId} at ${new URL(url).host}`;
    const head = `{"sourcesystem":${JSON.stringify(sourceSystem)},"stixobjects":[`;
    const upload = uploader(ctx, target);
    const taken: ReadonlySet<string> = new Set(types);
    return publishObjects(chunks, ctx, {
      target,
      most: { count: MOST_OBJECTS, bytes: MOST_BYTES },
      overhead: Buffer.byteLength(head) + 2,
      takes: ({ type, text }) => taken.has(type) && (type !== "indicator" || hasStixPattern(text)),
      post: (group) => upload(group, `${head}${group.map(({ text }) => text).join(",")}]}`),
    });
  },
});

function hasStixPattern(text: string): boolean {
  return (JSON.parse(text) as { pattern_type?: unknown }).pattern_type === "stix";
}

/** Sends bodies at the API's pace, with a token that is fetched when it is needed and again when it has expired. */
function uploader(ctx: SinkContext<SentinelOptions>, target: string) {
  const { workspaceId, url, apiVersion, perMinute } = ctx.options;
  const cure = "The application needs the role Microsoft Sentinel Contributor on the workspace.";
  const send = createSender(ctx, { target, refusals: [403, 407], cure });
  const where = new URL(`/workspaces/${workspaceId}/threat-intelligence-stix-objects:upload`, url);
  where.searchParams.set("api-version", apiVersion);
  let token: string | undefined;
  let requests = 0;

  return async (group: readonly ObjectLine[], body: string): Promise<Verdict> => {
    // There is no clock to measure with, so the time that requests take is not subtracted.
    if (requests++ > 0) await ctx.sleep(Math.ceil(60_000 / perMinute));
    for (let isFresh = token === undefined; ; isFresh = true) {
      token ??= await fetchToken(ctx, ctx.options);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json",
      };
      const answer = await send({ method: "POST", url: where, headers, body });
      if (answer.status !== 401) return verdictOf(answer, group, target);
      if (isFresh) throw targetError("refused", `${target} refused a new token: ${answerWords(answer)}. ${cure}`);
      token = undefined;
    }
  };
}

const Errors = z.object({
  errors: z.array(z.object({ recordIndex: z.number().int(), errorMessages: z.array(z.string()).nullish() })).nullish(),
});

/** Records that are named were not taken, whatever the status; without names a 400 is the whole request's. */
function verdictOf(answer: HttpAnswer, group: readonly ObjectLine[], target: string): Verdict {
  const { status, text } = answer;
  if (status === 413) return { kind: "too-large" };
  if (status === 400 || status === 422) return { kind: "refused", reason: `the API answered ${answerWords(answer)}` };
  if (status < 200 || status > 299)
    throw targetError("refused", `${target} answered ${answerWords(answer)}. Check workspaceId, url and apiVersion.`);
  const errors = Errors.safeParse(parseJson(text));
  const failed = new Map<string, string>();
  for (const { recordIndex, errorMessages } of (errors.success && errors.data.errors) || []) {
    const object = group[recordIndex];
    if (object) failed.set(object.id, plainText((errorMessages ?? []).join("; "), 300) || "the API gives no reason");
  }
  return { kind: "taken", failed };
}
