/** `rulewright stats`: how much the store knows; `--sandboxes`: what it has learned of each sandbox. */
import { withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import { defang } from "../model/defang.ts";
import { plainText } from "../model/text.ts";
import { learnSandboxes } from "../policy/sandbox-own.ts";
import type { SandboxShare, Store } from "../store/store.ts";
import type { Output } from "./output.ts";
import { table } from "./summary.ts";

export interface StatsOptions {
  readonly store?: string;
  readonly sandboxes?: boolean;
  readonly json?: boolean;
}

export async function stats(app: App, output: Output, options: StatsOptions): Promise<number> {
  return withStore(app, options.store, async (store) => {
    await output.print(`${options.sandboxes ? await sandboxText(store, options) : await countText(store, options)}\n`);
    return EXIT.done;
  });
}

async function countText(store: Store, { json }: StatsOptions): Promise<string> {
  const counts = await store.counts();
  const decisions = await store.decisions();
  if (json) return JSON.stringify({ ...counts, decisions }, undefined, 2);
  const verdicts = Object.entries(decisions).map(([type, own]) => [type, own.keep, own.review, own.drop]);
  return `${table(["", "number"], Object.entries(counts))}\n\n${table(["observables", "keep", "review", "drop"], verdicts)}`;
}

/** As the judge would learn it now; sorted by sandbox, then type and value. */
async function sandboxText(store: Store, { json }: StatsOptions): Promise<string> {
  const shares = [...(await learnSandboxes(store)).values()].flat().sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (json) return JSON.stringify(shares.map(shareJson), undefined, 2);
  if (shares.length === 0)
    return "No sandbox shows anything of its own in this store, or there are too few reports to tell.";
  return table(
    ["sandbox", "type", "value", "reports", "of", "families", "clean"],
    shares.map(({ sandbox, observable, shown, reports, families, cleanSamples }) => [
      plainText(sandbox, 60),
      observable.type,
      plainText(defang(observable.value), 200),
      shown,
      reports,
      families.size,
      cleanSamples,
    ]),
  );
}

function sortKey({ sandbox, observable }: SandboxShare): string {
  return JSON.stringify([sandbox, observable.type, observable.value]);
}

function shareJson({ observable, families, ...share }: SandboxShare): object {
  return { ...observable, ...share, families: [...families.keys()] };
}
