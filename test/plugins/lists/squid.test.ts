/** What a running Squid denies with the lists, and what it lets pass. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { lists } from "../../../plugins/lists/index.ts";
import { exampleIndicator, render } from "../../../src/testing.ts";
import { itNeeds } from "../../support/engines.ts";

const indicators = [
  exampleIndicator("domain"),
  exampleIndicator("domain", { value: "a.quillet-morrow.top" }),
  exampleIndicator("domain", { value: "quillet.ddns.example", scope: "host" }),
  exampleIndicator("ipv4"),
  exampleIndicator("url", { value: "http://paste.example:9/raw/a.b?c=(d)" }),
];

/** Names that Squid resolves; nothing listens on port 9. */
const HOSTS = `127.0.0.1 notquillet-morrow.top a.quillet.ddns.example paste.example
45.32.17.9 by-address.example
`;

const DENIED = 403;
/** The request was passed on, and nobody answers there. */
const PASSED = 503;

const EXPECTED: Readonly<Record<string, number>> = {
  "http://quillet-morrow.top/": DENIED,
  "http://b.a.quillet-morrow.top:9/x": DENIED,
  "http://notquillet-morrow.top:9/": PASSED,
  "http://quillet.ddns.example/": DENIED,
  "http://a.quillet.ddns.example:9/": PASSED,
  "http://45.32.17.9/": DENIED,
  "http://by-address.example/": DENIED,
  "http://127.0.0.1:9/": PASSED,
  "http://paste.example:9/raw/a.b?c=(d)": DENIED,
  "http://paste.example:9/raw/aXb?c=(d)": PASSED,
  "http://paste.example:9/raw/a.b?c=(d)e": PASSED,
};

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The status that the proxy answers with. Rejects when it does not. */
function statusOf(port: number, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: url, headers: { host: new URL(url).host }, timeout: 10_000 }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode as number));
    })
      .on("error", reject)
      .on("timeout", () => reject(new Error(`no answer for ${url}`)));
  });
}

async function folderFor(port: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "rulewright-squid-"));
  // Squid leaves root for a user of its own.
  chmodSync(folder, 0o755);
  const { files } = await render(lists, indicators, { format: "squid", options: { squidFolder: folder } });
  for (const [path, data] of files) writeFileSync(join(folder, path), data);
  writeFileSync(join(folder, "hosts"), HOSTS);
  writeFileSync(
    join(folder, "squid.conf"),
    `include ${folder}/rulewright.conf
http_access deny rulewright
http_access allow all
http_port 127.0.0.1:${port}
hosts_file ${folder}/hosts
dns_nameservers 127.0.0.1
visible_hostname proxy.example
pid_filename none
access_log none
cache deny all
pinger_enable off
coredump_dir /tmp
`,
  );
  return folder;
}

describe("lists: a running squid", () => {
  itNeeds("squid")("denies what is listed and passes what is beside it", async () => {
    const port = await freeTcpPort();
    const child = spawn("squid", ["-N", "-f", join(await folderFor(port), "squid.conf")], { stdio: "ignore" });
    try {
      await expect.poll(() => statusOf(port, "http://127.0.0.1:9/").catch(() => 0), { timeout: 20_000 }).toBe(PASSED);
      const statuses: Record<string, number> = {};
      for (const url of Object.keys(EXPECTED)) statuses[url] = await statusOf(port, url);
      expect(statuses).toEqual(EXPECTED);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
});
