import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import type { Emulator } from "../../src/emulator/index.ts";
import { get, smallWorld, unpack, withEmulator } from "./support.ts";

const world = smallWorld();
const report = world.samples.flatMap(({ reports }) => reports).find(({ id }) => id.includes(" "));
const done = report?.attributes.analysis_date as number;
const stamp = (seconds: number, length: number) =>
  new Date(seconds * 1000).toISOString().replaceAll(/[-T:]/g, "").slice(0, length);
const minute = stamp(done, 12);
const hour = stamp(done, 10);
const readyAt = (Math.floor(done / 60) + 1) * 60 + 3600;

/** Follows the redirect as a client should: without the key. */
async function download(emulator: Emulator, path: string): Promise<Buffer> {
  const redirect = await get(emulator, path);
  expect(redirect.status).toBe(302);
  const response = await fetch(redirect.headers.get("location") as string);
  expect(response.status).toBe(200);
  return unpack(new Uint8Array(await response.arrayBuffer()));
}

const parse = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe("behaviour feed", () => {
  it("redirects to a bzip2 batch of lines, in both spellings", async () => {
    await withEmulator({ world, clock: () => new Date(readyAt * 1000) }, async (emulator) => {
      for (const name of ["file-behaviours", "file_behaviours"]) {
        const lines = parse((await download(emulator, `feeds/${name}/${minute}`)).toString());
        const line = lines.find(({ id }) => id === report?.id);
        expect(line).toMatchObject({ type: "file_behaviour", attributes: { analysis_date: done } });
        expect(line.context_attributes).toMatchObject({
          file_md5: expect.any(String),
          pcap: expect.stringContaining("token"),
        });
      }
    });
  });

  it("has an hour as a tar of sixty", async () => {
    await withEmulator({ world, clock: () => new Date((done + 3 * 3600) * 1000) }, async (emulator) => {
      const archive = extract();
      Readable.from([await download(emulator, `feeds/file-behaviours/hourly/${hour}`)]).pipe(archive);
      const members = new Map<string, string>();
      for await (const entry of archive) members.set(entry.header.name, (await buffer(entry)).toString());
      expect(members.size).toBe(60);
      expect(parse(members.get(minute) as string).map(({ id }) => id)).toContain(report?.id);
    });
  });

  it("refuses the key at the storage", async () => {
    await withEmulator({ world, clock: () => new Date(readyAt * 1000) }, async (emulator) => {
      const { headers } = await get(emulator, `feeds/file-behaviours/${minute}`);
      expect((await get(emulator, headers.get("location") as string)).status).toBe(400);
    });
  });

  it("is not there too early, nor a week later, and has gaps of one minute", async () => {
    let now = readyAt - 1;
    await withEmulator({ world, clock: () => new Date(now * 1000) }, async (emulator) => {
      const path = `feeds/file-behaviours/${minute}`;
      expect((await get(emulator, path)).body.error.code).toBe("NotAvailableYet");
      expect((await get(emulator, path)).status).toBe(400);
      now = readyAt + 8 * 86_400;
      expect((await get(emulator, path)).status).toBe(404);
      now = readyAt + 86_400;
      const statuses: number[] = [];
      for (let at = 0; at < 200; at += 1)
        statuses.push((await get(emulator, `feeds/file-behaviours/${stamp(done - at * 60, 12)}`)).status);
      const gaps = statuses.flatMap((status, at) => (status === 404 ? [at] : []));
      expect(gaps.length).toBeGreaterThan(0);
      expect(gaps.length).toBeLessThan(20);
      expect(gaps.some((at) => gaps.includes(at + 1))).toBe(false);
      expect((await get(emulator, "feeds/file-behaviours/20261005")).body.error.code).toBe("InvalidArgumentError");
    });
  });
});
