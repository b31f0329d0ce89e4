import { describe, it } from "vitest";
import { stix } from "../../../plugins/stix/index.ts";
import { describeExporter } from "../../../src/testing.ts";
import { checkObjects, readObjects } from "./support.ts";

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

for (const profile of ["opencti", "misp", "siem"]) {
  describe(`stix with the profile ${profile}`, () => {
    describeExporter(stix, {
      runner: { describe, it },
      options: { profile },
      formats: ["objects"],
      memoryCount: 20_000,
      check: (files) => checkObjects(readObjects(files)),
    });
  });
}
