/** What is said to an operator who denies a value that honest traffic is full of. */
import { expect, it } from "vitest";
import { loadBackground } from "../../src/enrich/background.ts";
import { isRejected, recognise } from "../../src/model/canonical.ts";
import { objectionTo } from "../../src/policy/objection.ts";

const known = { background: loadBackground() };

function objection(value: string): string | undefined {
  const observable = recognise(value);
  if (isRejected(observable)) throw new Error(observable.rejected);
  return objectionTo(observable, known);
}

it.each([
  ["com", /^com is a public suffix/],
  ["github.com", /^github\.com is shared by many/],
  ["time.windows.com", /./],
  ["printer.local", /\.local|local/i],
  ["10.0.0.1", /is no place on the Internet$/],
  ["10.0.0.1:8080", /is no place on the Internet$/],
  ["http://10.0.0.1/a", /is no place on the Internet$/],
  ["8.8.8.8", /resolver/],
  ["104.16.1.1", /thousands of sites share it$/],
])("%s is spoken against", (value, text) => expect(objection(value)).toMatch(text));

it.each([
  "quillet-morrow.top",
  "45.32.17.9",
  "45.32.17.9:8080",
  "https://github.com/someone/payload.exe",
  "a".repeat(64),
])("%s is not", (value) => expect(objection(value)).toBeUndefined());
