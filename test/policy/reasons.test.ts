import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { DEFAULT_POLICY } from "../../src/policy/policy.ts";
import { root } from "../support/cli.ts";

/** Classes that give a reason of another name: `borrowed-host`, `shared-address`, the parents of tenants. */
const RENAMED = new Set(["platform", "shortener", "tenant-suffix", "dynamic-dns", "shared-hosting-network"]);

/** Every reason id that the judge's source writes, and those it makes of background classes. */
function reasonIds(): Set<string> {
  const folder = join(root, "src/policy");
  const source = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const background: { sets: { class: string }[] } = parse(readFileSync(join(root, "data/background.yaml"), "utf8"));
  const all = (pattern: RegExp): string[] => [...source.matchAll(pattern)].map(([, id]) => id as string);
  return new Set([
    ...all(/\bid: "([a-z-]+)"/g),
    // The roles in the table of contacts, the constant, the two rulings.
    ...all(/\["([a-z-]+)", \{ weight/g),
    ...all(/\bDECAY = "([a-z-]+)"/g),
    ...all(/\bid: \w+ \? "([a-z-]+)" : "/g),
    ...all(/\bid: \w+ \? "[a-z-]+" : "([a-z-]+)"/g),
    ...background.sets.map((set) => set.class).filter((name) => !RENAMED.has(name)),
    ...["tenant-suffix-parent", "dynamic-dns-parent"],
  ]);
}

it("docs/judging.md tells every reason of the judge and no other", () => {
  const text = readFileSync(join(root, "docs/judging.md"), "utf8");
  const told = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id as string);
  expect([...new Set(told)].sort()).toEqual([...reasonIds()].sort());
  expect(text).toContain(`\`policy.keepAt\` (${DEFAULT_POLICY.keepAt})`);
  expect(text).toContain(`\`policy.reviewAt\` (${DEFAULT_POLICY.reviewAt})`);
});
