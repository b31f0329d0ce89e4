/** With a service that fails in every way it can, a hunt of many samples takes longer and leaves the same. */
import { expect, it } from "vitest";
import { FAULT_MODES, type FaultOptions } from "../../src/emulator/index.ts";
import { withEmulator } from "../emulator/support.ts";
import { askedFor, huntOf, wideWorld, withLab } from "./support.ts";

const world = wideWorld();

/** What an undisturbed run of the hunt leaves. */
const clean = withEmulator({ world }, (emulator) =>
  withLab(emulator, async (lab) => {
    await lab.run(huntOf());
    return { evidence: lab.dump(), asked: askedFor(emulator).size };
  }),
);

const LONG_MS = 600_000;

it.each([
  { rate: 0.3, seed: 1 },
  { rate: 0.6, seed: 2 },
])(
  "with every fault mode on, $rate of requests, leaves the evidence of an undisturbed run",
  async (given) => {
    const faults: FaultOptions = { ...given, modes: FAULT_MODES, slowMs: 5, retryAfterSeconds: 1 };
    const { evidence, asked } = await clean;
    expect(asked).toBe(1500);
    await withEmulator({ world, faults }, (emulator) =>
      withLab(emulator, async (lab) => {
        const tally = await lab.run(huntOf());
        expect(tally).toMatchObject({ fetched: 500, isComplete: true });
        const failed = emulator.requests.filter(({ status }) => status !== 200).length;
        expect(failed).toBeGreaterThan(100);
        expect(lab.dump()).toEqual(evidence);
      }),
    );
  },
  LONG_MS,
);
