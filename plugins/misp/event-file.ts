/** Names of event files: a person should see which is which. */
import { sha256 } from "../../src/plugin.ts";
import { type Subject, subjectKey } from "./subject.ts";

/** `number` counts the events of one subject from 1; undefined when there is one. */
export function eventFile(subject: Subject, number: number | undefined): string {
  return `${nameOf(subject)}${number === undefined ? "" : `-${String(number).padStart(3, "0")}`}.event.json`;
}

function nameOf(subject: Subject): string {
  switch (subject.kind) {
    case "rolling":
      return "rulewright";
    case "sample":
      return subject.sha256;
    case "hunt": {
      const slug = subject.hunt
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .slice(0, 60);
      // Two names may become one slug.
      return `hunt-${slug}-${subject.period || "all"}-${sha256(subjectKey(subject)).slice(0, 8)}`;
    }
  }
}
