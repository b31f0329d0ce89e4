/** `rulewright`: the library entry. Exporters and sinks import `rulewright/plugin`, their tests `rulewright/testing`. */
export {
  type App,
  type AppDeps,
  exportAll,
  type IngestTally,
  type Judged,
  judgeReports,
  openApp,
  planExports,
} from "./app.ts";
export { type ErrorCode, RulewrightError } from "./errors.ts";
export { canonicalise, recognise } from "./model/canonical.ts";
export type { Indicator } from "./model/indicator.ts";
export type { Observable, ObservableType } from "./model/observable.ts";
export type { Decision, Reason, Verdict } from "./model/verdict.ts";
