/** Words beside a value: what a person reads of the judgement in a SIEM. */
import { expect, it } from "vitest";
import { aboutText } from "../../../plugins/shared/rows/words.ts";
import { exampleIndicator } from "../../../src/testing.ts";

it("gives the reasons, and not what only adds up", () => {
  const reasons = [
    { id: "role", weight: 60, text: "contacted by 2 samples" },
    { id: "engines", weight: 50, text: "9 of 93 engines say malicious" },
    { id: "bounds", weight: -10, text: "confidence stays between 0 and 100" },
    { id: "decay", weight: -30, text: "no new sample for 20 days, half-life 21 days" },
    { id: "hunt-policy", weight: 0, text: "judged by the policy of hunt strict: kept from 80, in review from 60" },
  ];
  const verdict = { decision: "keep", confidence: 70, reasons } as const;
  const indicator = exampleIndicator("domain", { verdict, families: ["quillet"], sandboxes: ["Zenbox"] });
  expect(aboutText(indicator)).toBe("quillet: contacted by 2 samples; 9 of 93 engines say malicious (Zenbox)");
});
