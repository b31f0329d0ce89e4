/** `rulewright export [name…]`: the store's indicators into files; what is withdrawn or expired is said to be so. */
import { planExports } from "../app/planning.ts";
import { exportNames } from "../app/publishing.ts";
import { requireContent, storedContext, withStore } from "../app/stored.ts";
import type { App } from "../app.ts";
import type { Output } from "./output.ts";
import { outputFolder, publish } from "./publish.ts";

export interface ExportOptions {
  readonly to?: readonly string[];
  readonly out: string;
  readonly where?: string;
  readonly store?: string;
  /** Prove rules before they are swapped in, also where the config does not ask for it. */
  readonly verify?: boolean;
  readonly json?: boolean;
}

export async function exportStored(
  app: App,
  output: Output,
  names: readonly string[],
  options: ExportOptions,
): Promise<number> {
  const folder = outputFolder(app, options.out);
  const named = [...names, ...(options.to ?? [])];
  const planned = planExports(app, named.length > 0 ? named : exportNames(app), folder, options.where, options.verify);
  return withStore(app, options.store, async (store) => {
    await requireContent(app, store, options.store);
    return publish(app, output, store, {
      planned,
      ...(folder === undefined ? {} : { folder }),
      context: storedContext(app),
      isJson: options.json === true,
    });
  });
}
