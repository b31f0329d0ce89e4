/** What a user may set for the sink `misp`. */
import { SecretRef, z } from "../../../src/plugin.ts";
import { HttpUrl } from "../../shared/http/url.ts";

export const MispSinkOptions = z.object({
  url: HttpUrl.describe("Of the MISP, such as `https://misp.example`"),
  key: SecretRef.describe("Automation key of a user who may add and edit events, `{ env: NAME }` or `{ file: PATH }`"),
  publish: z
    .boolean()
    .default(false)
    .describe("Publish what was added or edited, which mails people and synchronises with other servers"),
});
export type MispSinkOptions = z.output<typeof MispSinkOptions>;
