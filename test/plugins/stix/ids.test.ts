import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OBSERVABLE_NAMESPACE, observableId } from "../../../plugins/stix/ids.ts";
import { stix } from "../../../plugins/stix/index.ts";
import { RULEWRIGHT_NAMESPACE } from "../../../src/plugin.ts";
import { exampleIndicators, render } from "../../../src/testing.ts";
import { itNeedsReference, referenceDir } from "../../support/engines.ts";
import { independentUuidv5, type Json, readObjects } from "./support.ts";

describe("observable ids", () => {
  it("are those of the standard for a value", () => {
    expect(observableId("ipv4-addr", { value: "198.51.100.3" })).toBe(
      "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
    );
    expect(observableId("domain-name", { value: "example.com" })).toBe(
      "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7",
    );
  });

  it("take one hash, MD5 before SHA-1 before SHA-256", () => {
    const md5 = "8743b52063cd84097a65d1633f5c74f5";
    const sha256 = "35a01331e9ad96f751278b891b6ea09699806faedfa237d40513d92ad1b7100f";
    expect(observableId("file", { hashes: { "SHA-256": sha256, MD5: md5 } })).toBe(
      observableId("file", { hashes: { MD5: md5 } }),
    );
    expect(observableId("file", { hashes: { "SHA-256": sha256 } })).toBe("file--e84a0184-b73e-56af-bce4-e3e2dc530c68");
  });

  it("do not depend on the order of keys", () => {
    const ids = [
      { dst_ref: "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4", dst_port: 443, protocols: ["ipv4", "tcp", "tls"] },
      { protocols: ["ipv4", "tcp", "tls"], dst_port: 443, dst_ref: "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4" },
    ].map((traffic) => observableId("network-traffic", traffic));
    expect(ids).toEqual(Array(2).fill("network-traffic--9aec9b85-2e1f-5484-8ed7-1d9fdfbec56b"));
  });

  it("are refused where only a random one is allowed", () => {
    expect(() => observableId("process", { command_line: "calc.exe" })).toThrow(TypeError);
  });

  itNeedsReference("equal those of python-stix2", () => {
    const { vectors } = JSON.parse(
      readFileSync(join(referenceDir as string, "stix/vectors/sco-id-vectors.json"), "utf8"),
    );
    expect(vectors.length).toBeGreaterThan(30);
    for (const { input, id } of vectors) expect(observableId(input.type, input)).toBe(id);
  });
});

describe("ids in an export", () => {
  const CONTRIBUTING: Record<string, (object: Json) => string> = {
    file: ({ hashes }) => `{"hashes":{"SHA-256":"${hashes["SHA-256"]}"}}`,
    "x509-certificate": ({ hashes }) => `{"hashes":{"SHA-1":"${hashes["SHA-1"]}"}}`,
    mutex: ({ name }) => JSON.stringify({ name }),
    "windows-registry-key": ({ key }) => JSON.stringify({ key }),
    "network-traffic": ({ dst_port, dst_ref, protocols }) => JSON.stringify({ dst_port, dst_ref, protocols }),
  };

  it("are the standard's for observables and ours for everything else", async () => {
    const objects = readObjects((await render(stix, exampleIndicators(), { options: { tlp: "1.0" } })).files);
    let observables = 0;
    for (const object of objects) {
      const uuid = object.id.slice(object.type.length + 2);
      if (object.created === undefined) {
        observables += 1;
        const name = CONTRIBUTING[object.type]?.(object) ?? JSON.stringify({ value: object.value });
        expect(uuid).toBe(independentUuidv5(OBSERVABLE_NAMESPACE, name));
      }
      if (object.type === "indicator") {
        const author = independentUuidv5(RULEWRIGHT_NAMESPACE, "stix:identity:system:Rulewright");
        expect(object.created_by_ref).toBe(`identity--${author}`);
        expect(uuid).toBe(independentUuidv5(author, `indicator:${object.pattern}`));
      }
      expect(uuid[14]).toBe("5");
    }
    expect(observables).toBe(9);
  });

  it("are never those another producer would derive for a domain object in the standard's namespace", async () => {
    const objects = readObjects((await render(stix, exampleIndicators())).files);
    const [subject] = objects.filter(({ type }) => type === "indicator");
    const forbidden = independentUuidv5(OBSERVABLE_NAMESPACE, JSON.stringify({ pattern: subject.pattern }));
    expect(subject.id).not.toContain(forbidden);
  });

  it("are another author's own: only who created an object may version it", async () => {
    const bySoc = { options: { identityName: "Example SOC", identityClass: "organization" } };
    const [ours, theirs] = await Promise.all(
      [{}, bySoc].map(async (settings) => readObjects((await render(stix, exampleIndicators(), settings)).files)),
    );
    const shared = (theirs as Json[]).filter(({ id }) => (ours as Json[]).some((object) => object.id === id));
    // Observables are everybody's, TLP is OASIS's; the extension is Rulewright's, whoever uses it.
    const dated = shared.filter(({ created }) => created !== undefined).map(({ type, name }) => `${type} ${name}`);
    expect(dated).toEqual([
      "marking-definition TLP:AMBER",
      "identity Rulewright",
      "extension-definition TLS fingerprints",
    ]);
    expect(shared.length - dated.length).toBeGreaterThan(8);
  });

  it("of the bundle follow its key, not its content", async () => {
    const bundleId = async (count: number, bundleKey?: string) => {
      const { files } = await render(stix, exampleIndicators().slice(0, count), {
        options: bundleKey ? { bundleKey } : {},
      });
      return JSON.parse(String(files.get("rulewright.stix.json"))).id;
    };
    expect(await bundleId(1)).toBe(await bundleId(3));
    expect(await bundleId(1, "emea")).not.toBe(await bundleId(1));
  });
});
