/**
 * Counts the alerts of a replay against the plan: which contacts each rule fired on, how often in one session, and on
 * what it should not have fired. Memory grows with the rules' own contacts, not with the alerts of a rule that is too
 * wide.
 */
import type { EngineAlert } from "./engine.ts";
import type { Expectation } from "./expectation.ts";
import { createFinder, type Plan } from "./plan.ts";
import { contacts, isInNetwork, type Target } from "./target.ts";
import { clientIndex } from "./traffic.ts";

/** Names that are kept of what a rule should not have fired on. */
const EXAMPLES = 3;

export interface RuleTally {
  /** Numbers of its own contacts that it fired on. */
  readonly fired: Set<number>;
  /** Most alerts of it on one exchange. */
  most: number;
  /** Exchanges of other rules on which it was right to fire, such as a name below its own. */
  others: number;
  wrong: number;
  readonly wrongNames: string[];
  benign: number;
  readonly benignNames: string[];
  /** What it stands for and met on harmless traffic, as far as that is known. */
  readonly benignTargets: Set<Target>;
}

export interface Tally {
  readonly add: (alert: EngineAlert) => void;
  readonly of: (expectation: number) => RuleTally;
  /** Alerts on captures of somebody's own network. */
  readonly addBenign: (alert: EngineAlert) => void;
}

export function createTally(expectations: readonly Expectation[], plan: Plan): Tally {
  const find = createFinder(plan);
  const bySid = placesBySid(expectations);
  const tallies = expectations.map(
    (): RuleTally => ({
      fired: new Set(),
      most: 0,
      others: 0,
      wrong: 0,
      wrongNames: [],
      benign: 0,
      benignNames: [],
      benignTargets: new Set(),
    }),
  );
  const ownGroups = plan.own.map((groups) => new Set(groups));
  const oracles = expectations.map(oracleOf);
  let current: { number: number; counts: Map<number, number> } = { number: 0, counts: new Map() };

  /** How often the rule has fired on this exchange; exchanges do not interleave. */
  const countOn = (number: number, place: number): number => {
    if (current.number !== number) current = { number, counts: new Map() };
    const count = (current.counts.get(place) ?? 0) + 1;
    current.counts.set(place, count);
    return count;
  };

  const blame = (tally: RuleTally, place: number, isMet: (target: Target) => boolean): void => {
    const targets = expectations[place]?.targets ?? [];
    for (const target of targets.length === 1 ? targets : targets.filter(isMet)) tally.benignTargets.add(target);
  };

  return {
    add({ sid, source, destination }) {
      const place = bySid.get(sid);
      const number = clientIndex(source) ?? clientIndex(destination);
      const placed = number === undefined ? undefined : find(number);
      if (place === undefined || number === undefined || !placed) return;
      const tally = tallies[place] as RuleTally;
      const count = countOn(number, place);
      tally.most = Math.max(tally.most, count);
      if (count > 1) return;
      if (placed.isBenign) {
        note(tally, "benign", placed.exchange.name);
        blame(tally, place, (target) => contacts(target, placed.exchange.facts));
      } else if (placed.isContact && ownGroups[place]?.has(placed.group)) tally.fired.add(number);
      else if (oracles[place]?.(placed.exchange.facts)) tally.others += 1;
      else note(tally, "wrong", placed.exchange.name);
    },
    addBenign({ sid, source, destination, capture }) {
      const place = bySid.get(sid);
      const tally = tallies[place ?? -1];
      if (!tally) return;
      note(tally, "benign", `${source} → ${destination}${capture === undefined ? "" : ` in ${capture}`}`);
      // Of names only the engine knows which it was.
      blame(tally, place as number, (target) => target.view === "address" && isInNetwork(destination, target.address));
    },
    of: (place) => tallies[place] as RuleTally,
  };
}

/** Of two rules with one sid the engine keeps the one with the higher rev, else the first. */
function placesBySid(expectations: readonly Expectation[]): Map<number, number> {
  const places = new Map<number, number>();
  for (const [place, { rule }] of expectations.entries()) {
    const known = expectations[places.get(rule.sid) ?? -1];
    if (!known || rule.rev > known.rule.rev) places.set(rule.sid, place);
  }
  return places;
}

function note(tally: RuleTally, what: "wrong" | "benign", name: string): void {
  tally[what] += 1;
  const names = what === "wrong" ? tally.wrongNames : tally.benignNames;
  if (names.length < EXAMPLES) names.push(name);
}

type Oracle = (facts: Parameters<typeof contacts>[1]) => boolean;

/** Whether traffic contacts anything the rule stands for; the names of a long list are looked up, not tried. */
function oracleOf({ targets }: Expectation): Oracle {
  if (targets.length <= 16) return (facts) => targets.some((target) => contacts(target, facts));
  const byHost = Map.groupBy(targets, (target) => ("host" in target ? target.host : ""));
  const others = byHost.get("") ?? [];
  return (facts) => {
    const name = facts.dns ?? facts.sni ?? facts.quicSni ?? facts.http?.host.replace(/:\d+$/, "") ?? "";
    for (let rest = name.toLowerCase(); rest !== ""; rest = rest.slice(rest.indexOf(".") + 1 || rest.length)) {
      if (byHost.get(rest)?.some((target) => contacts(target, facts))) return true;
    }
    return others.some((target) => contacts(target, facts));
  };
}
