/**
 * What any network does all day, made in code: browsing, updates, certificate checks, time and mail. No rule may fire
 * on it. It holds nothing captured; hosts, user agents and TLS fingerprints are those of widespread software.
 */
import {
  dnsExchange,
  helloExchange,
  httpExchange,
  type KnownExchange,
  quicExchange,
  smtpExchange,
  tcpExchange,
  tlsExchange,
  udpExchange,
} from "./exchange.ts";
import { helloOfJa3, serverHello } from "./messages.ts";

/** Sites and services that most networks talk to, names and server names. */
const HOSTS =
  `www.google.com www.gstatic.com fonts.googleapis.com clients2.google.com update.googleapis.com edgedl.me.gvt1.com
  www.youtube.com www.bing.com www.microsoft.com login.live.com login.microsoftonline.com outlook.office365.com
  settings-win.data.microsoft.com v10.events.data.microsoft.com ctldl.windowsupdate.com
  fe3cr.delivery.mp.microsoft.com slscr.update.microsoft.com www.msftconnecttest.com www.msftncsi.com
  www.apple.com gdmf.apple.com swscan.apple.com gsp1.apple.com www.icloud.com push.apple.com
  www.facebook.com www.instagram.com web.whatsapp.com www.wikipedia.org en.wikipedia.org www.amazon.com
  s3.amazonaws.com d1.awsstatic.com github.com raw.githubusercontent.com api.github.com registry.npmjs.org
  pypi.org files.pythonhosted.org deb.debian.org security.debian.org archive.ubuntu.com security.ubuntu.com
  connectivity-check.ubuntu.com detectportal.firefox.com aus5.mozilla.org www.cloudflare.com cdnjs.cloudflare.com
  cdn.jsdelivr.net discord.com cdn.discordapp.com slack.com zoom.us teams.microsoft.com www.dropbox.com
  drive.google.com docs.google.com pastebin.com t.co x.com www.linkedin.com www.reddit.com www.netflix.com
  api.ipify.org ipinfo.io pool.ntp.org time.windows.com time.apple.com`.split(/\s+/);

/** Plain HTTP that systems send by themselves: host, target, user agent. */
const REQUESTS: readonly (readonly [string, string, string])[] = [
  ["ocsp.digicert.com", "/MFEwTzBNMEswSTAJBgUrDgMCGgUABBSAUQYBMq2awn1Rh6Doh%2FsBYgFV7gQU", "Microsoft-CryptoAPI/10.0"],
  ["crl3.digicert.com", "/DigiCertGlobalRootG2.crl", "Microsoft-CryptoAPI/10.0"],
  ["r3.o.lencr.org", "/MFMwUTBPME0wSzAJBgUrDgMCGgUABBRI2smg%2ByvTLU%2Fw3mjS9We3NfmzxA", "com.apple.trustd/3.0"],
  ["ocsp.pki.goog", "/gts1c3/MFEwTzBNMEswSTAJBgUrDgMCGgUABBTHLnmK3f9hNLO67UdCuLvGwCQHYw", "Microsoft-CryptoAPI/10.0"],
  [
    "ctldl.windowsupdate.com",
    "/msdownload/update/v3/static/trustedr/en/authrootstl.cab?b0ab2cc3",
    "Microsoft-CryptoAPI/10.0",
  ],
  [
    "au.download.windowsupdate.com",
    "/c/msdownload/update/software/secu/2026/11/windows11.0-kb5000001-x64.cab",
    "Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.50",
  ],
  ["www.msftconnecttest.com", "/connecttest.txt", "Microsoft NCSI"],
  ["www.msftncsi.com", "/ncsi.txt", "Microsoft NCSI"],
  ["captive.apple.com", "/hotspot-detect.html", "CaptiveNetworkSupport-407.0.1 wispr"],
  ["connectivitycheck.gstatic.com", "/generate_204", "Dalvik/2.1.0 (Linux; U; Android 14)"],
  [
    "detectportal.firefox.com",
    "/success.txt?ipv4",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
  ],
  ["deb.debian.org", "/debian/dists/stable/InRelease", "Debian APT-HTTP/1.3 (2.6.1)"],
  ["archive.ubuntu.com", "/ubuntu/dists/noble/InRelease", "Debian APT-HTTP/1.3 (2.7.14)"],
  ["edgedl.me.gvt1.com", "/edgedl/release2/chrome_component/a_1/1.crx3", "Google Update/1.3.36.372;winhttp"],
  [
    "intranet.benign.test",
    "/",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  ],
  [
    "intranet.benign.test",
    "/wiki?page=Home",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
  ],
  [
    "intranet.benign.test",
    "/index.html",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
  ],
  ["intranet.benign.test", "/api/health", "curl/8.10.1"],
  ["intranet.benign.test", "/login.php", "python-requests/2.32.3"],
  ["intranet.benign.test", "/gate.php", "Wget/1.24.5"],
];

const SCHANNEL_CIPHERS =
  "49196-49195-49200-49199-49188-49187-49192-49191-49162-49161-49172-49171-157-156-61-60-53-47-10";

/** JA3 texts of browsers and of the Windows library that many programs use. */
export const COMMON_JA3: Readonly<Record<string, string>> = {
  "Windows SChannel": `771,${SCHANNEL_CIPHERS},0-10-11-13-35-23-65281,29-23-24,0`,
  "Windows SChannel with OCSP": `771,${SCHANNEL_CIPHERS},0-5-10-11-13-35-23-65281,29-23-24,0`,
  "Windows SChannel with ALPN": `771,${SCHANNEL_CIPHERS},0-5-10-11-13-35-16-23-65281,29-23-24,0`,
  "Chrome 83 to 109":
    "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-13-18-51-45-43-27-21,29-23-24,0",
  Firefox:
    "771,4865-4867-4866-49195-49199-52393-52392-49196-49200-49162-49161-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-34-51-43-13-45-28-21,29-23-24-25-256-257,0",
};

/** Public resolvers and time servers, which programs name by address. */
const ADDRESSES: readonly (readonly [string, number, "tcp" | "udp"])[] = [
  ...["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9"].map((address) => [address, 53, "udp"] as const),
  ...["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888"].map(
    (address) => [address, 443, "tcp"] as const,
  ),
  ["216.239.35.0", 123, "udp"],
  ["17.253.34.125", 123, "udp"],
];

/** A few hundred exchanges, always the same. */
export function everydayExchanges(): KnownExchange[] {
  return [
    ...HOSTS.flatMap((host) => [
      dnsExchange(host),
      dnsExchange(host, "udp", { isV6: true }),
      tlsExchange(host),
      tlsExchange(host, "1.3", undefined, { isV6: true }),
      httpExchange({ host }),
    ]),
    ...["www.google.com", "www.youtube.com", "www.cloudflare.com", "www.facebook.com"].map((host) =>
      quicExchange(host),
    ),
    ...REQUESTS.flatMap(([host, target, userAgent]) => [dnsExchange(host), httpExchange({ host, target, userAgent })]),
    ...Object.entries(COMMON_JA3).map(([program, text]) =>
      helloExchange("www.benign.test", `TLS of ${program}`, {
        client: helloOfJa3(text, "www.benign.test"),
        server: serverHello("1.2"),
      }),
    ),
    ...ADDRESSES.map(([address, port, transport]) =>
      transport === "udp" ? udpExchange({ address, port }) : tcpExchange({ address, port }, 2),
    ),
    smtpExchange({ helo: "workstation.benign.test", from: "someone@benign.test" }),
  ];
}
