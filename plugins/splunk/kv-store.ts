/**
 * A KV store collection: the app that defines it, and its documents as the bodies of `batch_save` requests. A
 * document's `_key` comes from what it says, so saving it again changes nothing. This module sends nothing (see the
 * sink `splunk-kv`).
 * Source: Splunk "collections.conf" page; REST API "storage/collections/data/{collection}/batch_save"; limits.conf
 * [kvstore] max_documents_per_batch_save.
 */
import { type Chunk, type Indicator, parseEndpoint, type RenderContext, sha256 } from "../../src/plugin.ts";
import { unmatched } from "../shared/rows/alert.ts";
import { keepBest } from "../shared/rows/best.ts";
import type { Piece } from "../shared/rows/budget.ts";
import { rowReaders } from "../shared/rows/row.ts";
import { describe } from "./description.ts";
import { LOOKUP_OF, type Lookup } from "./lookups.ts";
import type { SplunkOptions } from "./options.ts";
import { type AppIdentity, appFiles, conf } from "./package.ts";

const MAX_DOCUMENTS = 1000;
/** Well below limits.conf `max_size_per_batch_save_mb`, 50. */
const MAX_BATCH_BYTES = 4_000_000;

/** Field → type in collections.conf; `_key` is Splunk's own. */
const FIELD_TYPES = {
  type: "string",
  value: "string",
  indicator: "string",
  ip: "string",
  port: "number",
  protocol: "string",
  description: "string",
  malware_family: "string",
  confidence: "number",
  tlp: "string",
  first_seen: "string",
  last_seen: "string",
  expires: "string",
  sample_sha256: "string",
} as const;

type Document = { readonly _key: string } & Partial<Record<keyof typeof FIELD_TYPES, string | number | undefined>>;

const readers = rowReaders();

/** The documents of an indicator: one for each value that a search may look up, so a file has up to three. */
function documentsOf(indicator: Indicator): Document[] {
  const { type } = indicator;
  const shared = {
    indicator: indicator.value,
    ...(type === "endpoint" ? endpointFields(indicator.value) : {}),
    description: describe(indicator),
    malware_family: String(readers.malware_family(indicator)),
    confidence: indicator.verdict.confidence,
    tlp: indicator.tlp,
    first_seen: String(readers.first_seen(indicator)),
    last_seen: String(readers.last_seen(indicator)),
    expires: String(readers.valid_until(indicator)),
    sample_sha256: indicator.samples[0] ?? "",
  };
  const { isCaseSensitive, rows } = LOOKUP_OF.get(type) as Lookup;
  const hashes = type === "sha256" ? rows(indicator).slice(1) : [];
  const values: readonly (readonly [value: string, type: string])[] = [
    [indicator.value, type],
    ...hashes.map(([hash, hashType]) => [String(hash), String(hashType)] as const),
  ];
  return values.map(([value, valueType]) => ({
    _key: sha256(`${valueType}:${value}`),
    type: valueType,
    // A KV store lookup minds case, whatever the definition says.
    value: isCaseSensitive ? value : value.toLowerCase(),
    ...shared,
  }));
}

function endpointFields(value: string): Pick<Document, "ip" | "port" | "protocol"> {
  const { address, port, transport } = parseEndpoint(value);
  return { ip: address, port, protocol: transport };
}

interface Documents extends Piece {
  readonly lines: readonly Buffer[];
}

/** The app, and batches beside it: `<collection>-0001.json`, each a JSON array. */
export async function* kvStore(
  indicators: AsyncIterable<Indicator>,
  ctx: RenderContext<SplunkOptions>,
): AsyncGenerator<Chunk> {
  const { appId, label, lookupPrefix, maxRows, maxBytes } = ctx.options;
  const collection = `${lookupPrefix}_kv`;
  yield* collectionApp({ ...ctx.options, appId: `${appId}_kv`, label: `${label} in the KV store` }, collection);
  const kept = await keepBest(indicators, ctx, {
    name: "splunk",
    budget: { maxRows, maxBytes },
    flawOf: unmatched,
    pieceOf: piecesOf,
  });
  yield* batchFiles(kept, collection, ctx.signal);
}

function piecesOf(indicator: Indicator): Documents {
  const lines = documentsOf(indicator).map((document) => Buffer.from(JSON.stringify(document)));
  return { lines, rows: lines.length, bytes: lines.reduce((sum, { length }) => sum + length + 2, 0) };
}

function* batchFiles(kept: Iterable<Documents>, collection: string, signal: AbortSignal): Generator<Chunk> {
  let batch: Buffer[] = [];
  let bytes = 0;
  let indicators = 0;
  let number = 0;
  const close = (): Chunk => {
    number += 1;
    const path = `${collection}-${String(number).padStart(4, "0")}.json`;
    const data = Buffer.from(`[\n${batch.join(",\n")}\n]\n`);
    const chunk = { path, data, rows: batch.length, indicators };
    [batch, bytes, indicators] = [[], 0, 0];
    return chunk;
  };
  for (const { lines, bytes: size } of kept) {
    signal.throwIfAborted();
    // The documents of an indicator stay together.
    if (batch.length > 0 && (batch.length + lines.length > MAX_DOCUMENTS || bytes + size > MAX_BATCH_BYTES)) {
      yield close();
    }
    batch.push(...lines);
    bytes += size;
    indicators += 1;
  }
  if (batch.length > 0) yield close();
}

function collectionApp(identity: AppIdentity, collection: string): Generator<Chunk> {
  const fields = Object.entries(FIELD_TYPES).map(([field, type]) => [`field.${field}`, type]);
  return appFiles(identity, {
    "README.txt": readme(identity, collection),
    "default/collections.conf": conf({
      [collection]: {
        enforceTypes: "true",
        replicate: "false",
        ...Object.fromEntries(fields),
        "accelerated_fields.by_value": '{"value": 1, "type": 1}',
      },
    }),
    "default/transforms.conf": conf({
      [collection]: {
        external_type: "kvstore",
        collection,
        fields_list: ["_key", ...Object.keys(FIELD_TYPES)].join(", "),
        max_matches: "1",
      },
    }),
  });
}

function readme({ appId, label }: AppIdentity, collection: string): string {
  return `${label}

The collection ${collection} for indicators of compromise from malware sandbox reports, and the lookup of that name.

Install: Apps > Manage Apps > Install app from file takes ${appId}.spl. Or copy the folder ${appId} to
$SPLUNK_HOME/etc/apps on the search head (in a cluster: to etc/shcluster/apps on the deployer) and restart or reload.
Then save the documents; each ${collection}-*.json is the body of one request:
  POST /servicesNS/nobody/${appId}/storage/collections/data/${collection}/batch_save

A document's _key comes from its type and value: saving it again changes nothing. What is withdrawn has to be deleted by
its _key.

Lookups in the KV store are exact and mind case. Values whose case means nothing are stored in lower case:
  | eval value=lower(query) | lookup ${collection} value OUTPUT indicator description confidence expires
`;
}
