/** `rulewright export [name…]`: the store's indicators into files; what is withdrawn or expired is said to be so. */
import { storedContext, withStore } from "../app/stored.ts";
import { type App, DEFAULT_EXPORTS, planExports } from "../app.ts";
import type { Output } from "./output.ts";
import { outputFolder, publish } from "./publish.ts";

export interface ExportOptions {
  readonly to?: readonly string[];
  readonly out: string;
  readonly where?: string;
  readonly store?: string;
  readonly json?: boolean;
}

export async function exportStored(
  app: App,
  output: Output,
  names: readonly string[],
  options: ExportOptions,
): Promise<number> {
  const folder = outputFolder(app, options.out);
  const planned = planExports(app, named(app, [...names, ...(options.to ?? [])]), folder, options.where);
  return withStore(app, options.store, (store) =>
    publish(app, output, store, {
      planned,
      ...(folder === undefined ? {} : { folder }),
      context: storedContext(app),
      isJson: options.json === true,
    }),
  );
}

/** The exports named on the command line, else those of the config, else the built-in ones. */
function named({ loaded }: App, wanted: readonly string[]): readonly string[] {
  const configured = Object.keys(loaded.config.exports);
  return wanted.length > 0 ? wanted : configured.length > 0 ? configured : DEFAULT_EXPORTS;
}
