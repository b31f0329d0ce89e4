/** The calls to a MISP server, and what its answers mean. Source: MISP app/Controller, 2.5; docs of the REST API. */
import { type HttpAnswer, type Logger, targetError, z } from "../../../src/plugin.ts";
import type { Sender } from "../../shared/http/sender.ts";
import { folderUrl } from "../../shared/http/url.ts";
import { answerWords, parseJson } from "../../shared/http/words.ts";
import { flag, type ServerEvent, ServerEventFile } from "./wire.ts";

/** What became of an add or edit. */
export type Saved =
  | { readonly kind: "saved"; readonly event: ServerEvent }
  /** The server has it already. */
  | { readonly kind: "exists" }
  /** Somebody edited it meanwhile. */
  | { readonly kind: "not-newer" }
  | { readonly kind: "refused"; readonly reason: string };

export interface Rights {
  /** Whether tags can be attached. */
  readonly tags: boolean;
}

export interface MispServer {
  readonly target: string;
  /** Throws `refused` when the user may not do what is needed. */
  probe(publishes: boolean, log: Logger): Promise<Rights>;
  add(body: string): Promise<Saved>;
  edit(uuid: string, body: string): Promise<Saved>;
  /** Undefined when the server has no such event, or does not show it. */
  view(uuid: string): Promise<ServerEvent | undefined>;
  publish(uuid: string): Promise<void>;
  /** Those of the attributes that somebody deleted there: the server has them, and does not show them. */
  deletedOnes(uuids: readonly string[]): Promise<ReadonlySet<string>>;
}

const Version = z.looseObject({ version: z.string() });
const Me = z.looseObject({
  Role: z.looseObject({
    perm_add: flag.default(true),
    perm_modify: flag.default(true),
    perm_publish: flag.default(true),
    perm_tagger: flag.default(true),
    perm_tag_editor: flag.default(true),
  }),
});
const Found = z.looseObject({
  response: z.looseObject({ Attribute: z.array(z.looseObject({ uuid: z.string(), deleted: flag })) }),
});

export function createServer(
  send: Sender,
  { url, key, target }: { readonly url: string; readonly key: string; readonly target: string },
): MispServer {
  const base = folderUrl(url);
  const headers = { authorization: key, accept: "application/json", "content-type": "application/json" };
  const get = (path: string): Promise<HttpAnswer> => send({ method: "GET", url: new URL(path, base), headers });
  const post = (path: string, body: string): Promise<HttpAnswer> =>
    send({ method: "POST", url: new URL(path, base), headers, body });
  const refuse = (what: string, answer: HttpAnswer, help: string): Error =>
    targetError("refused", `${target} answered ${answerWords(answer)} to ${what}. ${help}`);

  return {
    target,
    async probe(publishes, log) {
      const answer = await get("servers/getVersion");
      if (answer.status === 403) throw refuse("the key", answer, "Check the key, and that its user may use the API.");
      const version = Version.safeParse(parseJson(answer.text));
      if (!version.success) throw refuse("the question for its version", answer, "Check the sink's url.");
      log.debug(`${target} is version ${version.data.version}`);
      const me = Me.safeParse(parseJson((await get("users/view/me")).text));
      // An old server, or a role that may not look at itself: then the writes will tell.
      return me.success ? rightsOf(me.data.Role, target, publishes, log) : { tags: true };
    },
    async add(body) {
      const answer = await post("events/add", body);
      if (answer.status === 404 && (answer.headers.location !== undefined || /already exists/i.test(answer.text)))
        return { kind: "exists" };
      if (answer.status === 404) throw refuse("events/add", answer, "Check the sink's url.");
      return savedOf(answer, "events/add", refuse);
    },
    edit: async (uuid, body) => savedOf(await post(`events/edit/${uuid}`, body), "events/edit", refuse),
    async view(uuid) {
      const answer = await get(`events/view/${uuid}`);
      if (answer.status === 404 || answer.status === 403) return undefined;
      const file = ServerEventFile.safeParse(parseJson(answer.text));
      if (!file.success) throw refuse("events/view", answer, "Check the sink's url, and the version of the server.");
      return file.data.Event;
    },
    async publish(uuid) {
      const answer = await post(`events/publish/${uuid}`, "{}");
      if (answer.status !== 200)
        throw refuse("events/publish", answer, "Give its user the right, or set publish: false.");
    },
    async deletedOnes(uuids) {
      const body = JSON.stringify({ returnFormat: "json", uuid: uuids, deleted: ["0", "1"] });
      const found = Found.safeParse(parseJson((await post("attributes/restSearch", body)).text));
      return new Set(
        found.success ? found.data.response.Attribute.flatMap((one) => (one.deleted ? [one.uuid] : [])) : [],
      );
    },
  };
}

function rightsOf(role: z.output<typeof Me>["Role"], target: string, publishes: boolean, log: Logger): Rights {
  const needed = {
    perm_add: role.perm_add,
    perm_modify: role.perm_modify,
    perm_publish: !publishes || role.perm_publish,
  };
  const missing = Object.entries(needed).flatMap(([name, has]) => (has ? [] : [name]));
  if (missing.length > 0)
    throw targetError(
      "refused",
      `The user of the key lacks ${missing.join(" and ")} at ${target}. Give it another role.`,
    );
  if (!role.perm_tagger)
    log.warn(`${target}: the user of the key may not tag (perm_tagger), so TLP and all other tags stay off`);
  else if (!role.perm_tag_editor)
    log.info(`${target}: the user of the key may not make tags (perm_tag_editor): those it does not know stay off`);
  return { tags: role.perm_tagger };
}

function savedOf(
  answer: HttpAnswer,
  what: string,
  refuse: (what: string, answer: HttpAnswer, help: string) => Error,
): Saved {
  if (answer.status === 200) {
    const file = ServerEventFile.safeParse(parseJson(answer.text));
    if (file.success) return { kind: "saved", event: file.data.Event };
    throw refuse(what, answer, "That is no event. Check the sink's url.");
  }
  if (/not newer than the local copy/i.test(answer.text)) return { kind: "not-newer" };
  return { kind: "refused", reason: `the server answered ${answerWords(answer)}` };
}
