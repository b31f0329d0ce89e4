/**
 * What `run` schedules: the config's hunts, judging what they brought, then its exports and pushes. Each does what the command of
 * its name does, over the same functions.
 */
import type { ExportOutcome } from "../app/exporting.ts";
import { huntInto, huntsOf } from "../app/hunting.ts";
import { planExports } from "../app/planning.ts";
import { exportNames, publishAll } from "../app/publishing.ts";
import { pushText } from "../app/push-text.ts";
import { type PushOutcome, planPushes, pushAll } from "../app/pushing.ts";
import { judgeStore, requireContent, storedContext } from "../app/stored.ts";
import type { App } from "../app.ts";
import type { Cadence } from "../cadence.ts";
import { cadenceOf, huntPoliciesOf, type SinkConfig } from "../config.ts";
import { RulewrightError } from "../errors.ts";
import type { HuntTally } from "../hunt/hunt.ts";
import { sha256 } from "../model/ids.ts";
import type { JudgingTally } from "../policy/judge-all.ts";
import type { Store } from "../store/store.ts";
import { VERSION } from "../version.ts";
import { failureOf } from "./failure.ts";
import type { JobContext, JobResult, Stage } from "./job.ts";

export interface StageOptions {
  /** `--store`. */
  readonly store?: string;
  /** Absolute path of the output folder. */
  readonly folder: string;
}

/** Of hunts that say nothing. */
const HOURLY: Cadence = { everySeconds: 3600 };
/** Of what follows its inputs: confidence decays and indicators expire on days without a new sample too. */
const DAILY: Cadence = { everySeconds: 86_400 };

/** Throws what the config's hunts and exports have wrong, before anything runs. */
export function stagesOf(app: App, store: Store, options: StageOptions): Stage[] {
  const exports = exportNames(app);
  planExports(app, exports, options.folder);
  return [
    huntStage(app, store, options),
    judgeStage(app, store),
    exportStage(app, store, options, exports),
    pushStage(app, store, options),
  ];
}

function huntStage(app: App, store: Store, options: StageOptions): Stage {
  const configured = app.loaded.config.hunts;
  if (configured.length > 0) huntsOf(app, []);
  return {
    kind: "hunt",
    jobs: configured.map((hunt) => ({ name: hunt.name, cadence: cadenceOf(hunt) ?? HOURLY })),
    isTogether: false,
    async run(names, context) {
      const own = within(app, context);
      const outcome = await huntInto(own, store, options.store, huntsOf(own, names), () => {});
      const error = outcome.stoppedBy ?? outcome.failures[0]?.error;
      const [name = ""] = names;
      const tally = outcome.tallies.find((one) => one.name === name);
      const text = tally ? huntText(tally, outcome.stats.requests) : "";
      return new Map([[name, { text, ...(error ? { failure: failureOf(error, app.log) } : {}) }]]);
    },
  };
}

function huntText({ found, fetched, known, isComplete }: HuntTally, requests: number): string {
  const rest = isComplete ? "" : ", there is more";
  return `${found} found, ${fetched} fetched, ${known} known${rest}, ${requests} requests`;
}

/** Judged anew when something came in, when policy or version are others, and once a day. */
function judgeStage(app: App, store: Store): Stage {
  const { policy, warningLists } = app.loaded.config;
  const policies = [policy, ...huntPoliciesOf(app.loaded.config)];
  return {
    kind: "judge",
    jobs: [
      {
        name: "all",
        cadence: DAILY,
        inputs: (mark) => sha256(JSON.stringify([mark, VERSION, policies, warningLists])),
      },
    ],
    isTogether: false,
    mark: () => store.jobs.inputMark(),
    async run([name = ""], context) {
      return new Map([[name, { text: judgingText(await judgeStore(within(app, context), store)) }]]);
    },
  };
}

