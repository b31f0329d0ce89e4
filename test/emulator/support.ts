/** A small world, the emulator over it, and a plain client. */
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import bunzip2 from "unbzip2-stream";
import { createWorld, type Emulator, type EmulatorInput, startEmulator, type World } from "../../src/emulator/index.ts";

export const START = new Date("2026-10-01T00:00:00Z");
export const END = new Date("2026-11-01T00:00:00Z");
/** Two days behind the end: everything has happened. */
export const LATER = new Date("2026-11-03T12:00:00Z");

export function smallWorld(seed: string | number = 7, samples = 120): World {
  return createWorld({ seed, samples, families: 8, start: START, end: END });
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read bodies of every shape.
  readonly body: any;
}

/** GET with the key; a path below `/api/v3` or a whole URL. */
export async function get(
  emulator: Emulator,
  path: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Got> {
  const url = new URL(path.startsWith("http") ? path : `${emulator.baseUrl}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const response = await fetch(url, { headers: { "x-apikey": "emulator-key", ...headers }, redirect: "manual" });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : text };
}

/** Every item of a listing, following `links.next`. */
export async function all(
  emulator: Emulator,
  path: string,
  query: Record<string, string> = {},
): Promise<Got["body"][]> {
  const items: Got["body"][] = [];
  let page = await get(emulator, path, query);
  for (;;) {
    if (page.status !== 200) throw new Error(`${page.status} ${JSON.stringify(page.body)}`);
    items.push(...page.body.data);
    if (!page.body.links.next) return items;
    page = await get(emulator, page.body.links.next);
  }
}

/** Plain bytes of a bzip2 stream, by the decoder the product uses. */
export function unpack(packed: Uint8Array): Promise<Buffer> {
  const plain = new PassThrough();
  pipeline(Readable.from([Buffer.from(packed)]), bunzip2(), plain).catch((error: Error) => plain.destroy(error));
  return buffer(plain);
}

/** Runs a test against an emulator and closes it. */
export async function withEmulator<T>(
  input: Partial<EmulatorInput> & { world: World },
  test: (emulator: Emulator) => Promise<T>,
): Promise<T> {
  const emulator = await startEmulator({ clock: () => LATER, ...input });
  try {
    return await test(emulator);
  } finally {
    await emulator.close();
  }
}
