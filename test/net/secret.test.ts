import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createSecret, maskAll } from "../../src/net/secret.ts";
import { errorOf, KEY } from "../vt/scripted-server.ts";

const secret = createSecret(KEY, "virustotal.apiKey");

describe("a secret", () => {
  it("is revealed by reveal alone", () => {
    const holder = { config: { apiKey: secret }, list: [secret] };
    const prints = [
      String(secret),
      `${secret}`,
      JSON.stringify(holder),
      inspect(holder, { depth: 20, showHidden: true, getters: true }),
      inspect(secret),
      Object.values(secret).map(String).join(),
    ];
    for (const text of prints) expect(text).not.toContain(KEY.slice(0, 12));
    expect(JSON.stringify({ apiKey: secret })).toBe('{"apiKey":"[secret]"}');
    expect(secret.reveal()).toBe(KEY);
  });

  it("is masked however it is written", () => {
    const odd = createSecret("pa/ss+w=rd", "proxy");
    expect(secret.mask(`a ${KEY} b ${KEY.toUpperCase()}`)).toBe("a [secret] b [secret]");
    expect(secret.mask(Buffer.from(KEY).toString("base64"))).toBe("[secret]");
    expect(odd.mask("pa/ss+w=rd pa%2Fss%2Bw%3Drd pa%2fss%2bw%3drd")).toBe("[secret] [secret] [secret]");
    expect(secret.mask("nothing here")).toBe("nothing here");
  });

  it("as short as a word is masked by itself and left alone within words", () => {
    const word = createSecret("wrong", "VT_API_KEY");
    expect(word.mask("WrongCredentialsError: Wrong API key, wrongly?x-apikey=wrong&Bearer wrong.")).toBe(
      "WrongCredentialsError: [secret] API key, wrongly?x-apikey=[secret]&Bearer [secret].",
    );
    expect(createSecret("wrong-keys", "VT_API_KEY").mask("xwrong-keysx")).toBe("x[secret]x");
  });

  it("is masked inside the base64 of a longer text, wherever it stands there", () => {
    for (const user of ["a", "ab", "abc", "abcd"]) {
      const header = Buffer.from(`${user}:${KEY}:and more`).toString("base64");
      const shown = secret.mask(header);
      expect(shown).toContain("[secret]");
      expect(shown.length).toBeLessThan(header.length - KEY.length);
    }
    expect(createSecret("abc", "short").mask("nothing of it here")).toBe("nothing of it here");
  });

  it("loses the line end of the file it stood in", () => {
    expect(createSecret(` ${KEY}\r\n`, "virustotal.apiKey").reveal()).toBe(KEY);
  });

  it("refuses what cannot be a header, without repeating it", async () => {
    for (const text of ["", " \n", `${KEY}\nx-evil: 1`, `ab cd ${KEY}`, `schlüssel-${KEY}`]) {
      const error = await errorOf((async () => createSecret(text, "virustotal.apiKey"))());
      expect(error.message).toContain("virustotal.apiKey");
      expect(error.message).not.toContain(KEY);
    }
  });

  it("has a name that does not give it away", () => {
    expect(secret.fingerprint()).toMatch(/^[0-9a-f]{16}$/);
    expect(secret.fingerprint()).toBe(createSecret(KEY, "again").fingerprint());
    expect(secret.fingerprint()).not.toBe(createSecret(`${KEY}0`, "another").fingerprint());
  });

  it("is masked together with others", () => {
    const mask = maskAll([secret, createSecret("hunter2!", "proxy")]);
    expect(mask(`http://me:hunter2!@proxy?key=${KEY}`)).toBe("http://me:[secret]@proxy?key=[secret]");
  });
});
