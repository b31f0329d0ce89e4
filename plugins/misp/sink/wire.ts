/**
 * Events as they are sent and as a server shows them: only the fields that are compared. Servers print flags as booleans
 * or as "0" and "1", and times as strings or numbers.
 */
import { z } from "../../../src/plugin.ts";

export const flag = z
  .union([z.boolean(), z.string(), z.number()])
  .transform((value) => value === true || Number(value) === 1);
const seconds = z
  .union([z.string().regex(/^\d+$/), z.number().int()])
  .nullish()
  .transform((value) => Number(value ?? 0));
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const Tag = z.looseObject({ name: z.string() });

const Attribute = z.looseObject({
  uuid: z.string().toLowerCase(),
  type: z.string(),
  category: text,
  value: z.coerce.string(),
  object_relation: text,
  comment: text,
  to_ids: flag.default(false),
  timestamp: seconds,
  deleted: flag.default(false),
  first_seen: text,
  last_seen: text,
  Tag: list(Tag),
});

const Reference = z.looseObject({
  uuid: z.string().toLowerCase(),
  deleted: flag.default(false),
  timestamp: seconds,
});

const MispObject = z.looseObject({
  uuid: z.string().toLowerCase(),
  name: z.string(),
  comment: text,
  timestamp: seconds,
  deleted: flag.default(false),
  Attribute: list(Attribute),
  ObjectReference: list(Reference),
});

const Report = z.looseObject({ uuid: z.string().toLowerCase(), timestamp: seconds });

const Event = z.looseObject({
  uuid: z.string().toLowerCase(),
  info: text,
  date: text,
  timestamp: seconds,
  published: flag.default(false),
  Attribute: list(Attribute),
  Object: list(MispObject),
  EventReport: list(Report),
  Tag: list(Tag),
});

/** What `view`, `add` and `edit` answer. */
export const ServerEventFile = z.looseObject({ Event });
export type ServerEvent = z.output<typeof Event>;
export type ServerObject = z.output<typeof MispObject>;
export type ServerAttribute = z.output<typeof Attribute>;

export interface LocalAttribute {
  readonly uuid: string;
  readonly type: string;
  readonly category: string;
  readonly value: string;
  readonly timestamp: string;
  readonly to_ids?: boolean | undefined;
  readonly comment?: string | undefined;
  readonly deleted?: boolean | undefined;
  readonly first_seen?: string | undefined;
  readonly last_seen?: string | undefined;
  readonly Tag?: readonly { readonly name: string }[] | undefined;
}

const LocalStamped = { uuid: z.string(), timestamp: z.string().regex(/^\d+$/), deleted: z.boolean().optional() };
const LocalTags = z.array(Tag).optional();
const LocalAttributeShape = z.looseObject({
  ...LocalStamped,
  type: z.string(),
  category: z.string(),
  value: z.string(),
  to_ids: z.boolean().optional(),
  comment: z.string().optional(),
  first_seen: z.string().optional(),
  last_seen: z.string().optional(),
  Tag: LocalTags,
});
const LocalObjectShape = z.looseObject({
  ...LocalStamped,
  name: z.string(),
  comment: z.string().optional(),
  Attribute: z.array(LocalAttributeShape),
  ObjectReference: z.array(z.looseObject(LocalStamped)).default([]),
});

/** What an exporter writes. */
export const LocalEventFile = z.looseObject({
  Event: z.looseObject({
    ...LocalStamped,
    info: z.string(),
    date: z.string(),
    Attribute: z.array(LocalAttributeShape).default([]),
    Object: z.array(LocalObjectShape).default([]),
    EventReport: z.array(z.looseObject(LocalStamped)).default([]),
    Tag: z.array(Tag).default([]),
  }),
});
export type LocalEvent = z.output<typeof LocalEventFile>["Event"];
export type LocalObject = z.output<typeof LocalObjectShape>;

/** Attributes of an event, those of its objects included. */
export function attributesOf<A>(event: {
  readonly Attribute: readonly A[];
  readonly Object: readonly { readonly Attribute: readonly A[] }[];
}): A[] {
  return [...event.Attribute, ...event.Object.flatMap((object) => object.Attribute)];
}
