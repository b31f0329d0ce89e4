/** `rulewright allow|deny|revoke|restore <value> --reason "…"`: an operator's word, which wins over every rule. */

import { openJudging, withNewStore, withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import { EXIT, RulewrightError } from "../errors.ts";
import { type Canonical, canonicalise, isRejected, recognise, typesOfHex } from "../model/canonical.ts";
import { defang, refang } from "../model/defang.ts";
import { OBSERVABLE_TYPES, type Observable, type ObservableType } from "../model/observable.ts";
import { objectionTo } from "../policy/objection.ts";
import type { RulingAction, Store } from "../store/store.ts";
import type { Output } from "./output.ts";

export interface RulingOptions {
  readonly store?: string;
  readonly reason: string;
  readonly type?: string;
}

export async function rule(
  app: App,
  output: Output,
  action: RulingAction,
  value: string,
  options: RulingOptions,
): Promise<number> {
  const observable = observableOf(value, options.type);
  if (action === "deny" && observable.type === "domain" && !observable.value.includes("."))
    throw new RulewrightError(
      "USAGE",
      `${observable.value} is no host name but a top-level domain, or a name of one network alone: no output can say it. Deny names below it.`,
    );
  // A value that nobody has seen yet can be allowed or denied; there is nothing to withdraw from a store that is not there.
  const open = action === "revoke" ? withStore : withNewStore;
  return open(app, options.store, async (store) => {
    if (action === "revoke" && (await store.find(observable))?.verdict.decision !== "keep") {
      throw new RulewrightError(
        "VALUE_UNKNOWN",
        `${value} is no indicator of the store, so there is nothing to withdraw. Keep it out for good: rulewright allow ${value} --reason "…"`,
      );
    }
    const judging = await openJudging(app, store);
    await store.rule(observable, { action, reason: options.reason, ruledAt: Math.floor(app.now.getTime() / 1000) });
    await judging.run();
    const objection = action === "deny" ? objectionTo(observable, judging.context) : undefined;
    if (objection !== undefined) app.log.warn(denialWarning(observable, objection));
    output.say(`${SAID[action]} ${defang(observable.value)} (${observable.type}): ${options.reason}\n`);
    return EXIT.done;
  });
}

const SAID: Readonly<Record<RulingAction, string>> = {
  allow: "Never an indicator:",
  deny: "Always an indicator:",
  revoke: "Withdrawn:",
};

function denialWarning({ type, value }: Observable, objection: string): string {
  const reach = type === "domain" ? "it and every name below it" : "it";
  return `${objection}. Every output now takes ${reach} for malware. Take that back: rulewright restore ${value}${type === "url" ? " --type url" : ""}`;
}

/** Takes an `allow`, `deny` or `revoke` back: the rules decide again. */
export async function restore(
  app: App,
  output: Output,
  value: string,
  options: Partial<RulingOptions>,
): Promise<number> {
  const observable = observableOf(value, options.type);
  return withStore(app, options.store, async (store) => {
    const judging = await openJudging(app, store);
    if (!(await store.unrule(observable)))
      throw new RulewrightError("VALUE_UNKNOWN", `Nobody has ruled on ${value}. ${await helpWith(store, observable)}`);
    await judging.run();
    output.say(`The rules decide again on ${defang(observable.value)} (${observable.type}).\n`);
    return EXIT.done;
  });
}

/** What stands on a withdrawn host comes back with it. */
async function helpWith(store: Store, observable: Observable): Promise<string> {
  const host = (await store.find(observable))?.withdrawnHost?.host;
  return host
    ? `It was withdrawn with its host: rulewright restore ${host.value}`
    : `See what is known of it: rulewright explain ${observable.value}`;
}

function observableOf(value: string, type: string | undefined): Observable {
  const known = OBSERVABLE_TYPES.find((candidate) => candidate === type);
  if (type !== undefined && !known)
    throw new RulewrightError("USAGE", `"${type}" is no observable type: ${OBSERVABLE_TYPES.join(", ")}.`);
  const hex = known ? undefined : typesOfHex(value);
  if (hex)
    throw new RulewrightError(
      "USAGE",
      `${value} may be ${hex.of}. Say which: ${hex.types.map((own) => `--type ${own}`).join(" or ")}; a file is ruled on by its SHA-256.`,
    );
  const canonical = known ? asWritten(known, value) : recognise(refang(value));
  if (isRejected(canonical))
    throw new RulewrightError(
      "USAGE",
      `${value} is no ${known ?? "observable"}: ${canonical.rejected}. Say what it is with --type.`,
    );
  return canonical;
}

/** A path or a command line may hold what looks defanged: only what is nothing as it stands is refanged. */
function asWritten(type: ObservableType, value: string): Canonical {
  const canonical = canonicalise(type, value);
  return isRejected(canonical) ? canonicalise(type, refang(value)) : canonical;
}
