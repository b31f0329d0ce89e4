/** Operators' rulings as they are typed, and what they leave in the store and in the outputs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";

const because = ["--reason", "because"];

it.each([
  ["deny", "hxxp://Evil-Quillet[.]top", [], "domain", "evil-quillet.top"],
  ["deny", "hxxp://198.51.100[.]7", [], "ipv4", "198.51.100.7"],
  ["deny", "hxxp://evil-quillet[.]top", ["--type", "url"], "url", "http://evil-quillet.top/"],
  ["deny", "hxxp://evil-quillet[.]top/", [], "url", "http://evil-quillet.top/"],
  ["allow", "EVIL-quillet[.]top", ["--type", "domain"], "domain", "evil-quillet.top"],
  ["deny", "D41D8CD98F00B204E9800998ECF8427E", ["--type", "ja3s"], "ja3s", "d41d8cd98f00b204e9800998ecf8427e"],
])("%s %s %j rules on the %s %s", async (action, given, flags, type, value) => {
  const cwd = temporaryFolder();
  const run = await rulewright([action, given, ...flags, ...because], { cwd });
  expect(run.code, run.stderr).toBe(0);
  const listed = (await rulewright(["list", "--json"], { cwd })).stdout.trim().split("\n");
  expect(listed.map((line) => JSON.parse(line)).map((own) => [own.type, own.value])).toEqual([[type, value]]);
});

it.each([
  ["d41d8cd98f00b204e9800998ecf8427e", /MD5 of a file, a JA3 or a JA3S\. Say which: --type ja3 or --type ja3s; a file/],
  ["da39a3ee5e6b4b0d3255bfef95601890afd80709", /SHA-1 of a file or of a certificate\. Say which: --type certificate;/],
])("%s has to be named", async (value, message) => {
  const run = await rulewright(["deny", value, ...because], { cwd: temporaryFolder() });
  expect(run.stderr).toMatch(message);
  expect(run.code).toBe(2);
});

it("explains a host that is pasted as a URL", async () => {
  const run = await rulewright(["explain", "hxxp://gravelmittenorchid[.]top", samples]);
  expect(run.stdout).toMatch(/^gravelmittenorchid\[\.\]top {2}\(domain\)\n/);
  expect(run.code, run.stderr).toBe(0);
});

it("withdraws a host with the URLs on it, says whose word it was, and brings both back", async () => {
  const cwd = temporaryFolder();
  const host = "sync.lanternsorrelvault.com";
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await rulewright(args, { cwd, env: { SOURCE_DATE_EPOCH: "1796083200" } });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const active = async (): Promise<string[]> => {
    await run("export", "--to", "suricata");
    const rules = readFileSync(join(cwd, "out/suricata/rulewright.rules"), "utf8").split("\n");
    return rules.filter((line) => line.startsWith("alert") && line.includes(host));
  };
  await run("ingest", samples);
  const before = await active();
  expect(before).toHaveLength(4);

  await run("revoke", host, "--reason", "sinkholed by the registrar");
  expect(await active()).toEqual([]);
  expect(await run("explain", host)).toMatch(
    /\n {2}keep, .*\n {2}revoked: withdrawn by the operator on 2026-12-01: sinkholed by the registrar\n/,
  );
  const url = "https://sync.lanternsorrelvault.com/api/v2/fetch;pane=4";
  expect(await run("explain", url)).toContain(
    "  revoked: withdrawn with its host sync[.]lanternsorrelvault[.]com by the operator on 2026-12-01: sinkholed",
  );
  const ruling = { action: "revoke", reason: "sinkholed by the registrar", ruledAt: "2026-12-01T00:00:00.000Z" };
  expect(JSON.parse(await run("explain", host, "--json"))).toMatchObject({ status: "revoked", ruling });
  expect(JSON.parse(await run("explain", url, "--json"))).toMatchObject({
    status: "revoked",
    ruling: { ...ruling, of: { type: "domain", value: host } },
  });
  const refused = await rulewright(["restore", url], { cwd });
  expect(refused.stderr).toContain(`It was withdrawn with its host: rulewright restore ${host}`);

  await run("restore", host);
  expect((await active()).map((line) => line.replace(/rev:\d+/, ""))).toEqual(
    before.map((line) => line.replace(/rev:\d+/, "")),
  );
  expect(JSON.parse(await run("explain", host, "--json"))).not.toHaveProperty("ruling");
});

it("lists the rulings, by type and value", async () => {
  const cwd = temporaryFolder();
  const ruled = async (action: string, value: string, reason: string): Promise<void> => {
    const env = { SOURCE_DATE_EPOCH: "1796083200" };
    expect((await rulewright([action, value, "--reason", reason], { cwd, env })).code).toBe(0);
  };
  await ruled("deny", "45.32.17[.]9", "seen here");
  await ruled("allow", "cdn.example.org", "ours, says the \u001b[31mweb team");
  const text = await rulewright(["list", "--rulings"], { cwd });
  expect(text.stdout).toBe(
    "allow   2026-12-01  domain       cdn[.]example[.]org  ours, says the  [31mweb team\n" +
      "deny    2026-12-01  ipv4         45[.]32[.]17[.]9  seen here\n",
  );
  const json = await rulewright(["list", "--rulings", "--json"], { cwd });
  const at = { ruledAt: "2026-12-01T00:00:00.000Z" };
  expect(
    json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { type: "domain", value: "cdn.example.org", action: "allow", reason: "ours, says the \u001b[31mweb team", ...at },
    { type: "ipv4", value: "45.32.17.9", action: "deny", reason: "seen here", ...at },
  ]);
  expect((await rulewright(["list", "--rulings", "--decision", "keep"], { cwd })).code).toBe(2);
});

it.each([
  [
    "co.uk",
    /^warning: co\.uk is a public suffix: many owners below it\. Every output now takes it and every name below it for malware\. Take /m,
  ],
  [
    "8.8.8.8",
    /^warning: .*resolver.* Every output now takes it for malware\. Take that back: rulewright restore 8\.8\.8\.8$/m,
  ],
])("denies %s, with a warning of what that hits", async (value, warning) => {
  const run = await rulewright(["deny", value, ...because], { cwd: temporaryFolder() });
  expect(run.stderr).toMatch(warning);
  expect(run.stderr).toContain("Always an indicator:");
  expect(run.code).toBe(0);
});

it("denies no name that no output can say", async () => {
  const { code, stderr } = await rulewright(["deny", "com", ...because], { cwd: temporaryFolder() });
  expect(stderr).toMatch(/com is no host name but a top-level domain.*\[USAGE\]/);
  expect(code).toBe(2);
});
