/**
 * `rulewright/testing`: the contract suites that every built-in exporter and sink passes and that plugin authors run
 * against theirs, and the VirusTotal emulator. They bring no test runner: pass your runner's `describe` and `it`.
 */
export * from "./emulator/index.ts";
export { type DeliveryContract, type DeliveryTarget, describeDelivery } from "./testing/delivery-contract.ts";
export {
  EXAMPLE_VALUES,
  exampleIndicator,
  exampleIndicators,
  HOSTILE_TEXTS,
  hostileIndicators,
  numbered,
} from "./testing/examples.ts";
export { describeExporter, type ExporterContract } from "./testing/exporter-contract.ts";
export {
  asyncIterable,
  memorySidLedger,
  memoryVersionLedger,
  type Rendered,
  type RenderedFiles,
  type RenderOptions,
  render,
  silentLog,
} from "./testing/render.ts";
export type { Runner } from "./testing/runner.ts";
export { memoryDeliveryLedger, type SinkSettings, sinkContext } from "./testing/sink-context.ts";
export { describeSink, type SinkContract } from "./testing/sink-contract.ts";
