/** What `rulewright/testing` and `rulewright emulate` give out of the emulator. */
export { PRIVILEGES, type Privilege } from "./answer.ts";
export {
  CONTENT_FAULTS,
  type ContentFault,
  FAULT_MODES,
  type FaultMode,
  type FaultOptions,
  TRANSPORT_FAULTS,
  type TransportFault,
} from "./faults.ts";
export { collectionId, retrohuntJobId, rulesetId } from "./notifications.ts";
export type { QuotaOptions } from "./quota.ts";
export { SECRETS } from "./report-parts.ts";
export { type Emulator, type EmulatorInput, type LoggedRequest, startEmulator } from "./server.ts";
export type { Label, Truth } from "./truth.ts";
export { createWorld, type World, type WorldInput, type WorldSample } from "./world.ts";
