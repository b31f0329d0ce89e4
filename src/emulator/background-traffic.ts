/**
 * What every detonation shows besides the malware: real, well-known names of operating systems, certificate
 * authorities, clocks, address echoes and popular sites, with who runs them. The emulator's own list, written without
 * regard to what the judge ships: a name missing there must show up as a mistake.
 */
import type { Operator } from "./networks.ts";

export interface BackgroundSet {
  readonly class: string;
  readonly operator: Operator | "hosting";
  readonly hosts: readonly string[];
  /** Plain HTTP paths that are really asked for; none means TLS. */
  readonly paths?: readonly string[];
  readonly port?: number;
  readonly transport?: "udp";
  readonly userAgent?: string;
  /** Rough best popularity rank of the set. */
  readonly rank: number;
  /** How often a report shows one of the set. */
  readonly weight: number;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const CRYPTO_API = "Microsoft-CryptoAPI/10.0";

export const BACKGROUND: readonly BackgroundSet[] = [
  {
    class: "os-telemetry",
    operator: "microsoft",
    rank: 30,
    weight: 10,
    hosts: words(`
      settings-win.data.microsoft.com v10.events.data.microsoft.com v20.events.data.microsoft.com
      self.events.data.microsoft.com watson.telemetry.microsoft.com slscr.update.microsoft.com
      fe3cr.delivery.mp.microsoft.com www.microsoft.com go.microsoft.com login.live.com login.microsoftonline.com
      g.live.com oneclient.sfx.ms edge.microsoft.com config.edge.skype.com nexusrules.officeapps.live.com
      ecs.office.com arc.msn.com www.msn.com assets.msn.com www.bing.com fs.microsoft.com
      storeedgefd.dsx.mp.microsoft.com displaycatalog.mp.microsoft.com licensing.mp.microsoft.com
      activation-v2.sls.microsoft.com wdcp.microsoft.com checkappexec.microsoft.com smartscreen.microsoft.com
      msedge.api.cdp.microsoft.com umwatson.events.data.microsoft.com client.wns.windows.com`),
  },
  {
    class: "os-telemetry",
    operator: "akamai",
    rank: 60,
    weight: 5,
    hosts: words(`ctldl.windowsupdate.com download.windowsupdate.com au.download.windowsupdate.com
      dmd.metaservices.microsoft.com tile-service.weather.microsoft.com`),
    paths: [
      "/msdownload/update/v3/static/trustedr/en/authrootstl.cab",
      "/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab",
      "/metadata.svc",
    ],
    userAgent: CRYPTO_API,
  },
  {
    class: "os-telemetry",
    operator: "canonical",
    rank: 900,
    weight: 1,
    hosts: words("motd.ubuntu.com archive.ubuntu.com security.ubuntu.com api.snapcraft.io"),
  },
  {
    class: "os-telemetry",
    operator: "apple",
    rank: 90,
    weight: 1,
    hosts: words(
      "gs-loc.apple.com configuration.apple.com mesu.apple.com swscan.apple.com xp.apple.com init.push.apple.com",
    ),
  },
  {
    class: "os-telemetry",
    operator: "google",
    rank: 20,
    weight: 5,
    hosts: words(`update.googleapis.com clients2.google.com accounts.google.com safebrowsing.googleapis.com
      redirector.gvt1.com edgedl.me.gvt1.com optimizationguide-pa.googleapis.com www.gstatic.com fonts.gstatic.com
      fonts.googleapis.com android.clients.google.com mtalk.google.com content-autofill.googleapis.com
      firefox.settings.services.mozilla.com content-signature-2.cdn.mozilla.net aus5.mozilla.org`),
  },
  {
    class: "connectivity-check",
    operator: "microsoft",
    rank: 80,
    weight: 3,
    hosts: words("www.msftconnecttest.com www.msftncsi.com dns.msftncsi.com ipv6.msftconnecttest.com"),
    paths: ["/connecttest.txt", "/ncsi.txt"],
    userAgent: "Microsoft NCSI",
  },
  {
    class: "connectivity-check",
    operator: "google",
    rank: 110,
    weight: 1,
    hosts: words("connectivitycheck.gstatic.com clients3.google.com detectportal.firefox.com"),
    paths: ["/generate_204", "/success.txt"],
  },
  {
    class: "certificate-service",
    operator: "edgecast",
    rank: 150,
    weight: 6,
    hosts: words(
      "ocsp.digicert.com crl3.digicert.com crl4.digicert.com cacerts.digicert.com ocsp.thawte.com s.symcb.com",
    ),
    paths: ["/MFEwTzBNMEswSTAJBgUrDgMCGgUABBTBL0V27RVZ7LBduom%2FnYB45SPUEwQU5Z1ZMIJHWMys", "/DigiCertGlobalRootCA.crl"],
    userAgent: CRYPTO_API,
  },
  {
    class: "certificate-service",
    operator: "cloudflare",
    rank: 700,
    weight: 4,
    hosts: words(`ocsp.sectigo.com crt.sectigo.com crl.sectigo.com ocsp.comodoca.com crl.comodoca.com
      ocsp.usertrust.com crl.usertrust.com ocsp.globalsign.com crl.globalsign.com secure.globalsign.com`),
    paths: ["/SectigoRSADomainValidationSecureServerCA.crt", "/root.crl"],
    userAgent: CRYPTO_API,
  },
  {
    class: "certificate-service",
    operator: "akamai",
    rank: 400,
    weight: 3,
    hosts: words(`r10.o.lencr.org r11.o.lencr.org x1.c.lencr.org x1.i.lencr.org ocsp.entrust.net crl.entrust.net
      ocsp.godaddy.com crl.godaddy.com apps.identrust.com crl.microsoft.com`),
    paths: ["/", "/roots/dstrootcax3.p7c", "/level1d.crl"],
    userAgent: CRYPTO_API,
  },
  {
    class: "certificate-service",
    operator: "google",
    rank: 200,
    weight: 2,
    hosts: words("ocsp.pki.goog c.pki.goog o.pki.goog i.pki.goog"),
    paths: ["/gts1c3", "/r/r1.crl", "/wr2"],
    userAgent: CRYPTO_API,
  },
  {
    class: "time-service",
    operator: "ntp",
    rank: 250,
    weight: 2,
    hosts: words(
      "time.windows.com pool.ntp.org 0.pool.ntp.org time.nist.gov ntp.ubuntu.com time.google.com time.apple.com",
    ),
    port: 123,
    transport: "udp",
  },
  {
    class: "ip-echo",
    operator: "cloudflare",
    rank: 3000,
    weight: 3,
    hosts: words(
      "api.ipify.org checkip.dyndns.org icanhazip.com ipwho.is reallyfreegeoip.org freegeoip.app myexternalip.com",
    ),
    paths: ["/", "/xml/", "/raw"],
  },
  {
    class: "ip-echo",
    operator: "cloudfront",
    rank: 2500,
    weight: 2,
    hosts: words("ip-api.com ipinfo.io ifconfig.me ident.me wtfismyip.com checkip.amazonaws.com ipecho.net"),
    paths: ["/json/", "/line/?fields=hosting", "/text", "/ip"],
  },
  {
    class: "popular-site",
    operator: "google",
    rank: 1,
    weight: 4,
    hosts: words(`www.google.com google.com www.youtube.com www.google-analytics.com www.googletagmanager.com
      stats.g.doubleclick.net ajax.googleapis.com i.ytimg.com`),
    paths: ["/", "/search?q=weather"],
  },
  {
    class: "popular-site",
    operator: "facebook",
    rank: 4,
    weight: 1,
    hosts: words("www.facebook.com connect.facebook.net www.instagram.com graph.facebook.com"),
  },
  {
    class: "popular-site",
    operator: "cloudflare",
    rank: 120,
    weight: 2,
    hosts: words("cdnjs.cloudflare.com www.cloudflare.com code.jquery.com stackoverflow.com www.udemy.com"),
  },
  {
    class: "popular-site",
    operator: "fastly",
    rank: 60,
    weight: 1,
    hosts: words("www.reddit.com pypi.org files.pythonhosted.org www.python.org www.bbc.co.uk"),
  },
  {
    class: "popular-site",
    operator: "akamai",
    rank: 50,
    weight: 1,
    hosts: words("www.yahoo.com www.amazon.com www.linkedin.com www.ebay.com www.paypal.com www.apple.com"),
  },
  {
    class: "popular-site",
    operator: "yandex",
    rank: 70,
    weight: 1,
    hosts: words("yandex.ru ya.ru mc.yandex.ru"),
  },
  {
    class: "popular-site",
    operator: "tencent",
    rank: 90,
    weight: 1,
    hosts: words("www.qq.com www.baidu.com"),
  },
];

/** Shared platforms: strangers' content below one host. `path` makes a URL of the malware's; `benign` one of anybody's. */
export interface Platform {
  readonly host: string;
  readonly operator: Operator;
  readonly rank: number;
  /** `#` a digit, `~` a lower-case letter, `*` a hexadecimal digit, `@` a letter or digit. */
  readonly path: string;
  readonly benign: string;
  /** The URL carries a live credential: no finding, and never to be exported. */
  readonly hasCredential?: true;
}

export const PLATFORMS: readonly Platform[] = [
  { host: "pastebin.com", operator: "cloudflare", rank: 1500, path: "/raw/@@@@@@@@", benign: "/raw/0b@@@@@@" },
  {
    host: "cdn.discordapp.com",
    operator: "cloudflare",
    rank: 300,
    path: "/attachments/##################/##################/~~~~~~.exe",
    benign: "/embed/avatars/0.png",
  },
  {
    host: "raw.githubusercontent.com",
    operator: "fastly",
    rank: 400,
    path: "/~~~~~~~/~~~~~~/main/~~~~~~~.bin",
    benign: "/nodejs/node/main/README.md",
  },
  {
    host: "github.com",
    operator: "github",
    rank: 40,
    path: "/~~~~~~~~/~~~~~~/releases/download/v#.#/~~~~~.zip",
    benign: "/git/git/releases/latest",
  },
  { host: "t.me", operator: "telegram", rank: 500, path: "/~~~~~~~~~~", benign: "/durov" },
  {
    host: "steamcommunity.com",
    operator: "valve",
    rank: 900,
    path: "/profiles/76561199#########",
    benign: "/discussions",
  },
  {
    host: "drive.google.com",
    operator: "google",
    rank: 120,
    path: "/uc?export=download&id=@@@@@@@@@@@@@@@@@@@@@@@@",
    benign: "/drive/my-drive",
  },
  {
    host: "www.dropbox.com",
    operator: "dropbox",
    rank: 350,
    path: "/scl/fi/@@@@@@@@@@@@/~~~~.zip?rlkey=@@@@@@@@@@&dl=1",
    benign: "/login",
  },
  { host: "rentry.co", operator: "cloudflare", rank: 30_000, path: "/~~~~~~~~/raw", benign: "/what" },
  { host: "files.catbox.moe", operator: "cloudflare", rank: 20_000, path: "/~~~~~~.bin", benign: "/faq.php" },
  {
    host: "bitbucket.org",
    operator: "cloudfront",
    rank: 2500,
    path: "/~~~~~~~/~~~~~/downloads/~~~~.exe",
    benign: "/product",
  },
  {
    host: "api.telegram.org",
    operator: "telegram",
    rank: 700,
    path: "/bot##########:AA@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@/sendDocument?chat_id=##########",
    benign: "/",
    hasCredential: true,
  },
  {
    host: "discord.com",
    operator: "cloudflare",
    rank: 150,
    path: "/api/webhooks/##################/@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
    benign: "/api/v9/gateway",
    hasCredential: true,
  },
];

/** Below these each name is one customer's; addresses are the provider's. */
export const TENANT_SUFFIXES: readonly { readonly suffix: string; readonly operator: Operator }[] = [
  { suffix: "pages.dev", operator: "cloudflare" },
  { suffix: "workers.dev", operator: "cloudflare" },
  { suffix: "trycloudflare.com", operator: "cloudflare" },
  { suffix: "r2.dev", operator: "cloudflare" },
  { suffix: "cloudfront.net", operator: "cloudfront" },
  { suffix: "herokuapp.com", operator: "cloudfront" },
  { suffix: "s3.amazonaws.com", operator: "cloudfront" },
  { suffix: "azurewebsites.net", operator: "microsoft" },
  { suffix: "blob.core.windows.net", operator: "microsoft" },
  { suffix: "netlify.app", operator: "cloudfront" },
  { suffix: "vercel.app", operator: "cloudfront" },
  { suffix: "onrender.com", operator: "cloudflare" },
  { suffix: "web.app", operator: "fastly" },
  { suffix: "github.io", operator: "fastly" },
];

export const DYNAMIC_DNS: readonly string[] = words(`duckdns.org ddns.net hopto.org zapto.org sytes.net myftp.biz
  serveftp.com dynu.net ddnsfree.com kozow.com mywire.org webhop.me 3utilities.com servebeer.com redirectme.net`);

/** Mail services with millions of honest users. */
export const MAIL_PROVIDERS: readonly { readonly host: string; readonly operator: Operator; readonly rank: number }[] =
  [
    { host: "smtp.gmail.com", operator: "google", rank: 900 },
    { host: "smtp.office365.com", operator: "microsoft", rank: 600 },
    { host: "smtp-mail.outlook.com", operator: "microsoft", rank: 2000 },
    { host: "smtp.yandex.com", operator: "yandex", rank: 9000 },
  ];

/** Public resolvers that sandboxes and malware ask. */
export const RESOLVERS: readonly string[] = ["1.1.1.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "114.114.114.114"];

/** Names that are no hosts on the Internet; they occur in every tenth report. */
export const LOCAL_NAMES: readonly string[] = words(`wpad notebook win10-pc desktop-a1b2c3 wpad.localdomain
  dc01.corp.local isatap 1.0.168.192.in-addr.arpa 8.8.8.8.in-addr.arpa
  _ldap._tcp.dc._msdcs.workgroup printer.lan`);

export const LOCAL_ADDRESSES: readonly (readonly [address: string, port: number, transport: "tcp" | "udp"])[] = [
  ["192.168.56.1", 53, "udp"],
  ["192.168.122.1", 53, "udp"],
  ["10.0.2.3", 53, "udp"],
  ["192.168.56.255", 137, "udp"],
  ["224.0.0.252", 5355, "udp"],
  ["239.255.255.250", 1900, "udp"],
  ["255.255.255.255", 67, "udp"],
  ["169.254.169.254", 80, "tcp"],
  ["127.0.0.1", 49_152, "tcp"],
  ["ff02::1:3", 5355, "udp"],
  ["fe80::1", 547, "udp"],
];

/** Strings that memory scans take for hosts and addresses: object identifiers, versions, cut-off names, DER tails. */
export const MEMORY_JUNK = {
  domains: words(`ocsp.thawte.com0 crl.verisign.com0 sajatype.comi www.openssl.orgg api.ipify.orgS
    schemas.xmlsoap.org schemas.microsoft.com www.w3.org purl.org ns.adobe.com`),
  ips: words("2.5.4.3 2.5.29.15 6.0.0.0 1.2.840.113 1.3.6.1 2.16.840.1 4.0.30319.1 10.0.19041.1"),
  urls: words(`http://ocsp.thawte.com0 http://www.w3.org/2000/09/xmldsig#
    http://schemas.xmlsoap.org/soap/envelope/ http://%s/%s.php https://www.openssl.org/docs/faq.html
    http://crl.verisign.com/tss-ca.crl0 file:///c:/windows/system32 http://127.0.0.1:8080/`),
} as const;
