/** What is found on a host as STIX expressions. */
import type { Indicator } from "../../src/plugin.ts";
import { isSha256 } from "../shared/rows/value.ts";
import { type Expression, fileObservable, isMatchable, type Misfit, single, UNMATCHABLE } from "./expression.ts";
import { equals, observation } from "./pattern.ts";

const HIVE = /^HKEY_(?:CLASSES_ROOT|CURRENT_CONFIG|CURRENT_USER|LOCAL_MACHINE|USERS)(?:\\|$)/;
// The official JSON Schema refuses these letters anywhere in a key, not only as a hive.
const SHORT_HIVE = /^HKLM|HKCC|HKCR|HKCU|HKU|hklm|hkcc|hkcr|hkcu|hku/;

export function expressFile({ value, details }: Indicator): Expression | Misfit {
  if (!isSha256(value)) return { misfit: "not a SHA-256" };
  return {
    pattern: observation(equals("file:hashes.'SHA-256'", value)),
    observables: [fileObservable(value, details)],
  };
}

export function expressMutex({ value }: Indicator): Expression | Misfit {
  return isMatchable(value) ? single("mutex:name", { type: "mutex", name: value }) : UNMATCHABLE;
}

export function expressRegistryKey({ value }: Indicator): Expression | Misfit {
  if (!isMatchable(value)) return UNMATCHABLE;
  if (!HIVE.test(value)) return { misfit: "the registry key does not begin with a full hive name" };
  const expression = single("windows-registry-key:key", { type: "windows-registry-key", key: value });
  return SHORT_HIVE.test(value) ? { pattern: expression.pattern, observables: [] } : expression;
}

export function expressFilePath({ value }: Indicator): Expression | Misfit {
  if (!isMatchable(value)) return UNMATCHABLE;
  const cut = Math.max(value.lastIndexOf("\\"), value.lastIndexOf("/"));
  const name = value.slice(cut + 1);
  // The root keeps its slash: `C:\` and `/` are directories, `C:` and the empty string are not.
  const directory = cut === value.search(/[\\/]/) ? value.slice(0, cut + 1) : value.slice(0, cut);
  if (cut < 0 || name === "") return { misfit: "not the full path of a file" };
  return {
    pattern: observation(equals("file:name", name), equals("file:parent_directory_ref.path", directory)),
    observables: [],
  };
}
