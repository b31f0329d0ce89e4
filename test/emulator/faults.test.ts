import { request as httpRequest, type IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import {
  CONTENT_FAULTS,
  type Emulator,
  FAULT_MODES,
  type FaultMode,
  type TransportFault,
} from "../../src/emulator/index.ts";
import { all, get, smallWorld, withEmulator } from "./support.ts";

const world = smallWorld();
const path = "popular_threat_categories";
const faults = (mode: FaultMode) => ({ rate: 1, modes: [mode], maxPerRequest: 2 });

interface Raw {
  readonly status?: number;
  readonly headers?: IncomingMessage["headers"];
  readonly text: string;
  readonly error?: string;
}

/** A request as it comes off the socket, broken or not. */
function raw(emulator: Emulator): Promise<Raw> {
  return new Promise((resolve) => {
    const request = httpRequest(
      `${emulator.baseUrl}/${path}`,
      { headers: { "x-apikey": "emulator-key" }, agent: false },
      (response) => {
        let text = "";
        const head = { status: response.statusCode as number, headers: response.headers };
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ ...head, text }));
        response.on("error", (error: NodeJS.ErrnoException) => resolve({ ...head, text, error: error.code as string }));
      },
    );
    request.on("error", (error: NodeJS.ErrnoException) => resolve({ text: "", error: error.code as string }));
    request.end();
  });
}

function once(mode: TransportFault): Promise<Raw> {
  return withEmulator({ world, faults: faults(mode) }, raw);
}

describe("transport faults", () => {
  it("429 in every form", async () => {
    const quota = await once("quota");
    expect(quota.status).toBe(429);
    expect(quota.headers?.["retry-after"]).toBeUndefined();
    expect(JSON.parse(quota.text).error.code).toBe("QuotaExceededError");
    expect((await once("retry-after-seconds")).headers?.["retry-after"]).toBe("1");
    expect((await once("retry-after-date")).headers?.["retry-after"]).toBe("Tue, 03 Nov 2026 12:00:01 GMT");
    const html = await once("quota-html");
    expect(html).toMatchObject({ status: 429, headers: { "content-type": expect.stringContaining("text/html") } });
    expect(html.text).toContain("<title>429</title>");
  });

  it("502, 503 and 504", async () => {
    expect(JSON.parse((await once("transient")).text).error.code).toBe("TransientError");
    expect(await once("deadline")).toMatchObject({
      status: 504,
      text: expect.stringContaining("DeadlineExceededError"),
    });
    expect(await once("bad-gateway-html")).toMatchObject({ status: 502, text: expect.stringContaining("<html>") });
  });

  it("resets", async () => {
    expect(await once("reset-before-headers")).toMatchObject({ error: "ECONNRESET", text: "" });
    // A reset may overtake headers that were not read yet: only the error is sure.
    expect(await once("reset-after-headers")).toMatchObject({ error: "ECONNRESET", text: "" });
  });

  it("truncated bodies, with a right length and with a wrong one", async () => {
    const right = await once("truncated");
    expect(Number(right.headers?.["content-length"])).toBe(right.text.length);
    expect(() => JSON.parse(right.text)).toThrow();
    const wrong = await once("truncated-length");
    expect(Number(wrong.headers?.["content-length"])).toBeGreaterThan(wrong.text.length);
    expect(wrong.error).toBe("ECONNRESET");
  });

  it("drips", async () => {
    const started = performance.now();
    const slow = await once("slow");
    expect(performance.now() - started).toBeGreaterThan(120);
    expect(JSON.parse(slow.text).data).toContain("worm");
  });

  it("lets the same request through after maxPerRequest, and logs each try", async () => {
    await withEmulator({ world, faults: faults("transient") }, async (emulator) => {
      const statuses = [
        await get(emulator, path),
        await get(emulator, path),
        await get(emulator, path),
        await get(emulator, path),
      ].map(({ status }) => status);
      expect(statuses).toEqual([503, 503, 200, 200]);
      expect(emulator.requests.map(({ status }) => status)).toEqual(statuses);
    });
    await withEmulator({ world, faults: faults("reset-before-headers") }, async (emulator) => {
      await raw(emulator);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(emulator.requests.map(({ status }) => status)).toEqual([0]);
    });
  });

  it("hits the same requests for the same seed, whatever their order, and about as many as the rate says", async () => {
    const hit = (order: readonly string[]) =>
      withEmulator({ world, faults: { rate: 0.3, modes: ["transient"], seed: "s" } }, async (emulator) => {
        const failed: string[] = [];
        for (const query of order) if ((await get(emulator, "search", { query })).status === 503) failed.push(query);
        return failed.sort();
      });
    const queries = Array.from({ length: 100 }, (_, at) => `host${at}.example`);
    const failed = await hit(queries);
    expect(await hit(queries.toReversed())).toEqual(failed);
    expect(failed.length).toBeGreaterThan(15);
    expect(failed.length).toBeLessThan(45);
  });

  it("comes after who is let in, and can be changed while running", async () => {
    await withEmulator({ world, faults: faults("transient") }, async (emulator) => {
      expect((await get(emulator, path, {}, { "x-apikey": "wrong" })).status).toBe(401);
      emulator.setFaults(undefined);
      expect((await get(emulator, path)).status).toBe(200);
    });
  });
});

