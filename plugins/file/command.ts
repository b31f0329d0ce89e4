/**
 * Runs the command that must accept the staged files, and the one that makes readers load the published ones. They run
 * without a shell, so a path never becomes syntax; those who need a pipeline write `sh -c '…' sh {path}`.
 */
import { spawn } from "node:child_process";

/** The end of a command's output says what went wrong. */
const MAX_OUTPUT = 8192;

/** Resolves when the command exits with 0; else throws an error named `CheckFailed` or `ReloadFailed` with the command's output. */
export async function runCommand(
  role: "check" | "reload",
  command: string,
  path: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const failed = (what: string, shown?: string, output?: string): Error => failure(role, what, shown, output);
  const [program, ...args] = words(command).map((word) => word.replaceAll("{path}", () => path));
  if (program === undefined) throw failed(`The ${role} command is empty.`);
  signal.throwIfAborted();
  // A group of its own, so that what the command started ends with it.
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32" });
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  };
  let output = "";
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    kill();
  }, timeoutSeconds * 1000);
  signal.addEventListener("abort", kill, { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
    });
  }
  try {
    const ending = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", () => {
        // What the command left running in the background may hold the output open for ever.
        setTimeout(() => {
          child.stdout.destroy();
          child.stderr.destroy();
        }, 1000).unref();
      });
      child.once("close", (code, killedBy) => resolve(killedBy ? `was ended by ${killedBy}` : `exited with ${code}`));
    });
    signal.throwIfAborted();
    if (isTimedOut) throw failed(`The ${role} did not end within ${timeoutSeconds} s`, command, output);
    if (ending !== "exited with 0") throw failed(`The ${role} ${ending}`, command, output);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall?.startsWith("spawn")) {
      const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "was not found" : (error as Error).message;
      throw failed(`The ${role} could not run: ${program} ${reason}`, command);
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}

function failure(role: "check" | "reload", what: string, command?: string, output = ""): Error {
  const shown = output.trim() === "" ? "" : `\n${output.trim()}`;
  const error = new Error(`${what}; the previous files stand.${command ? ` Command: ${command}` : ""}${shown}`);
  error.name = role === "check" ? "CheckFailed" : "ReloadFailed";
  return error;
}

/** Words of a command line; quotes keep spaces together. */
function words(command: string): string[] {
  const found = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}
