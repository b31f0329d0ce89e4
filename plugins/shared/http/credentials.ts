/** How a sink says who it is: a bearer token or a name and a password. Certificates are the sink entry's, not ours. */
import { SecretRef, type SinkContext, z } from "../../../src/plugin.ts";

/** Options of a sink; spread them into its own and refine those by `hasOneCredential`. */
export const credentialOptions = {
  token: SecretRef.optional().describe("Bearer token, `{ env: NAME }` or `{ file: PATH }`"),
  username: z
    .string()
    .regex(/^[^:\p{Cc}]+$/u, "a name without colon")
    .optional()
    .describe("For Basic authentication, with `password`"),
  password: SecretRef.optional().describe("Password of `username`, `{ env: NAME }` or `{ file: PATH }`"),
};

export interface Credentials {
  readonly token?: SecretRef | undefined;
  readonly username?: string | undefined;
  readonly password?: SecretRef | undefined;
}

export const hasOneCredential = ({ token, username, password }: Credentials): boolean =>
  (username === undefined) === (password === undefined) && (token === undefined || username === undefined);
export const ONE_CREDENTIAL = {
  error: "give either token, or username and password, or neither",
  path: ["token"],
};

/** The header that says who we are; none for certificates and for nobody. */
export function authorization(
  { token, username, password }: Credentials,
  { secret }: Pick<SinkContext, "secret">,
): Record<string, string> {
  if (token) return { authorization: `Bearer ${secret(token)}` };
  if (username === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${secret(password)}`).toString("base64")}` };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Says once that a secret travels in the clear. */
export function warnOfPlainHttp(url: string | URL, { log }: Pick<SinkContext, "log">): void {
  const { protocol, hostname, host } = new URL(url);
  if (protocol === "http:" && !LOOPBACK.test(hostname))
    log.warn(`${host} is asked without TLS: anybody on the way reads what is sent. Use https.`);
}
