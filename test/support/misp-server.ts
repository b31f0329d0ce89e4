/**
 * A MISP as strict as one is: 404 with Location for an event it has, edits only of what is newer, one uuid in the whole
 * instance, one of two equal attributes of an event, values dropped without a word. It keeps nothing on disk.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "../plugins/misp/support.ts";

export interface MispServerOptions {
  readonly key?: string;
  /** Attributes that its validation does not like. */
  readonly drops?: (attribute: Json) => boolean;
  /** Rights that the user lacks. */
  readonly lacks?: readonly string[];
  /** Runs before a request is answered. */
  readonly before?: (method: string, path: string) => void;
}

export interface MispServer {
  readonly url: string;
  /** `POST /events/add`, in order. */
  readonly requests: string[];
  /** Uuid → event as stored, deleted attributes included. */
  readonly events: Map<string, Json>;
  options: MispServerOptions;
  close(): void;
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: object;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export async function startMispServer(options: MispServerOptions = {}): Promise<MispServer> {
  const events = new Map<string, Json>();
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const path = request.url ?? "";
    requests.push(`${request.method} ${path}`);
    own.options.before?.(request.method ?? "", path);
    const { key } = own.options;
    const {
      status,
      headers,
      body: answer,
    } = key !== undefined && request.headers.authorization !== key
      ? said(403, "Authentication failed. Please make sure you pass the API key of an API enabled user along.")
      : answerTo(own, request.method ?? "", path, body);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own: MispServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    events,
    options,
    close: () => closeAll(server),
  };
  return own;
}

function closeAll(server: Server): void {
  server.closeAllConnections();
  server.close();
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = "";
  for await (const piece of request) text += piece;
  return text === "" ? {} : JSON.parse(text);
}

const said = (status: number, message: string, headers?: Record<string, string>): Reply => ({
  status,
  body: { name: message, message, url: "/" },
  ...(headers ? { headers } : {}),
});

function answerTo(own: MispServer, method: string, path: string, body: Json): Reply {
  const may = (right: string): boolean => !(own.options.lacks ?? []).includes(right);
  const [controller, action, uuid = ""] = path.split("/").slice(1);
  switch (`${method} ${controller}/${action}`) {
    case "GET servers/getVersion":
      return { status: 200, body: { version: "2.5.0", perm_sync: false, perm_sighting: true } };
    case "GET users/view": {
      const rights = ["perm_add", "perm_modify", "perm_publish", "perm_tagger", "perm_tag_editor"];
      return { status: 200, body: { User: {}, Role: Object.fromEntries(rights.map((right) => [right, may(right)])) } };
    }
    case "POST events/add":
      return may("perm_add") ? add(own, body.Event) : said(403, "You do not have permission to do that.");
    case "POST events/edit":
      return edit(own, uuid, body.Event);
    case "POST events/publish":
      if (!may("perm_publish")) return said(403, "You do not have permission to do that.");
      own.events.get(uuid).published = true;
      return { status: 200, body: { saved: true, success: true, message: "Job queued" } };
    case "GET events/view":
      return own.events.has(uuid) ? { status: 200, body: shown(own.events.get(uuid)) } : said(404, "Invalid event");
    case "POST attributes/restSearch": {
      const all = [...own.events.values()].flatMap(everyAttribute);
      return { status: 200, body: { response: { Attribute: all.filter((one) => body.uuid.includes(one.uuid)) } } };
    }
    default:
      return said(404, "Action not found");
  }
}

function add(own: MispServer, event: Json): Reply {
  if (own.events.has(event.uuid)) {
    return said(404, "Event already exists, if you would like to edit it, use the url in the location header.", {
      location: `${own.url}/events/${[...own.events.keys()].indexOf(event.uuid) + 1}`,
    });
  }
  // A distribution of 5 is for what stands in an event.
  if (!/^[0-4]$/.test(event.distribution)) return said(403, "Could not add Event");
  const stored = { ...event, Attribute: [], Object: [], Tag: [], EventReport: [...(event.EventReport ?? [])] };
  own.events.set(event.uuid, stored);
  take(own, stored, event);
  return { status: 200, body: shown(stored) };
}

