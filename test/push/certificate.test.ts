/** A push that shows a client certificate and trusts the operator's own authority. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect } from "vitest";
import { rulewright, samples, temporaryFolder } from "../support/cli.ts";
import { itNeeds } from "../support/engines.ts";

/** An authority of its own, a server at 127.0.0.1 and a client named `feed`. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ours", "-days", "2");
  for (const name of ["server", "feed"]) {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
    openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signing);
  }
}

itNeeds("openssl")("shows its certificate, and trusts no server that caFile does not vouch for", async () => {
  const cwd = temporaryFolder();
  makeCertificates(cwd);
  const read = (name: string): string => readFileSync(join(cwd, name), "utf8");
  const clients: unknown[] = [];
  const tls = { key: read("server.key"), cert: read("server.pem"), ca: read("ca.pem"), requestCert: true };
  const server = createServer({ ...tls, rejectUnauthorized: true }, (request, response) => {
    clients.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    request.resume().on("end", () => response.writeHead(201).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const push = async (files: object) => {
    const store = { sink: "http", exports: ["csv"], maxTlp: "amber", options: { url }, ...files };
    writeFileSync(join(cwd, "rulewright.yaml"), JSON.stringify({ sinks: { store } }));
    return rulewright(["push"], { cwd });
  };
  try {
    await rulewright(["ingest", join(samples, "tinlantern-1_zenbox.json")], { cwd });
    const trusting = await push({ certFile: "feed.pem", keyFile: "feed.key" });
    expect(trusting.code).toBe(4);
    expect(trusting.stderr).toMatch(/The certificate of http.* is not trusted.*Check caFile/);
    expect(clients).toEqual([]);
    const pushed = await push({ caFile: "ca.pem", certFile: "feed.pem", keyFile: "feed.key" });
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(clients).toEqual(["feed"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
