/** `rulewright push` end to end, with a sink of a plugin and a target on this machine. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";

const PLUGIN = `
import { definePlugin, defineSink, SecretRef, targetError, z } from "rulewright/plugin";

/** One POST a line; the line is id and version. */
const lines = defineSink({
  name: "lines",
  description: "a line a request",
  options: z.object({ url: z.url(), token: SecretRef.optional() }),
  accepts: ["text/csv"],
  async publish(chunks, { options, http, deliveries, secret, isDryRun }) {
    const token = options.token ? secret(options.token) : "none";
    const objects = { delivered: 0, unchanged: 0, failed: 0 };
    const failures = [];
    let bytes = 0;
    for await (const { data } of chunks) {
      for (const id of String(data).split("\\n").filter(Boolean)) {
        if ((await deliveries.versions([id])).get(id) === "1") {
          objects.unchanged += 1;
          continue;
        }
        bytes += id.length;
        if (isDryRun) {
          objects.delivered += 1;
          continue;
        }
        const answer = await http
          .send({ method: "POST", url: options.url, headers: { authorization: token }, body: id })
          .catch((cause) => {
            throw targetError("unavailable", "no answer with " + token + ": " + cause.message, { cause });
          });
        if (answer.status === 401) throw targetError("refused", "the target does not take " + token + ".");
        if (answer.status === 422) {
          objects.failed += 1;
          failures.push({ id, reason: answer.text });
        } else {
          objects.delivered += 1;
          await deliveries.record([{ id, version: "1" }]);
        }
      }
    }
    return { target: options.url, changed: objects.delivered > 0, bytes, objects, failures };
  },
});
export default definePlugin({ name: "lab", apiVersion: 1, sinks: [lines] });
`;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Target {
  readonly url: string;
  readonly got: { readonly body: string; readonly headers: IncomingMessage["headers"] }[];
  status: (body: string) => number;
  /** What it says; default: its status. */
  words?: string;
}

async function target(delayMs = 0): Promise<Target> {
  const got: Target["got"] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const status = own.status(body);
    if (status === 200) got.push({ body, headers: request.headers });
    await wait(delayMs);
    response.writeHead(status).end(own.words ?? `status ${status}`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own: Target = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, status: () => 200 };
  return own;
}

interface Lab {
  readonly folder: string;
  push(...args: string[]): ReturnType<typeof rulewright>;
}

async function lab(sinks: string, env: Record<string, string> = {}): Promise<Lab> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "lab.ts"), PLUGIN);
  mkdirSync(join(folder, "templates/csv"), { recursive: true });
  writeFileSync(join(folder, "templates/csv/row.hbs"), "{{value}}");
  const ingested = await rulewright(["ingest", join(samples, "tinlantern-1_zenbox.json")], { cwd: folder, env });
  expect(ingested.code, ingested.stderr).toBe(0);
  writeFileSync(join(folder, "rulewright.yaml"), `plugins: [./lab.ts]\n${sinks}`);
  return { folder, push: (...args) => rulewright(["push", ...args], { cwd: folder, env }) };
}

/** The sink entry `tip` for a target. */
const tip = (url: string, more = ""): string =>
  `sinks:\n  tip: { sink: lines, exports: [csv], maxTlp: amber${more}, options: { url: "${url}", token: { env: TIP_TOKEN } } }\n`;
const TOKEN = { TIP_TOKEN: "hush-4d1c9a" };

describe("rulewright push", () => {
  it("sends each thing once, with the secret, and the next push sends nothing", async () => {
    const { url, got } = await target();
    const { push } = await lab(tip(url), TOKEN);
    const first = await push();
    expect(first.code, first.stderr).toBe(0);
    const sent = got.map(({ body }) => body);
    expect(sent).toContain("gravelmittenorchid.top");
    expect(new Set(sent).size).toBe(sent.length);
    expect(got[0]?.headers.authorization).toBe(TOKEN.TIP_TOKEN);
    expect(got[0]?.headers["content-length"]).toBe(String(got[0]?.body.length));
    const second = await push("--json");
    expect(got.length).toBe(sent.length);
    expect(JSON.parse(second.stdout)).toMatchObject([
      { sink: "tip", export: "csv", changed: false, objects: { delivered: 0, unchanged: sent.length, failed: 0 } },
    ]);
  });

  it("leaves a target to the process that pushes to it", async () => {
    const { url, got } = await target(300);
    const { push } = await lab(tip(url), TOKEN);
    const both = await Promise.all([push(), push()]);
    const sent = got.map(({ body }) => body);
    expect(new Set(sent).size).toBe(sent.length);
    const [first, second] = both.toSorted((a, b) => Number(a.code) - Number(b.code));
    expect([first?.code, second?.code], second?.stderr).toEqual([0, 3]);
    expect(second?.stderr).toMatch(/error: tip: The push tip runs in another process \(.*\)\..*\[STORE_BUSY\]/);
    expect((await push()).stderr).toMatch(new RegExp(`^tip +csv +0 sent, ${sent.length} unchanged`, "m"));
  });

  it("sends everything once more to a target that has lost it, with --again", async () => {
    const { url, got } = await target();
    const { push } = await lab(tip(url), TOKEN);
    await push();
    const sent = got.splice(0).map(({ body }) => body);
    expect((await push("--again", "--dry-run")).stderr).toMatch(
      new RegExp(`tip +csv +would send ${sent.length}, 0 unchanged\n`),
    );
    expect(got).toEqual([]);
    expect((await push("--again")).code).toBe(0);
    expect(got.map(({ body }) => body)).toEqual(sent);
    await push();
    expect(got.length).toBe(sent.length);
  });

  it("goes on after a target that was down, with 3, and loses and repeats nothing", async () => {
    const tipTarget = await target();
    const { push } = await lab(tip(tipTarget.url), TOKEN);
    await push();
    const wanted = tipTarget.got.map(({ body }) => body).sort();
    const down = await target();
    const { push: other } = await lab(tip(down.url), TOKEN);
    let left = 3;
    down.status = () => (left-- > 0 ? 200 : 401);
    const refused = await other();
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("the target does not take [secret]. [PUSH_REFUSED]");
    down.status = () => 200;
    expect((await other()).code).toBe(0);
    expect(down.got.map(({ body }) => body).sort()).toEqual(wanted);
    servers.splice(0).map((server) => server.close());
    const { push: nobody } = await lab(tip(down.url), TOKEN);
    const unreachable = await nobody();
    expect(unreachable.code).toBe(3);
    expect(unreachable.stderr).toContain("[PUSH_UNAVAILABLE]");
    expect(unreachable.stderr).not.toContain(TOKEN.TIP_TOKEN);
  });

  it("names what was not taken, with 4, and tries it again", async () => {
    const tipTarget = await target();
    const { push } = await lab(tip(tipTarget.url), TOKEN);
    tipTarget.status = (body) => (body === "gravelmittenorchid.top" ? 422 : 200);
    const refused = await push();
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("tip: csv: gravelmittenorchid.top: status 422");
    tipTarget.status = () => 200;
    expect((await push()).code).toBe(0);
    expect(tipTarget.got.at(-1)?.body).toBe("gravelmittenorchid.top");
  });

  it("masks the secret where the target repeats it, as it is or within a header", async () => {
    const tipTarget = await target();
    const { push } = await lab(tip(tipTarget.url), TOKEN);
    tipTarget.status = () => 422;
    tipTarget.words = `no: ${TOKEN.TIP_TOKEN}, Basic ${btoa(`feed:${TOKEN.TIP_TOKEN}`)}`;
    const refused = await push("--json");
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("no: [secret], Basic");
    for (const text of [refused.stderr, refused.stdout]) {
      expect(text).not.toContain(TOKEN.TIP_TOKEN);
      expect(text).not.toContain(btoa(TOKEN.TIP_TOKEN).slice(0, 8));
      expect(text).not.toContain(btoa(`feed:${TOKEN.TIP_TOKEN}`).slice(8, 16));
    }
  });

  it("sends nothing in a dry run, and says what it would", async () => {
    const { url, got } = await target();
    const { push } = await lab(tip(url), TOKEN);
    const dry = await push("--dry-run");
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stderr).toMatch(/^sink +export +result\ntip +csv +would send [1-9]\d*, 0 unchanged$/m);
    expect(got).toEqual([]);
    expect((await push()).stderr).toMatch(/^tip +csv +[1-9]\d* sent, 0 unchanged$/m);
    expect(got.length).toBeGreaterThan(0);
  });

  it("sends nothing above the level of the target, and says so", async () => {
    const { url, got } = await target();
    const { push } = await lab(tip(url).replace("maxTlp: amber", "maxTlp: green"), TOKEN);
    const { code, stderr, stdout } = await push("--json");
    expect(code).toBe(0);
    const [outcome] = JSON.parse(stdout);
    const { aboveMaxTlp } = outcome.heldBack;
    expect(outcome).toMatchObject({ in: 0, heldBack: { byWhere: 0 } });
    expect(aboveMaxTlp).toBeGreaterThan(0);
    expect(stderr).toMatch(new RegExp(`^tip +csv +1 sent, 0 unchanged, ${aboveMaxTlp} above green held back$`, "m"));
    expect(stderr).toContain(
      `warning: tip: csv: nothing goes out, all indicators are held back: ${aboveMaxTlp} above green (maxTlp). See sinks.tip in the config.`,
    );
    // The header of the empty list.
    expect(got.map(({ body }) => body)).toEqual(["value"]);
  });

  it("says how many a filter leaves out, and warns only when nothing is left", async () => {
    const { url } = await target();
    const { push } = await lab(tip(url, ", where: type=domain"), TOKEN);
    const { stderr, stdout } = await push("--json");
    const [{ in: taken, heldBack }] = JSON.parse(stdout);
    expect(taken).toBeGreaterThan(0);
    expect(heldBack).toEqual({ aboveMaxTlp: 0, byWhere: expect.any(Number) });
    expect(heldBack.byWhere).toBeGreaterThan(0);
    expect(stderr).toMatch(new RegExp(`^tip +csv +.*, ${heldBack.byWhere} held back by where$`, "m"));
    expect(stderr).not.toContain("nothing goes out");
  });

  it.each([
    ["no sinks", "tlp: amber\n", [], "SINK_UNKNOWN", "nothing to push to"],
    ["an unknown sink", tip("http://127.0.0.1:9/"), ["tpi"], "SINK_UNKNOWN", 'did you mean "tip"'],
    ["a sink that is no plugin's", tip("http://127.0.0.1:9/").replace("lines", "linse"), [], "SINK_UNKNOWN", '"lines"'],
    [
      "a format the sink does not take",
      tip("http://127.0.0.1:9/").replace("[csv]", "[csv:jsonl]"),
      [],
      "OPTION_INVALID",
      "csv:csv",
    ],
    [
      "an option that does not exist",
      tip("http://127.0.0.1:9/").replace("token:", "tokn:"),
      [],
      "OPTION_INVALID",
      '"token"',
    ],
    [
      "no level",
      tip("http://127.0.0.1:9/").replace("maxTlp: amber, ", ""),
      [],
      "CONFIG_INVALID",
      "sinks.tip.maxTlp: required: clear, green, amber, amber+strict, red.",
    ],
    [
      "no URL",
      tip("http://127.0.0.1:9/").replace('url: "http://127.0.0.1:9/", ', ""),
      [],
      "OPTION_INVALID",
      "sinks.tip.options.url: required.",
    ],
    [
      "a secret that stands there",
      tip("http://127.0.0.1:9/").replace("{ env: TIP_TOKEN }", "abc"),
      [],
      "OPTION_INVALID",
      "sinks.tip.options.token: a secret is named, never written: { env: NAME } or { file: PATH }.",
    ],
    [
      "a key of VirusTotal that stands there",
      "virustotal: { apiKey: abc }\n",
      [],
      "CONFIG_INVALID",
      "virustotal.apiKey: a secret is named, never written: { env: NAME } or { file: PATH }.",
    ],
    [
      "verify that is neither yes nor no",
      'exports: { suricata: { verify: "yes" } }\n',
      [],
      "CONFIG_INVALID",
      "exports.suricata.verify: true, false, or a map of onFailure,",
    ],
    [
      "a certificate that is none",
      tip("http://127.0.0.1:9/", ", caFile: ./lab.ts"),
      [],
      "NETWORK_SETUP",
      "no certificate",
    ],
  ])("says what is wrong with %s", async (_, config, args, code, words) => {
    const { push } = await lab(config, TOKEN);
    const { code: exit, stderr } = await push(...args);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toContain(words);
    expect(exit).toBe(2);
  });

  it("says which secret is not there", async () => {
    const { push } = await lab(tip("http://127.0.0.1:9/"));
    const { code, stderr } = await push();
    expect(code).toBe(2);
    expect(stderr).toContain("The secret TIP_TOKEN is not set");
  });
});
