import { describe, it } from "vitest";
import { taxii } from "../../../plugins/taxii/index.ts";
import { describeDelivery } from "../../../src/testing.ts";
import { domain, indicator, indicators, LATER, OBJECTS, pageOf } from "../../support/stix-objects.ts";
import { startTaxiiServer } from "../../support/taxii-server.ts";

const TOKEN = "hush-8f21d07c55";

describeDelivery(taxii, {
  runner: { describe, it },
  mediaType: OBJECTS,
  chunks: [pageOf([domain(1), ...indicators(9)]), pageOf([indicator(9)])],
  changed: [pageOf([domain(1), ...indicators(9)]), pageOf([indicator(9, LATER)])],
  secrets: { TOKEN },
  async open() {
    const server = await startTaxiiServer({ authorization: `Bearer ${TOKEN}`, style: "slow" });
    return {
      options: { url: server.url, token: { env: "TOKEN" }, maxObjects: 3 },
      held: () => new Map([...server.held].map(([id, versions]) => [id, versions.at(-1) as string])),
      close: server.close,
    };
  },
});
