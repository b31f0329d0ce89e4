/** Rules on the samples that show a value: how many, of which families, malicious or clean, against the whole store. */
import type { Facts } from "../store/store.ts";
import { type Finding, plural, type Rule } from "./rule.ts";
import { effectiveGroups, liftOf, mainFamily } from "./spread.ts";

/** Samples of one family that show it, with those of no known family; others' and clean ones corroborate nothing. */
function corroborating({ samples, cleanSamples, families }: Facts): { samples: number; family?: string } {
  const main = mainFamily(families);
  if (!main) return { samples: samples - cleanSamples };
  const labelled = [...families.values()].reduce((sum, count) => sum + count, 0);
  return { samples: main[1] + Math.max(0, samples - cleanSamples - labelled), family: main[0] };
}

const severalSamples: Rule = (facts) => {
  const { samples, family } = corroborating(facts);
  if (samples < 2) return undefined;
  const among = facts.families.size > 1 ? ` of ${family} or of no known family` : "";
  return {
    id: "several-samples",
    weight: Math.min(15, Math.round(5 * Math.log2(samples))),
    text: `seen in ${samples} samples${among}`,
  };
};

const severalSandboxes: Rule = ({ sandboxes }) =>
  sandboxes >= 2
    ? { id: "several-sandboxes", weight: Math.min(10, 5 * (sandboxes - 1)), text: `seen by ${sandboxes} sandboxes` }
    : undefined;

const oneFamily: Rule = ({ families }) => {
  const [[name, samples] = ["", 0], ...others] = families;
  return samples >= 2 && others.length === 0
    ? { id: "one-family", weight: 10, text: `its samples are of one family, ${name}` }
    : undefined;
};

/** Fewer samples to compare with say nothing. */
const ENOUGH_SAMPLES = 20;

/** What one family shows and the rest of the store does not. */
const lift: Rule = (facts, { population }) => {
  const own = liftOf(facts, population);
  if (!own || own.shown < 2 || own.samplesElsewhere < ENOUGH_SAMPLES || own.factor < 5) return undefined;
  const { family, shown, samples, shownElsewhere, samplesElsewhere, factor } = own;
  return {
    id: "lift",
    weight: factor >= 10 ? 10 : 5,
    text: `in ${shown} of ${samples} samples of ${family} and ${shownElsewhere} of ${samplesElsewhere} others, ${Math.floor(factor)} times as often`,
  };
};

const maliciousSample: Rule = ({ maliciousSamples, samples }) =>
  maliciousSamples > 0
    ? {
        id: "malicious-sample",
        weight: 15,
        text: `${maliciousSamples} of ${plural(samples, "sample")} malicious by engines or sandbox`,
      }
    : undefined;

/** Honest software that meets it is a witness against; the greater its share, the weightier. */
export const cleanSamples = ({
  cleanSamples: clean,
  samples,
  undecidedSamples: undecided,
}: Facts): Finding | undefined => {
  if (clean === 0) return undefined;
  const decided = Math.max(clean, samples - undecided);
  return {
    id: "clean-samples",
    weight: -20 - Math.round((40 * clean) / decided),
    text:
      decided === 1
        ? "its only sample is clean by engines or sandbox"
        : `${clean} of ${decided} samples clean by engines or sandbox`,
  };
};

const undecidedSamples: Rule = ({ undecidedSamples: undecided, samples }) =>
  samples > 0 && undecided === samples
    ? {
        id: "undecided-samples",
        weight: -15,
        text: `no engine or sandbox calls ${samples === 1 ? "its only sample" : `any of its ${samples} samples`} malicious or clean`,
      }
    : undefined;

/** The more families share it, and the more evenly, the less it is any one's. */
const manyFamilies: Rule = ({ families }) => {
  const groups = effectiveGroups(families.values());
  return groups >= 1.5
    ? {
        id: "many-families",
        weight: -Math.min(60, Math.round(15 * (groups - 1))),
        text: `seen across ${families.size} families, as if ${groups.toFixed(1)} had an equal share`,
      }
    : undefined;
};

/** Samples without a family may be one campaign: only other families and clean samples make it everybody's. */
const widespread: Rule = (facts, { population }) => {
  const own = liftOf(facts, population);
  if (!own || own.shownElsewhere < 5) return undefined;
  const share = own.shownElsewhere / own.samplesElsewhere;
  return share >= 0.3
    ? {
        id: "widespread",
        weight: -45,
        text: `in ${Math.round(share * 100)} % of the ${own.samplesElsewhere} samples that are not of ${own.family}`,
      }
    : undefined;
};

/** Which samples contacted it: says nothing of a value that nobody contacted. */
export const CORROBORATION: readonly Rule[] = [severalSamples, severalSandboxes, oneFamily, lift, maliciousSample];

/** Which samples show it in whatever way. */
export const COMPANY: readonly Rule[] = [cleanSamples, undecidedSamples, manyFamilies, widespread];