function edit(own: MispServer, uuid: string, event: Json): Reply {
  const stored = own.events.get(uuid);
  if (!stored) return said(404, "Invalid event");
  if (event.timestamp !== undefined && Number(event.timestamp) <= Number(stored.timestamp)) {
    const errors = "Event could not be saved: Event in the request not newer than the local copy.";
    return { status: 403, body: { saved: false, name: "Could not edit Event", message: errors, errors } };
  }
  const { Attribute, Object: objects, Tag, EventReport, ...header } = event;
  Object.assign(stored, header, { published: event.published ?? false });
  for (const report of EventReport ?? []) {
    const known = stored.EventReport.findIndex((one: Json) => one.uuid === report.uuid);
    if (known < 0) stored.EventReport.push(report);
    else if (Number(report.timestamp) > Number(stored.EventReport[known].timestamp)) stored.EventReport[known] = report;
  }
  take(own, stored, event);
  return { status: 200, body: shown(stored) };
}

/** Attributes, objects and tags of a request, as far as the server likes them. */
function take(own: MispServer, stored: Json, event: Json): void {
  for (const attribute of event.Attribute ?? []) takeAttribute(own, stored, stored.Attribute, attribute, true);
  for (const object of event.Object ?? []) {
    const known = stored.Object.find(({ uuid }: Json) => uuid === object.uuid);
    if (known && Number(object.timestamp) <= Number(known.timestamp)) {
      takeReferences(known, object);
      continue;
    }
    const { Attribute, ObjectReference, ...rest } = object;
    const target = known ?? { Attribute: [], ObjectReference: [] };
    Object.assign(target, rest);
    if (!known) stored.Object.push(target);
    for (const attribute of Attribute) {
      const own_ = object.deleted ? { ...attribute, deleted: true } : attribute;
      takeAttribute(own, stored, target.Attribute, own_, false);
    }
    takeReferences(target, object);
  }
  const mayTag = !(own.options.lacks ?? []).includes("perm_tagger");
  for (const tag of mayTag ? (event.Tag ?? []) : []) {
    if (!stored.Tag.some(({ name }: Json) => name === tag.name)) stored.Tag.push(tag);
  }
}

function takeAttribute(own: MispServer, event: Json, list: Json[], attribute: Json, isFlat: boolean): void {
  if (!UUID.test(attribute.uuid) || own.options.drops?.(attribute)) return;
  const known = list.find(({ uuid }) => uuid === attribute.uuid);
  if (known) {
    if (Number(attribute.timestamp) > Number(known.timestamp)) Object.assign(known, attribute);
    return;
  }
  const everywhere = [...own.events.values()].flatMap(everyAttribute);
  if (everywhere.some(({ uuid }) => uuid === attribute.uuid)) return;
  const isTwin = (one: Json): boolean =>
    !one.deleted && one.type === attribute.type && one.category === attribute.category && one.value === attribute.value;
  if (isFlat && event.Attribute.some(isTwin)) return;
  list.push({ deleted: false, ...attribute });
}

function takeReferences(target: Json, object: Json): void {
  for (const reference of object.ObjectReference ?? []) {
    const known = target.ObjectReference.findIndex(({ uuid }: Json) => uuid === reference.uuid);
    if (known < 0) target.ObjectReference.push(reference);
    else if (Number(reference.timestamp) > Number(target.ObjectReference[known].timestamp))
      target.ObjectReference[known] = reference;
  }
}

export function everyAttribute(event: Json): Json[] {
  return [...event.Attribute, ...event.Object.flatMap((object: Json) => object.Attribute)];
}

/** What `view` answers: nothing that is deleted. */
function shown(event: Json): Json {
  const stands = ({ deleted }: Json): boolean => !deleted;
  return {
    Event: {
      id: "1",
      ...event,
      Attribute: event.Attribute.filter(stands),
      Object: event.Object.filter(stands).map((object: Json) => ({
        ...object,
        Attribute: object.Attribute.filter(stands),
        ObjectReference: object.ObjectReference.filter(stands),
      })),
    },
  };
}
