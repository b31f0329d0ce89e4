import { defineExporter, definePlugin, z } from "rulewright/plugin";

const hosts = defineExporter({
  name: "hosts",
  description: "hosts(5) file that sends every kept domain nowhere",
  options: z.object({ address: z.ipv4().default("0.0.0.0").describe("address to answer with") }),
  accepts: ["domain"],
  formats: { text: { description: "hosts(5)", mediaType: "text/plain" } },
  async *render(indicators, { options, signal, skip }) {
    for await (const indicator of indicators) {
      signal.throwIfAborted();
      if (/^[a-z0-9._-]{1,253}$/.test(indicator.value)) {
        yield { path: "hosts", data: `${options.address} ${indicator.value}\n`, rows: 1 };
      } else skip(indicator, "not a host name");
    }
  },
});

export default definePlugin({ name: "rulewright-plugin-hosts", apiVersion: 1, exporters: [hosts] });
