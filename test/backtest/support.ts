/** Backtests over texts. */
import { Readable } from "node:stream";
import { type BacktestResult, backtest, type SourceResult } from "../../src/backtest/backtest.ts";
import type { ColumnChoice } from "../../src/backtest/columns.ts";
import type { LogFormat } from "../../src/backtest/readers.ts";
import type { Watched } from "../../src/backtest/watched.ts";
import { canonicalise, isRejected, recognise } from "../../src/model/canonical.ts";
import { OBSERVABLE_TYPES } from "../../src/model/observable.ts";

export interface Options {
  readonly format?: LogFormat;
  readonly columns?: ColumnChoice;
}

/** `evil.test`, `=evil.test` for exactly this host, `ja3:…` where the value does not show its type. */
export function watched(text: string): Watched {
  const [, prefix, rest = ""] = /^([a-z0-9-]+):(?!\/\/)(.+)$/.exec(text) ?? [];
  const type = OBSERVABLE_TYPES.find((own) => own === prefix);
  const isExact = text.startsWith("=");
  const observable = type ? canonicalise(type, rest) : recognise(isExact ? text.slice(1) : text);
  if (isRejected(observable)) throw new Error(`${text}: ${observable.rejected}`);
  return { ...observable, ...(observable.type === "domain" ? { scope: isExact ? "host" : "subtree" } : {}) };
}

export function bytesOf(content: string | Buffer, chunk = 64): Readable {
  const bytes = Buffer.from(content);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  return Readable.from(chunks);
}

export function run(
  indicators: readonly (string | Watched)[],
  contents: readonly (string | Buffer)[],
  { format, columns }: Options = {},
): Promise<BacktestResult> {
  return backtest({
    indicators: indicators.map((own) => (typeof own === "string" ? watched(own) : own)),
    sources: contents.map((content, at) => ({
      name: `log ${at + 1}`,
      open: (use) => use(bytesOf(content)),
      ...(format ? { format } : {}),
    })),
    ...(columns ? { columns } : {}),
  });
}

/** `evil.test 2`, in the order given, of what was hit. */
export async function hits(
  indicators: readonly string[],
  contents: string | readonly string[],
  options?: Options,
): Promise<string[]> {
  const result = await run(indicators, [contents].flat(), options);
  return indicators.flatMap((own, at) => {
    const hit = result.hits.get(at);
    return hit === undefined ? [] : `${own} ${hit.hits}`;
  });
}

export async function onlySource(content: string | Buffer, options?: Options): Promise<SourceResult> {
  const { sources } = await run(["evil.test"], [content], options);
  return sources[0] as SourceResult;
}

export function jsonLines(...rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}