function judgingText({ decisions }: JudgingTally): string {
  const sum = { keep: 0, review: 0, drop: 0 };
  for (const own of decisions.values()) {
    sum.keep += own.keep;
    sum.review += own.review;
    sum.drop += own.drop;
  }
  return `${sum.keep} kept, ${sum.review} in review, ${sum.drop} dropped`;
}

/** An export with a cadence keeps to it; one without follows its inputs. */
function exportStage(app: App, store: Store, options: StageOptions, names: readonly string[]): Stage {
  const { folder } = options;
  const { exports, sinks: _sinks, ...rest } = app.loaded.config;
  const follow = (name: string, mark: string): string =>
    sha256(JSON.stringify([mark, VERSION, rest, exports[name] ?? {}, folder]));
  return {
    kind: "export",
    jobs: names.map((name) => {
      const cadence = exports[name] && cadenceOf(exports[name]);
      return cadence ? { name, cadence } : { name, cadence: DAILY, inputs: (mark: string) => follow(name, mark) };
    }),
    isTogether: true,
    mark: () => store.jobs.inputMark(),
    async run(wanted, turn) {
      const own = within(app, turn);
      await requireContent(own, store, options.store);
      const results = new Map<string, JobResult>();
      const planned = wanted.flatMap((name) => {
        try {
          return planExports(own, [name], folder);
        } catch (error) {
          results.set(name, { text: "", failure: failureOf(error, app.log) });
          return [];
        }
      });
      const context = storedContext(own);
      const { outcomes } = await publishAll(own, store, { planned, folder, context });
      for (const outcome of outcomes) results.set(outcome.name, exportResult(outcome, app));
      return results;
    },
  };
}

/** A target that was down is tried again by the scheduler, and then gets what it missed. */
function pushStage(app: App, store: Store, options: StageOptions): Stage {
  const { sinks, exports, ...rest } = app.loaded.config;
  const names = Object.keys(sinks);
  if (names.length > 0) planPushes(app, []);
  return {
    kind: "push",
    jobs: names.map((name) => {
      const cadence = cadenceOf(sinks[name] as SinkConfig);
      const inputs = (mark: string): string => sha256(JSON.stringify([mark, VERSION, rest, exports, sinks[name]]));
      return cadence ? { name, cadence } : { name, cadence: DAILY, inputs };
    }),
    isTogether: false,
    mark: () => store.jobs.inputMark(),
    async run(wanted, context) {
      const own = within(app, context);
      await requireContent(own, store, options.store);
      const results = new Map<string, JobResult>();
      for (const name of wanted) {
        const outcomes = await pushAll(own, store, planPushes(own, [name]), { isDryRun: false, isClaimed: true });
        results.set(name, pushResult(outcomes, app));
      }
      return results;
    },
  };
}

function pushResult(outcomes: readonly PushOutcome[], { log }: App): JobResult {
  const error = outcomes.find((outcome) => outcome.error)?.error;
  const failed = outcomes.reduce((sum, { result }) => sum + (result?.objects?.failed ?? 0), 0);
  const text = outcomes.map((outcome) => `${outcome.name} ${pushText(outcome)}`).join("; ");
  if (error) return { text, failure: failureOf(error, log) };
  if (failed === 0) return { text };
  const refused = new RulewrightError(
    "PUSH_REFUSED",
    `${failed} objects were not taken. See: rulewright push --dry-run`,
  );
  return { text, failure: failureOf(refused, log) };
}

function exportResult(outcome: ExportOutcome, { log }: App): JobResult {
  if ("error" in outcome) return { text: "", failure: failureOf(outcome.error, log) };
  const { written, files, changed } = outcome;
  const skipped = outcome.in - written;
  return { text: `${written} written, ${skipped} skipped, ${files.length} files${changed ? "" : ", unchanged"}` };
}

/** The app as a command that is started now would have it. */
function within(app: App, { now, signal }: JobContext): App {
  return { ...app, now, signal };
}
