/** What users install: the packed package, run from an empty folder. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { root, temporaryFolder } from "../support/cli.ts";
import { report } from "../support/reports.ts";

let installed: string;
let listing: string[];

beforeAll(() => {
  const folder = temporaryFolder();
  const packed = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values<{ filename: string }>(packed);
  const archive = join(folder, filename);
  listing = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).trim().split("\n");
  execFileSync("tar", ["-xzf", archive, "-C", folder]);
  installed = join(folder, "package");
  symlinkSync(join(root, "node_modules"), join(installed, "node_modules"));
}, 180_000);

describe("the package", () => {
  it("holds the build, the docs and the samples, and nothing of the workshop", () => {
    expect(listing).toContain("package/bin/rulewright.js");
    expect(listing).toContain("package/dist/src/cli.js");
    expect(listing).toContain("package/dist/data/background.yaml");
    expect(listing).toContain("package/dist/templates/suricata/dns.hbs");
    expect(listing).toContain("package/LICENSE");
    expect(listing.filter((path) => /package\/(?:src|test|tools|bench|node_modules)\//.test(path))).toEqual([]);
    expect(listing.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))).toEqual([]);
  });

  it("runs from an empty folder", () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "a.json"),
      JSON.stringify(report({ dns_lookups: [{ hostname: "quillet-morrow.top" }], verdicts: ["MALWARE"] })),
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(installed, "bin/rulewright.js"), "generate", "a.json"],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stderr).toContain("Written to ");
    expect(status).toBe(0);
    expect(readFileSync(join(folder, "out/suricata/rulewright.rules"), "utf8")).toContain("quillet-morrow");
  });

  it("gives plugins its contract, wherever they lie", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "p"));
    writeFileSync(join(folder, "p/package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "p/index.js"), readFileSync(join(root, "samples/plugin-hosts/index.js")));
    writeFileSync(join(folder, "rulewright.yaml"), "plugins: [./p/index.js]\n");
    const { status, stdout } = spawnSync(process.execPath, [join(installed, "bin/rulewright.js"), "plugins"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).toContain("exporter hosts");
    expect(status).toBe(0);
  });

  it("says in one line that a Node is too old", () => {
    const pretend = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", pretend, join(installed, "bin/rulewright.js"), "--help"],
      { encoding: "utf8" },
    );
    expect(status).toBe(2);
    expect(stderr).toBe(
      "rulewright needs Node 22.19 or later and this is 20.20.2. Install one from https://nodejs.org, or use a checkout, which brings its own on Linux: npm ci && npm run -s rulewright -- --help\n",
    );
  });

  it("has an exports map that publint accepts", async () => {
    const { publint } = await import("publint");
    const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
    expect(messages).toEqual([]);
  });
});
