/** Releases through the real suricata-update, over HTTP, as a sensor takes them. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { rulewright, samples } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";

const itUpdates = itNeeds("suricata-update");
const sidsOf = (rules: readonly string[]): number[] =>
  rules.map((rule) => Number(/ sid:(\d+);/.exec(rule)?.[1])).sort();

describe("suricata-update", () => {
  const work = mkdtempSync(join(tmpdir(), "rulewright-update-"));
  const out = join(work, "out");
  let server: Server;
  let url: string;
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = join(out, request.url as string);
      asked.push(`${request.method} ${request.url}`);
      if (existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/suricata/suricata.tar.gz`;
    mkdirSync(join(work, "reports"));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(work, { recursive: true, force: true });
  });

  async function release(files: readonly string[], to = "suricata"): Promise<void> {
    rmSync(join(work, "reports"), { recursive: true });
    for (const name of files) cpSync(join(samples, name), join(work, "reports", name));
    const { code, stderr } = await rulewright(["generate", "reports", "--to", to, "--out", "out"], {
      cwd: work,
    });
    expect(code, stderr).toBe(0);
  }

  /** The rules a sensor has after it asked for the release. */
  async function update(conf: { readonly disable?: string; readonly enable?: string } = {}) {
    const data = join(work, "sensor");
    writeFileSync(join(work, "disable.conf"), conf.disable ?? "");
    writeFileSync(join(work, "enable.conf"), conf.enable ?? "");
    const filters = ["--disable-conf", join(work, "disable.conf"), "--enable-conf", join(work, "enable.conf")];
    const args = ["update", "-D", data, "--now", "--no-reload", "--url", url, ...filters];
    const { stderr } = await promisify(execFile)("suricata-update", args, { maxBuffer: 1 << 26 });
    expect(stderr).not.toMatch(/<(?:Error|Warning)>/);
    const rules = readFileSync(join(data, "rules/suricata.rules"), "utf8")
      .split("\n")
      .filter((line) => line.includes('msg:"RULEWRIGHT'));
    const isOff = (rule: string): boolean => rule.startsWith("#");
    return {
      on: rules.filter((rule) => !isOff(rule)),
      off: rules.filter(isOff),
      lists: readdirSync(join(data, "rules")),
    };
  }

  itUpdates(
    "takes rules and lists, and keeps disable.conf valid over two releases",
    async () => {
      const files = readdirSync(samples).sort();
      await release(files.filter((_, index) => index % 4 !== 0));
      const first = await update();
      const published = readFileSync(join(out, "suricata/rulewright.rules"), "utf8").split("\n");
      const inFiles = readFileSync(join(out, "suricata/rulewright-files.rules"), "utf8").split("\n");
      const written = [...published, ...inFiles].filter((line) => line.startsWith("alert"));
      expect(sidsOf(first.on)).toEqual(sidsOf(written));
      expect(first.lists).toContain("rulewright-sha256.lst");

      const [tuned] = first.on.filter((rule) => rule.startsWith("alert dns")) as [string];
      const [sid] = sidsOf([tuned]) as [number];
      const disable = `${sid}\nmetadata:signature_severity Minor\n`;
      await release(files);
      asked.length = 0;
      const second = await update({ disable });
      expect(asked).toEqual(["GET /suricata/suricata.tar.gz.md5", "GET /suricata/suricata.tar.gz"]);
      const off = second.off.filter((rule) => rule.includes(` sid:${sid};`));
      expect(off.map((rule) => rule.replace(/ rev:.*/, ""))).toEqual([`# ${tuned.replace(/ rev:.*/, "")}`]);
      expect(
        second.off.every((rule) => rule.includes(` sid:${sid};`) || rule.includes("signature_severity Minor")),
      ).toBe(true);
      expect(second.on.length).toBeGreaterThan(first.on.length);

      asked.length = 0;
      const third = await update({ disable: "re:RULEWRIGHT\n", enable: "metadata:confidence High\n" });
      expect(asked).toEqual(["GET /suricata/suricata.tar.gz.md5"]);
      expect(third.on.length).toBeGreaterThan(0);
      expect(third.on.every((rule) => rule.includes("confidence High"))).toBe(true);
      expect(third.off.every((rule) => !rule.includes("confidence High"))).toBe(true);
    },
    120_000,
  );

  itUpdates(
    "takes datasets, whose files it moves and whose rules it rewrites",
    async () => {
      await release(readdirSync(samples).sort(), "suricata:dataset");
      const { on, lists } = await update();
      const sets = on.filter((rule) => rule.includes("dataset:"));
      expect(sets.length).toBeGreaterThan(0);
      expect(sets.every((rule) => /,load datasets\/[0-9a-f]{32},/.test(rule))).toBe(true);
      expect(lists).toContain("datasets");
    },
    120_000,
  );
});
