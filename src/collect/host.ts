/** Host artefacts: mutexes, registry keys set, dropped files, commands. Decoded text and plain text are never read. */
import { canonicaliseHex, canonicaliseMutex, canonicaliseRegistryKey, canonicaliseText } from "../model/canonical.ts";
import { plainText } from "../model/text.ts";
import type { BehaviourReport } from "../vt/schema.ts";
import type { Gathering } from "./gathering.ts";

export function collectHost(report: BehaviourReport, gathering: Gathering): void {
  for (const [index, raw] of report.mutexes_created.entries()) {
    if (raw) gathering.see("created", `mutexes_created[${index}]`, raw, canonicaliseMutex(raw));
  }
  for (const [index, entry] of report.registry_keys_set.entries()) {
    if (entry?.key)
      gathering.see("set", `registry_keys_set[${index}].key`, entry.key, canonicaliseRegistryKey(entry.key));
  }
  for (const [index, file] of report.files_dropped.entries()) {
    if (!file) continue;
    const place = `files_dropped[${index}]`;
    const name = file.path && plainText(file.path.split(/[\\/]/).at(-1) ?? "", 200);
    if (file.sha256) {
      gathering.see(
        "dropped-file",
        `${place}.sha256`,
        file.sha256,
        canonicaliseHex("sha256", file.sha256),
        name ? { name } : undefined,
      );
    }
    if (file.path) gathering.see("dropped-file", `${place}.path`, file.path, canonicaliseText("file-path", file.path));
  }
  for (const [index, raw] of report.command_executions.entries()) {
    if (raw) gathering.see("executed", `command_executions[${index}]`, raw, canonicaliseText("command-line", raw));
  }
}
