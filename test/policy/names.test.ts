/** Names and addresses that look like what they are not: tenants of the well-known, onion services, rented machines. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadWarningLists, type WarningLists } from "../../src/enrich/warning-lists.ts";
import type { Observable, ObservableType } from "../../src/model/observable.ts";
import { fileObject, report, verdictOn } from "../support/reports.ts";

const MALWARE = { verdicts: ["MALWARE"] };
const ONION = `${"qx7".repeat(18)}ad`;

async function outcome(type: ObservableType, value: string, attributes: object, lists?: WarningLists): Promise<string> {
  const { verdict } = await verdictOn({ type, value } as Observable, [report({ ...attributes, ...MALWARE })], lists);
  return `${verdict.decision} ${verdict.reasons.map(({ id }) => id).join(" ")}`;
}
const lookedUp = (hostname: string, lists?: WarningLists) =>
  outcome("domain", hostname, { dns_lookups: [{ hostname }] }, lists);
const contacted = (value: string, destination_port: number, lists?: WarningLists) =>
  outcome("ipv4", value, { ip_traffic: [{ destination_ip: value, destination_port }] }, lists);

describe("warning lists", () => {
  const dir = mkdtempSync(join(tmpdir(), "names-"));
  let lists: WarningLists;
  beforeAll(async () => {
    const write = (name: string, list: object) => {
      mkdirSync(join(dir, name));
      writeFileSync(join(dir, name, "list.json"), JSON.stringify({ name, version: 1, ...list }));
    };
    write("tranco10k", {
      type: "hostname",
      matching_attributes: ["domain", "hostname"],
      list: ["beget.tech", "quillet-morrow.top", "known.beget.tech"],
    });
    write("lots-project", { type: "hostname", matching_attributes: ["hostname"], list: ["slack.com"] });
    write("akamai", { type: "cidr", matching_attributes: ["ip-dst"], list: ["172.224.0.0/12"] });
    lists = await loadWarningLists(dir);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it("say of a shared parent nothing that holds for one customer's name below it", async () => {
    expect(await lookedUp("quillet.beget.tech", lists)).toBe("keep dns-lookup malicious-sample tenant-host");
    expect(await lookedUp("quillet.slack.com", lists)).toBe("keep dns-lookup malicious-sample tenant-host");
  });

  it("speak of the customer's own name and of what is one owner's", async () => {
    expect(await lookedUp("known.beget.tech", lists)).toMatch(/^review .*warning-list/);
    expect(await lookedUp("www.quillet-morrow.top", lists)).toMatch(/^review .*warning-list/);
  });

  it("do not take a rented machine for a shared front end", async () => {
    expect(await contacted("172.233.10.20", 443, lists)).toMatch(/^keep (?!.*shared-address)/);
    expect(await contacted("172.225.10.20", 443, lists)).toMatch(/^drop .*shared-address/);
  });
});

describe("owners", () => {
  it.each([
    ["Akamai International B.V.", "drop"],
    ["Akamai Connected Cloud", "keep"],
  ])("%s: %s", async (as_owner, decision) => {
    const object = { type: "ip_address", id: "45.79.17.7", attributes: { as_owner } };
    const traffic = { ip_traffic: [{ destination_ip: "45.79.17.7", destination_port: 443 }] };
    const { verdict } = await verdictOn({ type: "ipv4", value: "45.79.17.7" }, [
      report({ ...traffic, ...MALWARE }),
      object,
    ]);
    expect(verdict.decision).toBe(decision);
  });
});

describe("names", () => {
  it("an onion service is an address somebody runs, other names below .onion are nothing", async () => {
    expect(await lookedUp(`${ONION}.onion`)).toBe("keep dns-lookup malicious-sample onion-service");
    expect(await lookedUp(`www.${ONION.slice(0, 16)}.onion`)).toBe("keep dns-lookup malicious-sample onion-service");
    expect(await lookedUp("quillet.onion")).toBe("drop special-use-name");
  });

  it("one named like background or like a trade needs more than one sample's word", async () => {
    for (const host of ["myip2.quillet-morrow.net", "ocsp.quillet-morrow.net", "parking1.quillet-morrow.net"])
      expect(await lookedUp(host)).toBe("review dns-lookup malicious-sample looks-like-background");
    expect(await lookedUp("www.quilletbank.com")).toBe("review dns-lookup malicious-sample trade-name");
    expect(await lookedUp("ns1.quilletdomains.com")).toBe("review dns-lookup malicious-sample trade-name");
    expect(await lookedUp("quilletbank-login.com")).toMatch(/^keep /);
    expect(await lookedUp("quilletbank.duckdns.org")).toMatch(/^keep /);
  });

  it.each([
    "smtp.mailhostbox.com",
    "ftp.drivehq.com",
    "0.tcp.eu.ngrok.io",
    "raw.gitmirror.com",
    "files.000webhost.com",
  ])("%s is shared by many", async (host) => expect(await lookedUp(host)).toBe("drop borrowed-host"));

  it.each(["o1.ingest.sentry.io", "sdk.split.io", "api.nordvpn.com"])("%s is a popular service", async (host) =>
    expect(await lookedUp(host)).toBe("drop popular-service"),
  );

  it("keeps the customer of a hoster whose name carries an address", async () => {
    expect(await lookedUp("7.113.32.45.host.secureserver.net")).toBe("keep dns-lookup malicious-sample tenant-host");
  });
});

it("the EICAR test file is no indicator, although every engine detects it", async () => {
  const id = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
  const body = { ...fileObject(1, { last_analysis_stats: { malicious: 60 } }), id };
  const { verdict } = await verdictOn({ type: "sha256", value: id }, [body]);
  expect(verdict.reasons.map((reason) => reason.id)).toEqual(["test-file"]);
});
