/** Events that were delivered and are no longer exported: MISP keeps what nobody takes back. */
import type { DeliveryLedger } from "../../../src/plugin.ts";
import type { Courier } from "./courier.ts";
import { deliveredEvents } from "./memory.ts";

/** `exported` are the uuids of all events of this push. */
export async function withdrawMissing(
  exported: ReadonlySet<string>,
  deliveries: DeliveryLedger,
  courier: Courier,
): Promise<void> {
  for (const uuid of await deliveredEvents(deliveries)) {
    if (!exported.has(uuid)) await courier.withdraw(uuid);
  }
}
