/** This process among those that may work on the same store. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Claimant } from "../store/hunt-store.ts";

export function createClaimant(): Claimant {
  const [host, own] = [hostname(), randomBytes(6).toString("hex")];
  return {
    owner: `${host}/${process.pid}/${own}`,
    isGone(owner) {
      const [otherHost, pid, token] = owner.split("/");
      if (otherHost !== host) return false;
      // In a container that was started anew the dead one had the same number.
      return Number(pid) === process.pid ? token !== own : !isRunning(Number(pid));
    },
  };
}

/** Signal 0 is not sent: the call only says whether there is such a process. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
