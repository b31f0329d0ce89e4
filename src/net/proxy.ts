/** Proxies as the environment names them, and the passwords in their URLs. Nothing here opens a connection. */
import { createSecret, type Secret } from "./secret.ts";

/** As the environment has them, credentials and all. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  /** Hosts that are asked directly, comma separated. */
  readonly no?: string;
}

/** The proxies of an environment; lower case wins, as in curl. */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const [http, https, no] = [read("HTTP_PROXY"), read("HTTPS_PROXY"), read("NO_PROXY")];
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) };
}

/** Passwords in proxy URLs, as written and as meant, with the header they become. */
export function proxySecrets({ http, https }: ProxySettings): Secret[] {
  const texts = [http, https].flatMap((proxy) => {
    const [, user = "", password] = /^[a-z0-9]+:\/\/([^:/@]*):([^@]+)@/i.exec(proxy ?? "") ?? [];
    if (password === undefined) return [];
    const [plainUser, plain] = [user, password].map(decoded) as [string, string];
    return [password, plain, Buffer.from(`${plainUser}:${plain}`).toString("base64")];
  });
  return texts.filter((text) => /^[\x21-\x7e]+$/.test(text)).map((text) => createSecret(text, "The proxy's password"));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