describe("content faults", () => {
  const everything = { query: "entity:file", order: "first_submission_date+", limit: "25" };
  const ids = world.samples.map(({ sha256 }) => sha256);

  it("puts an object that is gone into a listing", async () => {
    await withEmulator({ world, faults: faults("error-items") }, async (emulator) => {
      const items = await all(emulator, "intelligence/search", everything);
      expect(items.filter(({ error }) => error)).toHaveLength(5);
      expect(items.filter(({ attributes }) => attributes).map(({ id }) => id)).toEqual(ids);
    });
  });

  it("leaves empty relationships out, never full ones", async () => {
    const sample = world.samples.find(
      ({ relationships: { contacted_ips: ips = [], dropped_files: dropped = [] } }) =>
        ips.length > 0 && dropped.length === 0,
    );
    await withEmulator({ world, faults: faults("missing-relationships") }, async (emulator) => {
      const { body } = await get(emulator, `files/${sample?.sha256}`, {
        relationships: "contacted_ips,dropped_files",
      });
      expect(Object.keys(body.data.relationships)).toEqual(["contacted_ips"]);
    });
  });

  it("repeats an item on the next page", async () => {
    await withEmulator({ world, faults: faults("duplicate-items") }, async (emulator) => {
      const found = (await all(emulator, "intelligence/search", everything)).map(({ id }) => id);
      expect(found.length).toBe(124);
      expect([...new Set(found)]).toEqual(ids);
    });
  });

  it("repeats a page under the next cursor", async () => {
    await withEmulator({ world, faults: faults("repeated-page") }, async (emulator) => {
      const found = (await all(emulator, "intelligence/search", everything)).map(({ id }) => id);
      expect(found.length).toBe(25 * 8 + 20);
      expect([...new Set(found)]).toEqual(ids);
    });
  });
});

describe("all faults at once", () => {
  /** A client that tries again until it gets JSON with the status 200. */
  async function persistent(
    url: string,
  ): Promise<{ data: { id: string; error?: unknown }[]; links: { next?: string } }> {
    for (let tries = 0; tries < 10; tries += 1) {
      try {
        const response = await fetch(url, { headers: { "x-apikey": "emulator-key" } });
        if (response.status === 200) return JSON.parse(await response.text());
        await response.body?.cancel();
      } catch {
        // Tried again, whatever it was.
      }
    }
    throw new Error("never got through");
  }

  it("lets a client that tries again have everything", async () => {
    await withEmulator({ world, faults: { rate: 0.5, modes: FAULT_MODES, seed: 4, slowMs: 20 } }, async (emulator) => {
      const found = new Set<string>();
      let url: string | undefined = `${emulator.baseUrl}/intelligence/search?query=entity:file&limit=7`;
      while (url) {
        const page = await persistent(url);
        for (const { id, error } of page.data) if (!error) found.add(id);
        url = page.links.next;
      }
      expect(found).toEqual(new Set(world.samples.map(({ sha256 }) => sha256)));
      expect(emulator.requests.some(({ status }) => status !== 200)).toBe(true);
      expect(CONTENT_FAULTS).toHaveLength(4);
    });
  });
});
