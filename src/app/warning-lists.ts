/** Which warning lists the judge goes by. */
import { resolve } from "node:path";
import type { App } from "../app.ts";
import { loadWarningLists, type WarningLists } from "../enrich/warning-lists.ts";
import { RulewrightError } from "../errors.ts";
import type { Store } from "../store/store.ts";

/** A folder, or false for none whatever the config says. */
export type ListsChoice = string | false;

/** The lists behind `--warning-lists` or the config, or undefined. Throws WARNING_LISTS_UNREADABLE. */
export async function openWarningLists(app: App, choice?: ListsChoice): Promise<WarningLists | undefined> {
  const folder = choice ?? app.loaded.config.warningLists;
  if (folder === undefined || folder === false) return undefined;
  try {
    const lists = await loadWarningLists(folder);
    for (const { list, reason } of lists.problems) app.log.warn(`warning list ${list}: ${reason}`);
    return lists;
  } catch (cause) {
    throw new RulewrightError(
      "WARNING_LISTS_UNREADABLE",
      `${(cause as Error).message} Give --warning-lists the folder of a checkout of MISP's warning lists.`,
      { cause },
    );
  }
}

/**
 * By the flag, else by the config, else as last time: a ruling on one value judges everything, and must not judge it by
 * other lists. Throws WARNING_LISTS_UNREADABLE.
 */
export async function listsOfStore(
  app: App,
  { settings }: Pick<Store, "settings">,
  choice?: ListsChoice,
): Promise<WarningLists | undefined> {
  if (choice !== undefined || app.loaded.config.warningLists !== undefined) return openWarningLists(app, choice);
  const last = await settings.get("warning-lists");
  if (last === undefined) return undefined;
  try {
    return await openWarningLists(app, last);
  } catch (cause) {
    throw new RulewrightError(
      "WARNING_LISTS_UNREADABLE",
      `The warning lists that this store was last judged by are not there: ${last}. Say where they are: rulewright judge --all --warning-lists DIR, or do without: --no-warning-lists.`,
      { cause },
    );
  }
}

/** That everything was judged by the flag's lists. Beside a config that names some, the flag is for once. */
export async function rememberLists(
  app: App,
  { settings }: Pick<Store, "settings">,
  choice?: ListsChoice,
): Promise<void> {
  if (choice === undefined || (choice !== false && app.loaded.config.warningLists !== undefined)) return;
  await settings.set("warning-lists", choice === false ? undefined : resolve(app.folder, choice));
}
