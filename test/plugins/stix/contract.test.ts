import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import { describeExporter } from "../../../src/testing.ts";
import { checkObjects, readObjects } from "./support.ts";

// With it the memory check measures what is held and not what waits to be collected.
setFlagsFromString("--expose_gc");
globalThis.gc = runInNewContext("gc");

describeExporter(stix, { runner: { describe, it }, check: (files) => checkObjects(readObjects(files)) });

describe("stix with TLP 2.0 markings", () => {
  describeExporter(stix, {
    runner: { describe, it },
    options: { tlp: "both", contact: "cti@example.org" },
    formats: ["bundle"],
    memoryCount: 1000,
    check: (files) => checkObjects(readObjects(files)),
  });
});
