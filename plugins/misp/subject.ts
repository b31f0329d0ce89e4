/** What an event is about: everything, a hunt in a period, or a sample. */
import type { RenderContext, SampleDetails } from "../../src/plugin.ts";
import type { MispOptions } from "./options.ts";
import { parseHuntKey } from "./placement.ts";

export type EventContext = Pick<RenderContext<MispOptions>, "options" | "templates" | "versions">;

export type Subject =
  | { readonly kind: "rolling" }
  | { readonly kind: "hunt"; readonly hunt: string; readonly period: string }
  | { readonly kind: "sample"; readonly sha256: string; readonly details?: SampleDetails };

/** By the key of the event; see `Places`. */
export function subjectOf(events: MispOptions["events"], key: string, details?: SampleDetails): Subject {
  if (key === "" || events === "rolling") return { kind: "rolling" };
  if (events === "hunt") return { kind: "hunt", ...parseHuntKey(key) };
  return { kind: "sample", sha256: key, ...(details ? { details } : {}) };
}

/** What tells the events of one `eventKey` apart; their uuids derive from it. */
export function subjectKey(subject: Subject): string {
  switch (subject.kind) {
    case "rolling":
      return "";
    case "hunt":
      return `:hunt:${subject.period}:${subject.hunt}`;
    case "sample":
      return `:sample:${subject.sha256}`;
  }
}

/** Fields of the template of its title. */
export function subjectFields(subject: Subject): Record<string, string> {
  switch (subject.kind) {
    case "rolling":
      return {};
    case "hunt":
      return { hunt: subject.hunt, period: subject.period };
    case "sample": {
      const { sha256, details } = subject;
      return { sha256, name: details?.name ?? "", families: details?.families.join(", ") ?? "" };
    }
  }
}
