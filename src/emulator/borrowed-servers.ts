/** Places that belong to others: dynamic DNS, tenants, platforms, compromised sites, mail servers. */
import { DYNAMIC_DNS, MAIL_PROVIDERS, PLATFORMS, type Platform, TENANT_SUFFIXES } from "./background-traffic.ts";
import { alert, type CampaignInput, type Contact, detections, type Maker, selfSigned } from "./contact.ts";
import { web } from "./dedicated-servers.ts";
import { type Address, type Host, hosting, saying } from "./internet.ts";
import { firmDomain, tenantLabel, word } from "./names.ts";
import { ACCESS, OPERATORS, SHARED_HOSTING } from "./networks.ts";
import { DAY } from "./objects.ts";
import type { Random } from "./random.ts";

export const dynamicDns: Maker = (input) => {
  const { internet, random, family } = input;
  const address = internet.rent(
    random.pick(ACCESS),
    saying("malicious", "dynamic-dns-address", family.name),
    random,
    random.int(0, 4),
  );
  const host = internet.host({
    name: `${tenantLabel(random)}.${random.pick(DYNAMIC_DNS)}`,
    saying: saying("malicious", "dynamic-dns", family.name),
    addresses: [address],
    detections: detections(input, 4, 14),
    // The rank is the parent's: popular as a service, not as this name.
    ranks: random.chance(0.3) ? { Majestic: { rank: random.int(20_000, 90_000), timestamp: input.start } } : {},
  });
  const port = random.pick([1604, 2404, 5552, 6606, 7707, 8808, random.int(1024, 49_000)]);
  return [
    {
      host,
      address,
      port,
      transport: "tcp",
      certificate: selfSigned(input),
      ja3: family.ja3,
      alert: alert(input, "Keep-Alive Outbound"),
    },
  ];
};

export const tenant: Maker = (input) => {
  const { internet, random, family } = input;
  const { suffix, operator } = random.pick(TENANT_SUFFIXES);
  const host = internet.host({
    name: `${tenantLabel(random)}.${suffix}`,
    saying: saying("malicious", "tenant-host", family.name),
    addresses: [internet.frontEnd(operator, saying("context", "tenant-address"), random)],
    detections: detections(input, 4, 12),
  });
  return [web(input, host, {}, false)];
};

export const platform: Maker = (input) => [platformContact(input, input.random.pick(PLATFORMS))];

export const deadDrop: Maker = (input) => {
  const drops = PLATFORMS.filter(
    ({ host }) => host === "t.me" || host === "steamcommunity.com" || host === "rentry.co",
  );
  return [platformContact(input, input.random.pick(drops))];
};

function platformContact(
  { internet, random, family }: CampaignInput,
  { host: name, path, hasCredential }: Platform,
): Contact {
  const host = internet.hosts.get(name) as Host;
  const url = `https://${name}${fillIn(path, random)}`;
  const label = hasCredential
    ? saying("context", "credential-url", family.name)
    : saying("malicious", "platform-url", family.name);
  internet.url(url, label, hasCredential ? 0 : random.int(3, 12));
  const address = random.pick(host.addresses);
  return {
    host,
    address,
    port: 443,
    transport: "tcp",
    url,
    method: "GET",
    userAgent: family.userAgent,
    ja3: family.ja3,
  };
}

/** A random path of a platform's pattern, see `Platform.path`. */
function fillIn(pattern: string, random: Random): string {
  return pattern.replaceAll(/[#*~@]/g, (mark) => {
    if (mark === "#") return String(random.int(1, 9));
    if (mark === "*") return random.hex(1);
    if (mark === "~") return random.text(1, "abcdefghijklmnopqrstuvwxyz");
    return random.text(1, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789");
  });
}

/** An honest firm's site that hands out malware: the URL is wanted, the firm and its shared server are not the enemy. */
export const compromised: Maker = (input) => {
  const { internet, random, family } = input;
  const host = internet.host({
    name: `${random.chance(0.4) ? "www." : ""}${firmDomain(random)}`,
    saying: saying("context", "compromised-site", family.name),
    addresses: [internet.rent(random.pick(SHARED_HOSTING), saying("context", "shared-hosting-address"), random)],
    createdAt: input.start - random.int(900, 7000) * DAY,
    detections: random.int(2, 5),
    ranks: random.chance(0.3) ? { Majestic: { rank: random.int(200_000, 900_000), timestamp: input.start } } : {},
  });
  const address = host.addresses[0] as Address;
  const url = `http://${host.name}/wp-content/${word(random, 2)}/${random.hex(6)}.${random.pick(["exe", "zip", "jpg"])}`;
  internet.url(url, saying("malicious", "compromised-site-url", family.name), random.int(4, 12));
  return [{ host, address, port: 80, transport: "tcp", url, method: "GET", userAgent: family.userAgent }];
};

export const mailServer: Maker = (input) => {
  const { internet, random, family } = input;
  const firm = firmDomain(random);
  const address = internet.rent(
    hosting(random),
    saying("context", "mail-server-address", family.name),
    random,
    random.int(0, 2),
  );
  const host = internet.host({
    name: `mail.${firm}`,
    saying: saying("malicious", "mail-host", family.name),
    addresses: [address],
    createdAt: input.start - random.int(300, 5000) * DAY,
    detections: random.int(2, 7),
  });
  const port = random.pick([587, 587, 25, 465]);
  internet.truth.note("endpoint", `${address.value}:${port}/tcp`, saying("malicious", "mail-endpoint", family.name));
  return [
    {
      host,
      address,
      port,
      transport: "tcp",
      mail: mailOf(`sales@${firm}`, input),
      alert: alert(input, "SMTP Exfiltration"),
      isInMemory: true,
    },
  ];
};

/** Mail sent through a provider with millions of honest users. */
export const mailProvider: Maker = (input) => {
  const { internet, random } = input;
  const { host: name, operator, rank } = random.pick(MAIL_PROVIDERS);
  const host = internet.host({
    name,
    saying: saying("noise", "mail-provider"),
    addresses: [
      internet.known(
        `${OPERATORS[operator].prefixes[0].split(".").slice(0, 3).join(".")}.108`,
        OPERATORS[operator],
        saying("noise", "mail-provider"),
      ),
    ],
    createdAt: 900_000_000,
    ranks: { "Cisco Umbrella": { rank, timestamp: input.start } },
  });
  const address = host.addresses[0] as Address;
  return [{ host, address, port: 587, transport: "tcp", mail: mailOf(`${word(random, 3)}@gmail.com`, input) }];
};

function mailOf(from: string, { random, family }: CampaignInput): NonNullable<Contact["mail"]> {
  return {
    from,
    to: `${word(random, 2)}@${word(random, 2)}.com`,
    subject: `${family.name.slice(0, 2).toUpperCase()} user/DESKTOP-${random.hex(6).toUpperCase()}`,
  };
}
