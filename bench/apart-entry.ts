/** The child's side of apart.ts: `node bench/apart-entry.ts <case> <input as JSON>` prints the output as JSON. */
import type { CaseModule } from "./apart.ts";

const [name = "", input = "null"] = process.argv.slice(2);
const { runCase } = (await import(`./cases/${name}.ts`)) as CaseModule<unknown, unknown>;
console.log(JSON.stringify(await runCase(JSON.parse(input))));
