/**
 * Group `read`: one 80 KB report beside JSON.parse of the same text (held: twice its time for parsing and zod), and
 * folders of such reports through `judgeReports`, where ten times the files must not need more memory.
 */
import { join } from "node:path";
import { apart } from "./apart.ts";
import type { FolderCosts } from "./cases/judge-folder.ts";
import { REPORT_BYTES } from "./reports.ts";
import { fixed, type Print, startTable, thousands, whole } from "./table.ts";
import { withTemporaryFolder } from "./temporary.ts";

type ParseModule = typeof import("./cases/parse.ts");
type WriteModule = typeof import("./cases/write-reports.ts");
type FolderModule = typeof import("./cases/judge-folder.ts");

export async function benchRead(print: Print, count: number): Promise<void> {
  await benchParsing(print);
  await benchFolders(print, [Math.ceil(count / 10), count]);
}

const WORK = { parse: "JSON.parse alone", recognise: "+ recogniseBody (zod)", collect: "+ collect" } as const;

async function benchParsing(print: Print): Promise<void> {
  const { bytes, evidence, ...ways } = await apart<ParseModule>("parse", { bytes: REPORT_BYTES });
  const table = startTable(print, `read: one report of ${whole(bytes / 1000)} KB`, [
    { title: "work", width: 21 },
    { title: "ms", isNumber: true, width: 6 },
    { title: "to JSON.parse", isNumber: true },
  ]);
  for (const [way, label] of Object.entries(WORK) as [keyof typeof WORK, string][]) {
    table.row([label, fixed(ways[way], 3), `${fixed(ways[way] / ways.parse)} ×`]);
  }
  table.end([`Hold: at most 2 times JSON.parse with zod. The report gives ${whole(evidence)} pieces of evidence.`]);
}

async function benchFolders(print: Print, counts: readonly number[]): Promise<void> {
  const title = `read: folders of reports of ${whole(REPORT_BYTES / 1000)} KB, read and judged`;
  const table = startTable(print, title, [
    { title: "files", isNumber: true, width: 6 },
    { title: "evidence", isNumber: true, width: 9 },
    { title: "observables", isNumber: true },
    { title: "files/s read", isNumber: true },
    { title: "files/s", isNumber: true },
    { title: "files/CPU-s", isNumber: true },
    { title: "evidence/CPU-s", isNumber: true },
    { title: "peak MiB", isNumber: true },
  ]);
  let idle = 0;
  for (const count of counts) {
    const { cost, readingSeconds, evidence, observables, peakMiB, idleMiB } = await judgeFolder(count);
    idle = Math.max(idle, idleMiB);
    table.row([
      whole(count),
      whole(evidence),
      whole(observables),
      whole(count / readingSeconds),
      whole(count / cost.seconds),
      whole(count / cost.cpuSeconds),
      thousands(evidence / cost.cpuSeconds),
      whole(peakMiB),
    ]);
  }
  table.end([
    "files/s read: until the last file is opened (read, collect, store); files/s: with judging. Before the first file the",
    `process peaks at ${whole(idle)} MiB.`,
  ]);
}

function judgeFolder(count: number): Promise<FolderCosts> {
  return withTemporaryFolder(async (temporary) => {
    const folder = join(temporary, "reports");
    await apart<WriteModule>("write-reports", { folder, count });
    return apart<FolderModule>("judge-folder", { folder });
  });
}
