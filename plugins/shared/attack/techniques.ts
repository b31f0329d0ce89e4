/** Names of ATT&CK techniques: `data/attack-techniques.tsv`, dated in its first lines. */
import { readFileSync } from "node:fs";

const TABLE = new URL("../../../data/attack-techniques.tsv", import.meta.url);

let names: ReadonlyMap<string, string> | undefined;

/** `T1071.001` → `Web Protocols`; undefined for an id that the table does not have. */
export function techniqueName(id: string): string | undefined {
  names ??= readNames();
  return names.get(id);
}

function readNames(): ReadonlyMap<string, string> {
  const lines = readFileSync(TABLE, "utf8").split("\n");
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [id, name] = line.split("\t");
      return id !== undefined && name !== undefined ? [[id, name]] : [];
    }),
  );
}
