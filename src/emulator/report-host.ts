/** What happened on the machine itself, and what the sandbox thinks of it. */
import { saying } from "./internet.ts";
import { word } from "./names.ts";
import { type Lists, push, type ReportInput, tell } from "./report-parts.ts";

const COMMON_MUTEXES = [
  "Local\\MSCTF.Asm.MutexDefault1",
  "CTF.TimListCache.FMPDefaultS-1-5-21MUTEX",
  "ShimCacheMutex",
  "RasPbFile",
];
const EMPTY_FILE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export function renderHost({ family, random, internet, sandbox, background }: ReportInput, lists: Lists): void {
  push(lists, "processes_tree", {
    process_id: String(random.int(900, 9000)),
    name: `%SAMPLEPATH%\\${word(random, 2)}.exe`,
  });
  for (const mutex of random.sample(COMMON_MUTEXES, random.int(0, 2))) {
    tell(internet.truth, "mutex", mutex, saying("noise", "common-mutex"));
    push(lists, "mutexes_created", mutex);
  }
  if (random.chance(0.3)) {
    tell(internet.truth, "sha256", EMPTY_FILE, saying("noise", "empty-file"));
    push(lists, "files_dropped", { path: "%TEMP%\\empty.tmp", sha256: EMPTY_FILE });
  }
  if (random.chance(0.5))
    push(lists, "files_dropped", {
      path: `%APPDATA%\\${word(random, 2)}\\settings.dat`,
      sha256: background.commonFile(random),
    });
  if (!family || sandbox.isStatic) return;
  if (random.chance(0.7)) {
    tell(internet.truth, "mutex", family.mutex, saying("malicious", "family-mutex", family.name));
    push(lists, "mutexes_created", family.mutex);
  }
  if (random.chance(0.6))
    push(lists, "registry_keys_set", {
      key: `HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\${family.runValue}`,
      value: `%APPDATA%\\${family.runValue}.exe`,
    });
  if (random.chance(0.5)) {
    tell(internet.truth, "sha256", family.payload, saying("malicious", "dropped-payload", family.name));
    push(lists, "files_dropped", { path: `%APPDATA%\\${family.runValue}.exe`, sha256: family.payload });
  }
  push(lists, "command_executions", `"%COMSPEC%" /c schtasks /create /tn ${family.runValue} /sc minute`);
}

export function renderVerdict({ family, random, sandbox }: ReportInput, lists: Lists): void {
  if (!family) {
    push(lists, "verdicts", random.chance(0.6) ? "CLEAN" : "UNKNOWN_VERDICT");
    return;
  }
  for (const id of family.techniques)
    push(lists, "mitre_attack_techniques", {
      id,
      signature_description: "observed behaviour",
      severity: `IMPACT_SEVERITY_${random.pick(["INFO", "LOW", "MEDIUM"])}`,
    });
  if (sandbox.isStatic) {
    push(lists, "verdicts", "UNKNOWN_VERDICT");
    return;
  }
  push(lists, "verdicts", random.chance(0.75) ? random.pick(["MALWARE", "TROJAN", "STEALER"]) : "UNKNOWN_VERDICT");
  if (random.chance(0.5)) push(lists, "verdict_labels", `${family.name[0]?.toUpperCase()}${family.name.slice(1)}`);
  if (random.chance(0.4))
    push(lists, "tags", random.pick(["LONG_SLEEPS", "DETECT_DEBUG_ENVIRONMENT", "PERSISTENCE", "SELF_DELETE"]));
}
