/** Real resolvers on loopback, and what they answer. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";

/** A port that is free for UDP at this moment. */
export async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

export interface Answer {
  /** `NXDOMAIN`, `NOERROR`, `REFUSED`. */
  readonly status: string;
  /** Data of the answer section, such as an address. */
  readonly data: readonly string[];
}

/** What the resolver at a port says of a name. Throws when it says nothing. */
export async function ask(port: number, name: string, type = "A"): Promise<Answer> {
  const args = ["@127.0.0.1", "-p", String(port), "+time=2", "+tries=1", "+noall", "+comments", "+answer", name, type];
  const { stdout } = await promisify(execFile)("dig", args);
  const status = /status: ([A-Z]+)/.exec(stdout)?.[1] ?? "none";
  const answers = stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
  return { status, data: answers.map((line) => line.split(/\s+/).at(-1) as string) };
}

/** Runs a resolver while `body` asks it; answers what it logged to standard error and output. */
export async function withResolver(
  [command, ...args]: readonly [string, ...string[]],
  port: number,
  body: () => Promise<void>,
): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  try {
    await answering(child, port, () => log);
    await body();
  } finally {
    child.kill();
    if (child.exitCode === null) await once(child, "exit");
  }
  return log;
}

async function answering(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${log()}`);
    const isUp = await ask(port, "up.invalid").then(
      ({ status }) => status !== "none",
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it does not answer: ${log()}`);
}
