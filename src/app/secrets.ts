/** Secrets that the config names: read when they are needed, masked in everything that is said from then on. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { App } from "../app.ts";
import { RulewrightError } from "../errors.ts";
import { createSecret, maskAll, type Secret } from "../net/secret.ts";
import type { SecretRef } from "../plugin.ts";

export interface Secrets {
  /** Throws SECRET_MISSING, without the text, and CONFIG_INVALID when it cannot be one. */
  reveal(reference: SecretRef): string;
  /** The text without any secret that was revealed. */
  mask(text: string): string;
}

export function openSecrets({ env, loaded }: Pick<App, "env" | "loaded">): Secrets {
  const known = new Map<string, Secret>();
  const read = (reference: SecretRef): Secret => {
    if ("env" in reference) {
      const text = env[reference.env];
      if (text) return createSecret(text, reference.env);
      throw new RulewrightError(
        "SECRET_MISSING",
        `The secret ${reference.env} is not set. Set it in the environment, or name a file: { file: PATH }.`,
      );
    }
    const file = resolve(dirname(loaded.file), reference.file);
    try {
      return createSecret(readFileSync(file, "utf8"), file);
    } catch (cause) {
      if (cause instanceof RulewrightError) throw cause;
      throw new RulewrightError(
        "SECRET_MISSING",
        `Cannot read the secret in ${file}: ${(cause as Error).message}. See ${loaded.file}.`,
        { cause },
      );
    }
  };
  return {
    reveal(reference) {
      const key = JSON.stringify(reference);
      const secret = known.get(key) ?? read(reference);
      known.set(key, secret);
      return secret.reveal();
    },
    mask: (text) => maskAll([...known.values()])(text),
  };
}
