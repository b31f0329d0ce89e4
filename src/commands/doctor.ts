/** `rulewright doctor`: will it work here? One line for each thing it depends on, with what helps. */
import type { Check } from "../app/check.ts";
import { type HealthOptions, machineChecks } from "../app/health.ts";
import { virusTotalChecks } from "../app/virustotal-health.ts";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Output } from "./output.ts";

export interface DoctorOptions extends HealthOptions {
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Answers 0 without a problem, else 2 when the operator can mend one, else 3. */
export async function doctor(app: App, output: Output, options: DoctorOptions): Promise<number> {
  const checks = await machineChecks(app, options);
  if (!options.offline) checks.push(...(await virusTotalChecks(app, options)));
  if (options.json) {
    const rows = checks.map(({ name, state, text, cure }) => ({ name, state, text, ...(cure ? { cure } : {}) }));
    await output.print(`${JSON.stringify(rows, undefined, 2)}\n`);
  } else {
    await output.print(checks.map(line).join(""));
  }
  const exits = checks.filter(({ state }) => state === "problem").map(({ exitCode }) => exitCode);
  if (exits.length === 0) return EXIT.done;
  return exits.includes(EXIT.usage) ? EXIT.usage : EXIT.unavailable;
}

const MARKS: Readonly<Record<Check["state"], string>> = { ok: "ok     ", warning: "warning", problem: "PROBLEM" };

function line({ name, state, text, cure }: Check): string {
  return `${MARKS[state]}  ${name}: ${text}${cure === undefined ? "" : ` (${cure})`}\n`;
}
