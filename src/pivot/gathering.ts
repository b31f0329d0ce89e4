/**
 * Gathers samples from raw bodies of VirusTotal API v3: file objects (alone, in listings and searches), behaviour
 * reports and merged summaries. Which body is what is asked of vt/bodies.ts; here only the fields differ.
 */
import { recogniseBody } from "../vt/bodies.ts";
import { mergeTraits, type PivotSample, type Trait } from "./sample.ts";
import { PivotBehaviour, PivotFile, PivotObject } from "./schema.ts";
import { behaviourTraits, fileTraits } from "./traits.ts";

export interface SampleGathering {
  /** Whether the body was VirusTotal's; `source` is its file name, which may name the sample of a merged summary. */
  add(body: unknown, source: string): boolean;
  /** What was gathered, by id. */
  samples(): PivotSample[];
}

interface Entry {
  readonly traits: Map<string, Trait>;
  readonly aliases: Set<string>;
}

export function gatherSamples(): SampleGathering {
  const entries = new Map<string, Entry>();
  return {
    add(body, source) {
      const parts = partsOf(body, source);
      if (parts.length === 0) return recogniseBody(body, source) !== undefined;
      for (const { id, traits, aliases } of parts) {
        const entry = entries.get(id) ?? { traits: new Map(), aliases: new Set() };
        entries.set(id, entry);
        for (const alias of aliases) entry.aliases.add(alias);
        for (const trait of traits) addTrait(entry.traits, trait);
      }
      return true;
    },
    samples: () =>
      [...entries]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { traits, aliases }]) => ({ id, traits: [...traits.values()], aliases: [...aliases].sort() })),
  };
}

function addTrait(traits: Map<string, Trait>, trait: Trait): void {
  const key = `${trait.kind} ${trait.value}`;
  const known = traits.get(key);
  traits.set(key, known ? mergeTraits(known, trait) : trait);
}

interface Part {
  readonly id: string;
  readonly traits: readonly Trait[];
  readonly aliases: readonly string[];
}

function partsOf(body: unknown, source: string): Part[] {
  if (Array.isArray(body)) return body.flatMap((entry) => partsOf(entry, source));
  if (!isObject(body)) return [];
  const { data } = body;
  if (Array.isArray(data)) {
    return data.flatMap((entry) =>
      isObject(entry) && Object.hasOwn(entry, "data")
        ? partsOf(entry, source)
        : partOf(entry, { ...body, data: entry }, source),
    );
  }
  return partOf(Object.hasOwn(body, "data") ? data : body, body, source);
}

/** `envelope` is the object with what stands around it: a summary's sample is named by the links beside it. */
function partOf(object: unknown, envelope: unknown, source: string): Part[] {
  if (!isObject(object)) return [];
  const typed = PivotObject.safeParse(object);
  const isFile = typed.success && (typed.data.type === "file" || typed.data.type === "private_file");
  if (isFile && isObject(object.attributes)) return filePart(typed.data.id, object.attributes);
  // Only reports are asked for here: a search page of 300 files is not recognised 300 times.
  if (typed.success && !typed.data.type.endsWith("file_behaviour")) return [];
  const id = recogniseBody(envelope, source)?.find((item) => item.kind === "report")?.sampleId;
  if (id === undefined) return [];
  const report = PivotBehaviour.parse(typed.success ? (isObject(object.attributes) ? object.attributes : {}) : object);
  return [{ id, traits: behaviourTraits(report), aliases: [] }];
}

function filePart(objectId: string, attributes: Record<string, unknown>): Part[] {
  const file = PivotFile.parse(attributes);
  const id = [file.sha256, objectId].map((hash) => hash?.toLowerCase()).find((hash) => hash && SHA256.test(hash));
  if (id === undefined) return [];
  const aliases = [file.md5, file.sha1].flatMap((hash) => (hash ? [hash.toLowerCase()] : []));
  return [{ id, traits: fileTraits(file), aliases }];
}

const SHA256 = /^[0-9a-f]{64}$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
