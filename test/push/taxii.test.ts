/** `rulewright push` as a process, against a TAXII server in trouble: killed in the middle, and everything arrives. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { root, rulewright, temporaryFolder } from "../support/cli.ts";
import { fileObject, report } from "../support/reports.ts";
import { startTaxiiServer, type TaxiiServer, type TaxiiServerOptions } from "../support/taxii-server.ts";

const SAMPLES = 18;
const TOKEN = "hush-2f6d11c0aa";
const LIMIT = 200_000;
const LONG_MS = 600_000;

/** Malicious samples with hosts of their own: more than 5,000 STIX objects. */
function bodies(samples: number): object[] {
  return Array.from({ length: samples }, (_, sample) => {
    const hosts = Array.from({ length: 12 }, (__, n) => ({
      name: `gate-${n}.quillet${sample * 100 + n}.top`,
      address: `93.${100 + sample}.${n + 1}.${7 + n}`,
    }));
    const date = Date.parse("2026-11-20T00:00:00Z") / 1000;
    const attributes = {
      analysis_date: date,
      dns_lookups: hosts.map(({ name, address }) => ({ hostname: name, resolved_ips: [address] })),
      ip_traffic: hosts.map(({ address }, n) => ({
        destination_ip: address,
        destination_port: 4000 + n,
        transport_layer_protocol: "TCP",
      })),
      http_conversations: hosts.map(({ name }) => ({ url: `http://${name}/gate.php`, request_method: "POST" })),
    };
    const stats = { malicious: 50, suspicious: 0, undetected: 10, harmless: 0 };
    return [
      fileObject(sample + 1, { last_analysis_stats: stats, first_submission_date: date }),
      report(attributes, { sample: sample + 1 }),
    ];
  }).flat();
}

const servers: TaxiiServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function start(options: TaxiiServerOptions = {}): Promise<TaxiiServer> {
  const server = await startTaxiiServer({ maxContentLength: LIMIT, authorization: `Bearer ${TOKEN}`, ...options });
  servers.push(server);
  return server;
}

/** A store and a config that names one server. */
async function lab({ url }: TaxiiServer, samples = SAMPLES) {
  const cwd = temporaryFolder();
  const env = { TIP_TOKEN: TOKEN };
  writeFileSync(join(cwd, "bodies.json"), JSON.stringify(bodies(samples)));
  const config = { url, collection: "sandbox", token: { env: "TIP_TOKEN" } };
  const tip = { sink: "taxii", exports: ["stix:objects"], maxTlp: "amber", options: config };
  writeFileSync(join(cwd, "rulewright.yaml"), JSON.stringify({ sinks: { tip } }));
  const ingested = await rulewright(["ingest", "bodies.json"], { cwd, env });
  expect(ingested.code, ingested.stderr).toBe(0);
  return {
    run: (...args: string[]) => rulewright(args, { cwd, env }),
    /** Starts a push and kills it when the server has taken so many envelopes. */
    async killAt(server: TaxiiServer, envelopes: number): Promise<NodeJS.Signals | number | null> {
      const child = spawn(process.execPath, [join(root, "src/cli.ts"), "push"], {
        cwd,
        env: { ...process.env, ...env, RULEWRIGHT_CONFIG: undefined },
        stdio: "ignore",
      });
      const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
        child.on("close", (code, signal) => resolve(code ?? signal)),
      );
      while (server.envelopes.length < envelopes && child.exitCode === null) await wait(1);
      child.kill("SIGKILL");
      return ended;
    },
  };
}

it(
  "brings 5,000 objects whole, in envelopes within the limit; then nothing, then one, then its withdrawal",
  async () => {
    const server = await start();
    const { run } = await lab(server);
    const pushed = await run("push", "--json");
    expect(pushed.code, pushed.stderr).toBe(0);
    const [{ objects }] = JSON.parse(pushed.stdout);
    expect(objects.delivered).toBeGreaterThan(5000);
    expect(server.held.size).toBe(objects.delivered);
    expect(Math.max(...server.envelopes.map(({ bytes }) => bytes))).toBeLessThan(LIMIT);
    expect(server.repeated).toBe(0);
    const seen = new Set<unknown>();
    for (const object of server.envelopes.flatMap((envelope) => envelope.objects)) {
      seen.add(object.id);
      for (const key of ["source_ref", "target_ref", "created_by_ref"])
        if (object[key] !== undefined) expect(seen, `${object.id} came before its ${key}`).toContain(object[key]);
    }

    const before = server.envelopes.length;
    const again = await run("push", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject([{ changed: false, objects: { delivered: 0, failed: 0 } }]);
    expect(server.envelopes.length).toBe(before);

    expect((await run("revoke", "gate-1.quillet1.top", "--reason", "a sinkhole")).code).toBe(0);
    expect((await run("push")).code).toBe(0);
    const last = server.envelopes.slice(before).flatMap((envelope) => envelope.objects);
    const indicators = last.filter(({ type }) => type === "indicator");
    // The host and what stands on it, each with what it was based on and what it indicated.
    expect(indicators.map(({ pattern, revoked }) => [pattern, revoked])).toEqual([
      ["[domain-name:value = 'gate-1.quillet1.top']", true],
      [expect.stringContaining("//gate-1.quillet1.top/"), true],
    ]);
    expect(last.length).toBeLessThan(2 * 5);
  },
  LONG_MS,
);

it(
  "brings everything, once, to a server that fails every third request, and is killed three times",
  async () => {
    const calm = await start();
    const undisturbed = await lab(calm);
    expect((await undisturbed.run("push")).code).toBe(0);

    let refusesOne = true;
    const poison = [...calm.held.keys()].find((id) => id.startsWith("indicator--")) as string;
    const server: TaxiiServer = await start({
      style: "slow",
      refuses: ({ id }) => (refusesOne && id === poison ? "not today" : undefined),
      intercept: (number, request, response) => {
        if (number % 3 !== 0) return false;
        if (number % 2 === 0) request.socket.destroy();
        else response.writeHead(503, { "retry-after": "0" }).end();
        return true;
      },
    });
    const { run, killAt } = await lab(server);
    for (const envelopes of [2, 7, 15]) expect(await killAt(server, envelopes)).toBe("SIGKILL");
    // The request under way may still be answered, to nobody.
    await wait(100);
    const partial = await run("push");
    expect(partial.code, partial.stderr).toBe(4);
    expect(partial.stderr).toContain(`tip: stix: ${poison}: not today`);
    refusesOne = false;
    const rest = await run("push", "--json");
    expect(rest.code, rest.stderr).toBe(0);
    expect(JSON.parse(rest.stdout)).toMatchObject([{ objects: { delivered: 1, failed: 0 } }]);
    expect(new Map([...server.held].sort())).toEqual(new Map([...calm.held].sort()));
    // At most the envelope that was under way came again after each kill.
    expect(server.repeated).toBeLessThanOrEqual(3 * 500);
  },
  LONG_MS,
);

it("shows a dry run, and posts nothing in it", async () => {
  const server = await start();
  const { run } = await lab(server, 1);
  const dry = await run("push", "--dry-run");
  expect(dry.code, dry.stderr).toBe(0);
  expect(dry.stderr).toMatch(/^tip +stix +would send \d{3}, 0 unchanged$/m);
  expect(server.requests.every((line) => line.startsWith("GET"))).toBe(true);
  expect(server.requests.length).toBeGreaterThan(0);
});
