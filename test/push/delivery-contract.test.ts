/** That the contract suite of sinks fails for those that deserve it: it is run here against deliberately bad ones. */
import { describe, expect, it } from "vitest";
import { createSender, type Sender } from "../../plugins/shared/http/sender.ts";
import { type Delivery, defineSink, type Published, SecretRef, type SinkContext, z } from "../../src/plugin.ts";
import { describeDelivery } from "../../src/testing.ts";
import { startFileServer } from "../support/file-server.ts";

const TOKEN = "hush-31cc90aa17";
const Options = z.object({ url: z.url(), token: SecretRef });
type Context = SinkContext<z.output<typeof Options>>;

/** One step of a small sink that puts each line by its first word. */
interface Steps {
  /** Called with each delivery that the target lacks. */
  deliver(ctx: Context, delivery: Delivery, put: () => Promise<void>): Promise<void>;
  isKnown(ctx: Context, delivery: Delivery): Promise<boolean>;
  sender(ctx: Context): Sender;
}

const GOOD: Steps = {
  async isKnown({ deliveries }, { id, version }) {
    return (await deliveries.versions([id])).get(id) === version;
  },
  async deliver({ deliveries, isDryRun }, delivery, put) {
    if (isDryRun) return;
    await put();
    await deliveries.record([delivery]);
  },
  sender: (ctx) => createSender(ctx, { target: "the double" }),
};

function sinkOf(own: Partial<Steps>) {
  const steps = { ...GOOD, ...own };
  return defineSink({
    name: "lines",
    description: "for tests",
    options: Options,
    accepts: ["text/plain"],
    async publish(chunks, ctx): Promise<Published> {
      const send = steps.sender(ctx);
      let bytes = 0;
      for await (const { data } of chunks) {
        for (const line of String(data).split("\n").filter(Boolean)) {
          const [id = "", version = ""] = line.split(" ");
          if (await steps.isKnown(ctx, { id, version })) continue;
          bytes += line.length;
          const url = `${ctx.options.url}${id}`;
          const headers = { authorization: ctx.secret(ctx.options.token) };
          await steps.deliver(ctx, { id, version }, async () => {
            await send({ method: "PUT", url, headers, body: version });
          });
        }
      }
      return { target: ctx.options.url, changed: bytes > 0, bytes };
    },
  });
}

/** Registers the suite with a runner that only collects, runs it, and answers which tests fail. */
async function failing(own: Partial<Steps>): Promise<string[]> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  describeDelivery(sinkOf(own), {
    runner: { describe: (_, body) => body(), it: (name, body) => void tests.push({ name, body }) },
    mediaType: "text/plain",
    chunks: [
      { path: "lines", data: "a 1\nb 1\n" },
      { path: "lines", data: "c 1\nd 1\n" },
    ],
    changed: [{ path: "lines", data: "a 1\nb 1\nc 2\nd 1\n" }],
    secrets: { TOKEN },
    async open() {
      const { url, held, close } = await startFileServer(200);
      return { options: { url, token: { env: "TOKEN" } }, held: () => held, close };
    },
  });
  const failures: string[] = [];
  for (const { name, body } of tests) {
    try {
      await body();
    } catch {
      failures.push(name);
    }
  }
  return failures;
}

const AGAIN = "sends nothing that is acknowledged, and of what changed only that";
const DRY = "sends nothing in a dry run, says what it would, and remembers nothing";
const KILLED = "loses nothing when it is killed after any of its requests";
const TROUBLE = "gets everything to a target that fails every second request";
const DOWN = "says that another run will do when the target stays down or away, and then it does";
const REFUSED = "says that the operator has to act when it is not let in, without the secret";
const ABORTED = "stops when aborted, and goes on later";

describe("the suite of sinks that deliver", () => {
  it("passes a sink that keeps the contract", async () => {
    expect(await failing({})).toEqual([]);
  });

  it("fails a sink that forgets what was acknowledged", async () => {
    expect(await failing({ isKnown: async () => false })).toEqual([AGAIN]);
  });

  it("fails a sink that remembers before the target has answered", async () => {
    const failures = await failing({
      async deliver({ deliveries, isDryRun }, delivery, put) {
        if (isDryRun) return;
        await deliveries.record([delivery]);
        await put();
      },
    });
    expect(failures).toContain(DOWN);
    expect(failures).toContain(ABORTED);
  });

  it("fails a sink that remembers all of it when the first is acknowledged", async () => {
    const ALL = ["a", "b", "c", "d"];
    const atStart = new WeakMap<Context, ReadonlyMap<string, string>>();
    const failures = await failing({
      async isKnown(ctx, { id, version }) {
        const known = atStart.get(ctx) ?? (await ctx.deliveries.versions(ALL));
        atStart.set(ctx, known);
        return known.get(id) === version;
      },
      async deliver(ctx, delivery, put) {
        await GOOD.deliver(ctx, delivery, put);
        if (!ctx.isDryRun) await ctx.deliveries.record(ALL.map((id) => ({ id, version: delivery.version })));
      },
    });
    expect(failures).toContain(KILLED);
  });

  it("fails a sink that sends or remembers in a dry run", async () => {
    const sending: Partial<Steps> = { deliver: (ctx, ...rest) => GOOD.deliver({ ...ctx, isDryRun: false }, ...rest) };
    expect(await failing(sending)).toEqual([DRY]);
    const remembering: Partial<Steps> = {
      async deliver(ctx, delivery, put) {
        await GOOD.deliver(ctx, delivery, put);
        if (ctx.isDryRun) await ctx.deliveries.record([delivery]);
      },
    };
    expect(await failing(remembering)).toEqual([DRY]);
  });

  it("fails a sink that gives up at once, or takes trouble for success", async () => {
    const once = (ctx: Context): Sender => createSender(ctx, { target: "the double", patience: { attempts: 1 } });
    expect(await failing({ sender: once })).toEqual([TROUBLE]);
    const careless = (ctx: Context): Sender => ctx.http.send;
    expect(await failing({ sender: careless })).toEqual([TROUBLE, DOWN, REFUSED]);
  });

  it("fails a sink that says its secret", async () => {
    const failures = await failing({
      async deliver(ctx, delivery, put) {
        ctx.log.debug(`as ${ctx.secret(ctx.options.token)}`);
        return GOOD.deliver(ctx, delivery, put);
      },
    });
    expect(failures.length).toBeGreaterThan(5);
  });
});
