/**
 * What `rulewright doctor` asks VirusTotal: does the key work, what may it do, what is left, and is the clock right. Four
 * requests count against the quota, one against that of searches, and one more for each other kind of hunt in the config.
 */

import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import { VtError } from "../vt/failure.ts";
import { feedCursor } from "../vt/feed.ts";
import { paths } from "../vt/paths.ts";
import { type Check, problem } from "./check.ts";
import type { HealthOptions } from "./health.ts";
import { openVirusTotal, type VirusTotal } from "./virustotal.ts";

/** SHA-256 of the empty file: VirusTotal knows it, and asking for it gives nothing away. */
const EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

interface Right {
  readonly name: string;
  ask(virusTotal: VirusTotal): Promise<unknown>;
}

const RIGHTS: readonly Right[] = [
  {
    name: "Intelligence search",
    ask: ({ client }) => client.get(paths.intelligenceSearch, { query: EMPTY_FILE, limit: 1 }),
  },
  { name: "Livehunt (IoC stream)", ask: ({ client }) => client.get(paths.iocStream, { limit: 1 }) },
  { name: "Retrohunt", ask: ({ client }) => client.get(paths.retrohuntJobs, { limit: 1 }) },
];

const OLDER_LIVEHUNT: Right = {
  name: "Livehunt (older listings)",
  ask: ({ client }) => client.get(paths.huntingNotificationFiles, { limit: 1 }),
};

/** Yesterday's batch is there even if the clock is an hour ahead; its bytes are not read. */
const FEED: Right = {
  name: "file-behaviour feed",
  async ask({ client, clock }) {
    const cursor = feedCursor(new Date(clock().getTime() - 86_400_000), "minute");
    (await client.download(paths.feedBatch("file-behaviours", cursor.split("-")[0] as string)))?.destroy();
  },
};

function rightsOf({ loaded }: App): readonly Right[] {
  const { hunts } = loaded.config;
  return [
    ...RIGHTS,
    ...(hunts.some(({ livehunt, livehuntFrom }) => livehunt !== undefined && livehuntFrom !== "stream")
      ? [OLDER_LIVEHUNT]
      : []),
    ...(hunts.some(({ feed }) => feed !== undefined) ? [FEED] : []),
  ];
}

/** Watermarks are cut by this machine's clock: a minute is covered by their overlap. */
const MOST_SKEW_SECONDS = 60;

export async function virusTotalChecks(app: App, options: HealthOptions): Promise<Check[]> {
  const needsKey = app.loaded.config.hunts.length > 0;
  let virusTotal: VirusTotal;
  try {
    virusTotal = openVirusTotal(app, options.store);
  } catch (error) {
    const found = problem("key", error);
    const isMissing = (error as { code?: string }).code === "VT_KEY_MISSING";
    return [isMissing && !needsKey ? { ...found, state: "warning" } : found];
  }
  try {
    return await ask(virusTotal, rightsOf(app));
  } finally {
    await virusTotal.close();
  }
}

async function ask(virusTotal: VirusTotal, rights: readonly Right[]): Promise<Check[]> {
  const { client, clock } = virusTotal;
  const checks: Check[] = [];
  try {
    await client.get(paths.file(EMPTY_FILE));
    checks.push({ name: "key", state: "ok", text: "VirusTotal takes it" });
  } catch (error) {
    checks.push(problem("key", error));
    return [...checks, ...clockCheck(client.serverTime(), clock())];
  }
  checks.push(...clockCheck(client.serverTime(), clock()));
  for (const right of rights) {
    const check = await rightCheck(virusTotal, right);
    checks.push(check);
    if (check.exitCode === EXIT.unavailable) break;
  }
  return [...checks, ...(await quotaChecks(client))];
}

function clockCheck(server: Date | undefined, own: Date): Check[] {
  if (server === undefined) return [];
  const seconds = Math.round((own.getTime() - server.getTime()) / 1000);
  if (Math.abs(seconds) <= MOST_SKEW_SECONDS) return [{ name: "clock", state: "ok", text: "agrees with VirusTotal's" }];
  const text = `${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} VirusTotal's`;
  return [{ name: "clock", state: "warning", text, cure: "set it by NTP: searches are bounded by time" }];
}

async function rightCheck(virusTotal: VirusTotal, { name, ask }: Right): Promise<Check> {
  try {
    await ask(virusTotal);
    return { name, state: "ok", text: "allowed" };
  } catch (error) {
    if (error instanceof VtError && error.problem === "forbidden")
      return { name, state: "warning", text: "not in this key's licence", cure: "hunts of this kind will fail" };
    return problem(name, error);
  }
}

async function quotaChecks(client: VirusTotal["client"]): Promise<Check[]> {
  try {
    const lines = await client.overallQuotas();
    if (lines === undefined)
      return [
        { name: "quota", state: "ok", text: "not asked for", cure: "virustotal.user in the config names the account" },
      ];
    return lines
      .filter(({ allowed }) => allowed > 0)
      .map(({ name, scope, left, allowed }): Check => {
        const text = `${name} (${scope}): ${left} of ${allowed} left`;
        return left > 0
          ? { name: "quota", state: "ok", text }
          : { name: "quota", state: "warning", text, cure: "hunts stop until it resets and go on then" };
      });
  } catch (error) {
    return [problem("quota", error)];
  }
}
