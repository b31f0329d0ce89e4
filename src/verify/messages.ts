/**
 * The application messages of synthetic traffic: DNS queries, TLS hellos, HTTP requests. Just what an engine needs to
 * recognise the protocol and fill its buffers.
 *
 * This module builds messages that clients really send; it does no cryptography and answers nothing.
 */

const utf8 = (text: string) => Buffer.from(text, "utf8");

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** Bytes after their length in `size` bytes, as TLS writes vectors. */
function vector(size: 1 | 2 | 3, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
}

/** A DNS query for the A record of a name (RFC 1035 section 4.1). */
export function dnsQuery(name: string): Buffer {
  const header = Buffer.from("1234" + "0100" + "0001" + "0000" + "0000" + "0000", "hex");
  const labels = name.split(".").map((label) => vector(1, utf8(label)));
  return Buffer.concat([header, ...labels, Buffer.from("00" + "0001" + "0001", "hex")]);
}

/** The answer to it with one TXT record (RFC 1035 section 3.3.14). */
export function dnsTextAnswer(name: string, text: string): Buffer {
  const query = dnsQuery(name);
  query.writeUInt16BE(0x8180, 2);
  query.writeUInt16BE(1, 6);
  query.writeUInt16BE(16, query.length - 4);
  // The answer names the question by its place.
  const record = Buffer.from("c00c" + "0010" + "0001" + "00000e10", "hex");
  return Buffer.concat([query, record, vector(2, vector(1, utf8(text.slice(0, 255))))]);
}

/** The same with the two-byte length that TCP needs (RFC 1035 section 4.2.2). */
export function dnsQueryOverTcp(name: string): Buffer {
  return vector(2, dnsQuery(name));
}

/** Every second letter in upper case, as resolvers do against spoofing (0x20). */
export function mixedCase(name: string): string {
  return Array.from(name, (letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter)).join("");
}

export type TlsVersion = "1.2" | "1.3";

const TLS_RECORD = { handshake: 22, applicationData: 23 } as const;

function tlsRecord(type: number, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([type, 3, 3]), vector(2, ...parts)]);
}

function handshake(type: number, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([type]), vector(3, ...parts)]);
}

function extension(type: number, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([uint16(type), vector(2, ...parts)]);
}

const EXTENSION = {
  serverName: 0,
  groups: 10,
  pointFormats: 11,
  signatures: 13,
  alpn: 16,
  versions: 43,
  keyShare: 51,
  quicParameters: 57,
} as const;

function serverNameExtension(serverName: string): Buffer {
  return extension(EXTENSION.serverName, vector(2, Buffer.from([0]), vector(2, utf8(serverName))));
}

/** A whole client hello; ciphers are two bytes each. */
function helloMessage(version: number, ciphers: readonly number[], extensions: readonly Buffer[]): Buffer {
  return handshake(
    1,
    uint16(version),
    Buffer.alloc(32, 0x41),
    vector(1),
    vector(2, ...ciphers.map(uint16)),
    vector(1, Buffer.from([0])),
    vector(2, ...extensions),
  );
}

/** The client hello of a QUIC connection, without a TLS record around it (RFC 9001 section 8). */
export function quicClientHello(serverName: string): Buffer {
  return helloMessage(
    0x0303,
    [0x1301],
    [
      serverNameExtension(serverName),
      extension(EXTENSION.groups, vector(2, uint16(0x001d))),
      extension(EXTENSION.signatures, vector(2, uint16(0x0403))),
      extension(EXTENSION.alpn, vector(2, vector(1, utf8("h3")))),
      extension(EXTENSION.versions, vector(1, uint16(0x0304))),
      extension(EXTENSION.keyShare, vector(2, uint16(0x001d), vector(2, Buffer.alloc(32, 0x44)))),
      extension(EXTENSION.quicParameters, Buffer.from([0x01, 0x04, 0x80, 0x00, 0xea, 0x60])),
    ],
  );
}

/**
 * A client hello with a given JA3 text (`771,4865-49195,0-10-11,29-23,0`). Extensions whose content JA3 does not see
 * are empty.
 */
