/**
 * What a sandbox shows in a large share of its reports, whatever it runs, is its own: its resolver, agent, gateway or
 * proxy, its system's chatter. Learned from the store and from nothing else; a small store learns nothing.
 */
import { indicatorKey } from "../model/indicator.ts";
import type { Observable } from "../model/observable.ts";
import type { SandboxShare, Store } from "../store/store.ts";
import type { Gate } from "./rule.ts";
import { effectiveGroups } from "./spread.ts";

/** Key of an observable → the sandboxes it belongs to. */
export type SandboxOwn = ReadonlyMap<string, readonly SandboxShare[]>;

/** Reports from which on a sandbox's habits can be told, and the share of them from which on a value is a habit. */
export const SANDBOX_FLOOR = { reports: 20, share: 0.3 };
/** Clean samples count as one family more. */
const FEWEST_FAMILIES = 4;
/** Other sandboxes show it that many times as seldom: else it is the samples' and not the sandbox's. */
const CONTRAST = 3;
/** Where there is no other sandbox to compare with, clean samples have to show it too. */
const FEWEST_CLEAN = 3;

export async function learnSandboxes(store: Store): Promise<SandboxOwn> {
  const shares = await store.sandboxShares(SANDBOX_FLOOR);
  return Map.groupBy(ownShares(shares), ({ observable }) => indicatorKey(observable));
}

/** Those of the frequent values that are a sandbox's own. A sample's hash never is. */
export function ownShares(shares: readonly SandboxShare[]): SandboxShare[] {
  const frequent = shares.filter(
    ({ observable, families, cleanSamples }) =>
      observable.type !== "sha256" &&
      effectiveGroups([...families.values(), cleanSamples].filter(Boolean)) >= FEWEST_FAMILIES,
  );
  return [...Map.groupBy(frequent, ({ observable }) => indicatorKey(observable)).values()].flatMap(ownOfOne);
}

/** Two sandboxes of one house may share an agent: each is held against those that do not show it often. */
function ownOfOne(shares: readonly SandboxShare[]): readonly SandboxShare[] {
  return shares.filter(({ sandbox, shown, reports, shownElsewhere, reportsElsewhere, cleanSamples }) => {
    const others = shares.filter((share) => share.sandbox !== sandbox);
    const restReports = reportsElsewhere - others.reduce((sum, other) => sum + other.reports, 0);
    const restShown = shownElsewhere - others.reduce((sum, other) => sum + other.shown, 0);
    if (restReports < SANDBOX_FLOOR.reports) return cleanSamples >= FEWEST_CLEAN;
    return restShown / restReports <= shown / reports / CONTRAST;
  });
}

export function sandboxOwnGate(observable: Observable, own: SandboxOwn): Gate | undefined {
  const shares = own.get(indicatorKey(observable));
  if (!shares) return undefined;
  return { id: "sandbox-own", text: `${shares.map(shareText).join("; ")}: the sandbox's own, not the samples'` };
}

/** `Tencent HABO shows it in 70 % of its 120 reports, of 8 families`. */
export function shareText({ sandbox, shown, reports, families }: SandboxShare): string {
  return `${sandbox} shows it in ${Math.round((100 * shown) / reports)} % of its ${reports} reports, of ${families.size} families`;
}
