/** Filters: `type=domain|url confidence>=70 family!=emotet`. Every term must hold. */
import { RulewrightError } from "../errors.ts";
import { type Indicator, TLP_LEVELS, type Tlp } from "../model/indicator.ts";
import { nearest } from "../model/nearest.ts";
import { OBSERVABLE_TYPES } from "../model/observable.ts";

export type Where = (indicator: Indicator) => boolean;

/** What a filter may ask about: name → meaning. */
export const WHERE_FIELDS = {
  type: "observable type, such as domain",
  confidence: "0–100",
  family: "family of its samples",
  label: "label of its samples or of the judge",
  hunt: "name of a hunt that found it",
  samples: "number of samples",
  sandboxes: "number of sandboxes",
  tlp: "clear, green, amber, amber+strict or red; <= and >= compare in this order",
} as const;
type Field = keyof typeof WHERE_FIELDS;

const TERM = /^([a-z]+)(!=|>=|<=|=|>|<)(.+)$/i;

/** A filter, and where it was written: `--where`, or a place in the config. */
export interface WrittenFilter {
  readonly place: string;
  readonly text: string | undefined;
}

/** What passes all of the filters; undefined when there are none. Throws WHERE_INVALID, which says where the fault is. */
export function everyOf(filters: readonly WrittenFilter[]): Where | undefined {
  const tests = filters.flatMap(({ place, text }) => (text === undefined ? [] : [parseWhere(text, place)]));
  if (tests.length === 0) return undefined;
  return (indicator) => tests.every((holds) => holds(indicator));
}

/** Throws WHERE_INVALID and names the nearest field. */
export function parseWhere(text: string, place = "--where"): Where {
  try {
    return parseTerms(text);
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    throw new RulewrightError("WHERE_INVALID", `${place}: ${error.message}. See: rulewright generate --help`);
  }
}

class FilterFault extends Error {}

function parseTerms(text: string): Where {
  if (text.trim() === "") throw invalid("it is empty");
  const tests = text
    .trim()
    .split(/\s+/)
    .filter((term) => term !== "")
    .map(parseTerm);
  return (indicator) => tests.every((test) => test(indicator));
}

function parseTerm(term: string): Where {
  const match = TERM.exec(term);
  if (!match) throw invalid(`"${term}" is no term like confidence>=70`);
  const [, field, operator, right] = match as unknown as [string, string, string, string];
  if (!Object.hasOwn(WHERE_FIELDS, field))
    throw invalid(`unknown field "${field}"${nearest(field, Object.keys(WHERE_FIELDS))}`);
  const values = right.split("|");
  if (values.includes("")) throw invalid(`"${term}" names an empty value`);
  if (operator === "=" || operator === "!=") return equality(field as Field, operator === "=", values);
  const number = numberOf(field as Field, right);
  const compare = {
    ">=": (a: number) => a >= number,
    "<=": (a: number) => a <= number,
    ">": (a: number) => a > number,
    "<": (a: number) => a < number,
  }[operator as ">="];
  return (indicator) => compare(numberOf(field as Field, textsOf(field as Field, indicator)[0] as string));
}

function equality(field: Field, isWanted: boolean, values: readonly string[]): Where {
  if (field === "type") {
    const unknown = values.find((value) => !(OBSERVABLE_TYPES as readonly string[]).includes(value));
    if (unknown) throw invalid(`unknown type "${unknown}"${nearest(unknown, OBSERVABLE_TYPES)}`);
  }
  if (field === "tlp" || isNumeric(field)) for (const value of values) numberOf(field, value);
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  return (indicator) => textsOf(field, indicator).some((text) => wanted.has(text.toLowerCase())) === isWanted;
}

function textsOf(field: Field, indicator: Indicator): readonly string[] {
  switch (field) {
    case "type":
      return [indicator.type];
    case "confidence":
      return [String(indicator.verdict.confidence)];
    case "family":
      return indicator.families;
    case "label":
      return indicator.labels;
    case "hunt":
      return indicator.hunts;
    case "samples":
      return [String(indicator.sampleCount)];
    case "sandboxes":
      return [String(indicator.sandboxes.length)];
    case "tlp":
      return [indicator.tlp];
  }
}

/** The place of a value on the field's scale; throws for a field that has none. */
function numberOf(field: Field, text: string): number {
  if (field === "tlp") {
    const level = TLP_LEVELS.indexOf(text.toLowerCase() as Tlp);
    if (level === -1) throw invalid(`"${text}" is no TLP level: ${TLP_LEVELS.join(", ")}`);
    return level;
  }
  if (!isNumeric(field)) throw invalid(`${field} compares with = and != only`);
  if (!/^[0-9]{1,9}$/.test(text)) throw invalid(`"${text}" is no number`);
  if (field === "confidence" && Number(text) > 100) throw invalid(`confidence goes from 0 to 100, not to ${text}`);
  return Number(text);
}

function isNumeric(field: Field): boolean {
  return field === "confidence" || field === "samples" || field === "sandboxes";
}

function invalid(message: string): FilterFault {
  return new FilterFault(`cannot read the filter: ${message}`);
}