export function helloOfJa3(text: string, serverName: string): Buffer {
  const [version = 0x0303, ciphers = [], types = [], groups = [], formats = []] = text
    .split(",")
    .map((field, index) => (index === 0 ? Number(field) : field === "" ? [] : field.split("-").map(Number))) as [
    number,
    number[],
    number[],
    number[],
    number[],
  ];
  const extensions = types.map((type) => {
    if (type === EXTENSION.serverName) return serverNameExtension(serverName);
    if (type === EXTENSION.groups) return extension(type, vector(2, ...groups.map(uint16)));
    if (type === EXTENSION.pointFormats) return extension(type, vector(1, Buffer.from(formats)));
    if (type === EXTENSION.signatures) return extension(type, vector(2, uint16(0x0403), uint16(0x0804)));
    if (type === EXTENSION.alpn) return extension(type, vector(2, vector(1, utf8("h2")), vector(1, utf8("http/1.1"))));
    if (type === EXTENSION.versions) return extension(type, vector(1, uint16(0x0304), uint16(0x0303)));
    return extension(type);
  });
  return tlsRecord(TLS_RECORD.handshake, helloMessage(version, ciphers, extensions));
}

/** A client hello with a server name (RFC 5246 and RFC 8446 section 4.1.2, RFC 6066 section 3); none for "". */
export function clientHello(serverName: string, version: TlsVersion = "1.2"): Buffer {
  const extensions = [
    ...(serverName === "" ? [] : [serverNameExtension(serverName)]),
    extension(EXTENSION.groups, vector(2, uint16(0x001d), uint16(0x0017))),
    extension(EXTENSION.pointFormats, vector(1, Buffer.from([0]))),
    extension(EXTENSION.signatures, vector(2, uint16(0x0403), uint16(0x0804))),
    extension(EXTENSION.alpn, vector(2, vector(1, utf8("http/1.1")))),
    ...(version === "1.3" ? [extension(EXTENSION.versions, vector(1, uint16(0x0304)))] : []),
  ];
  const ciphers = version === "1.3" ? [0x1301, 0xc02f] : [0xc02f, 0xc030];
  return tlsRecord(TLS_RECORD.handshake, helloMessage(0x0303, ciphers, extensions));
}

/** A server hello, with TLS 1.2 followed by the certificate in the clear; TLS 1.3 encrypts it. */
export function serverHello(version: TlsVersion = "1.2", certificate?: Uint8Array): Buffer {
  const extensions =
    version === "1.3"
      ? [extension(EXTENSION.versions, uint16(0x0304))]
      : [extension(EXTENSION.pointFormats, vector(1, Buffer.from([0])))];
  const hello = handshake(
    2,
    uint16(0x0303),
    Buffer.alloc(32, 0x42),
    vector(1),
    uint16(version === "1.3" ? 0x1301 : 0xc02f),
    Buffer.from([0]),
    vector(2, ...extensions),
  );
  if (version === "1.3") {
    return Buffer.concat([
      tlsRecord(TLS_RECORD.handshake, hello),
      tlsRecord(TLS_RECORD.applicationData, Buffer.alloc(64, 0x43)),
    ]);
  }
  const chain = certificate ? [handshake(11, vector(3, vector(3, certificate)))] : [];
  return tlsRecord(TLS_RECORD.handshake, hello, ...chain, handshake(14));
}

export interface HttpRequest {
  /** Value of the Host header. */
  readonly host: string;
  /** Path and query, byte for byte. */
  readonly target?: string;
  readonly method?: string;
  readonly userAgent?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** An HTTP/1.1 request (RFC 9112). */
export function httpRequest({ host, target = "/", method = "GET", userAgent, headers = [] }: HttpRequest): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    `User-Agent: ${userAgent ?? "Mozilla/5.0 (X11; Linux x86_64)"}`,
    "Accept: */*",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(method === "POST" ? ["Content-Length: 0"] : []),
  ];
  return utf8(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A response that carries `body`. */
export function httpResponse(body: Uint8Array = utf8("ok")): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([utf8(head), body]);
}
