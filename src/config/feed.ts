/** A hunt on the file-behaviour feed, as the config has it: how it is read, and which of its lines are wanted. */
import { z } from "zod";

const HASH = /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/;
export const Hash = z.string().regex(HASH, "a hash");

const words = (meaning: string) => z.array(z.string().min(1)).min(1).optional().describe(meaning);

export const FeedConfig = z
  .strictObject({
    by: z.enum(["minute", "hour"]).default("minute").describe("Which of the two feeds; they hold the same"),
    verdicts: words("Of the sandbox, such as STEALER, RAT or MALWARE"),
    families: words("Among the labels of its verdict, such as agenttesla"),
    tags: words("Of the behaviour, such as SMTP_COMMUNICATION"),
    techniques: words("Of ATT&CK; T1071 takes T1071.001 too"),
    sandboxes: words("By name, such as Zenbox"),
    fileTypes: words("VirusTotal's type tags, such as peexe"),
    hashes: z.array(Hash).min(1).optional().describe("Of the sample: md5, sha1 or sha256"),
  })
  .refine(({ by: _, ...filter }) => Object.values(filter).some((list) => list !== undefined), {
    error:
      "a licence gets everything: say what is wanted, by verdicts, families, tags, techniques, sandboxes, fileTypes or hashes",
  });
export type FeedConfig = z.output<typeof FeedConfig>;
