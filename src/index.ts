/** `rulewright`: the library entry. Exporters and sinks import `rulewright/plugin`, their tests `rulewright/testing`. */
export { exportAll } from "./app/exporting.ts";
export type { IngestTally } from "./app/ingesting.ts";
export { planExports } from "./app/planning.ts";
export { type Judged, judgeReports } from "./app/reports.ts";
export { type App, type AppDeps, openApp } from "./app.ts";
export { type ErrorCode, RulewrightError } from "./errors.ts";
export { canonicalise, recognise } from "./model/canonical.ts";
export type { Indicator } from "./model/indicator.ts";
export type { Observable, ObservableType } from "./model/observable.ts";
export type { Decision, Reason, Verdict } from "./model/verdict.ts";
