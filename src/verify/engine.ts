/**
 * What a proof needs of a detection engine, and how its program is found and run: on the PATH, by a path, or in a
 * folder of unpacked packages, which then runs on its own C library and needs neither root nor a chroot.
 *
 * This module knows no engine (see suricata.ts and snort.ts) and touches no running sensor.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RulewrightError } from "../errors.ts";
import type { EngineName } from "./engine-names.ts";

export interface EngineAlert {
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  readonly source: string;
  readonly destination: string;
  /** The capture it comes from, when there are several. */
  readonly capture?: string;
}

/** What the engine said of the rules. */
export interface EngineProblem {
  readonly level: "error" | "warning";
  readonly text: string;
  /** Where it says the rule is. */
  readonly file?: string;
  readonly line?: number;
  readonly sid?: number;
}

/** What the engine makes of one rule. */
export interface RuleAnalysis {
  readonly sid: number;
  readonly rev: number;
  readonly message: string;
  /** `ip_only` is checked once per flow, `app_tx` once per transaction, `pkt` on every packet. */
  readonly type: string;
  /** Pattern that decides whether the rule is looked at, with its buffer; absent for rules without content. */
  readonly prefilter?: { readonly buffer: string; readonly pattern: string };
  readonly warnings: readonly string[];
}

export interface Replay {
  /** Absolute paths. */
  readonly rules: readonly string[];
  /** A capture, or a folder of them. */
  readonly captures: string;
  /** Whose network the sensor guards: the synthetic clients', or every private one. */
  readonly home: "synthetic" | "private";
  readonly onAlert: (alert: EngineAlert) => void;
}

export interface EngineRun {
  readonly problems: readonly EngineProblem[];
  /** Whether the engine was stopped because the rules alert beyond all measure. */
  readonly isCut: boolean;
}

export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** Loads the rules and runs them over captures. Throws ENGINE_FAILED when it cannot run at all. */
  replay(request: Replay): Promise<EngineRun>;
  /** The engine's own analysis of rules that load, in the order of sids; absent when it has none. */
  analyse?(rules: readonly string[]): Promise<readonly RuleAnalysis[]>;
}

export interface EngineSettings {
  readonly engine?: EngineName;
  /** The program; default by the engine's name on the PATH, or in the root folder. */
  readonly path?: string;
  /** Folder of unpacked packages that holds engine, libraries and configuration. */
  readonly root?: string;
  readonly signal?: AbortSignal;
}

/** A program with what must stand before its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Where a program is. Throws ENGINE_MISSING. */
export function locate(name: string, { path, root }: EngineSettings): Command {
  if (root === undefined) return { program: path ?? name, args: [] };
  const program = firstThere(
    path === undefined
      ? ["usr/bin", "usr/sbin", "usr/local/bin", "bin"].map((dir) => join(root, dir, name))
      : [join(root, path)],
  );
  const loader = findLoader(root);
  if (program === undefined || loader === undefined)
    throw new RulewrightError(
      "ENGINE_MISSING",
      `There is no ${program === undefined ? name : "C library"} in ${root}. Unpack one there: npm run engines -- --suricata8`,
    );
  return { program: loader, args: ["--library-path", libraryFolders(root).join(":"), program] };
}

function firstThere(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

const LIBRARY_FOLDERS = ["lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib"];

/** The dynamic loader of that root, by which a program runs on the libraries beside it. */
function findLoader(root: string): string | undefined {
  const loaders = LIBRARY_FOLDERS.map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...subfolders(folder, /^[a-z0-9_]+-linux-[a-z0-9]+$/)])
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /^ld-linux.*\.so\.\d+$/.test(name))
        .map((name) => join(folder, name)),
    );
  return firstThere(loaders);
}

function libraryFolders(root: string): string[] {
  const folders = LIBRARY_FOLDERS.map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  return folders.flatMap((folder) => [folder, ...subfolders(folder, /^[a-z0-9_]+-linux-[a-z0-9]+$/)]);
}

function subfolders(folder: string, wanted: RegExp): string[] {
  return readdirSync(folder)
    .filter((name) => wanted.test(name))
    .map((name) => join(folder, name));
}

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** Console output that is kept; an engine that complains of every rule must not fill the memory. */
const MOST_OUTPUT = 32 * 1024 * 1024;

/** Runs a program; its console goes to one text. `watch` may end it. Throws ENGINE_MISSING. */
export function execute(
  { program, args: before }: Command,
  args: readonly string[],
  options: {
    readonly signal?: AbortSignal;
    readonly watch?: (kill: () => void) => () => void;
    readonly install: string;
  },
): Promise<Ran> {
  const { signal, watch, install } = options;
  return new Promise((done, fail) => {
    const child = spawn(program, [...before, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal ? { signal } : {}),
    });
    const unwatch = watch?.(() => child.kill("SIGKILL"));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        if (output.length < MOST_OUTPUT) output += text;
      });
    }
    child.on("error", (cause: NodeJS.ErrnoException) => {
      unwatch?.();
      fail(
        ["ENOENT", "EACCES"].includes(cause.code ?? "")
          ? new RulewrightError("ENGINE_MISSING", `Cannot find ${program}: ${install}`, { cause })
          : cause,
      );
    });
    child.on("close", (status) => {
      unwatch?.();
      done({ status, output });
    });
  });
}
