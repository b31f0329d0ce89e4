/** `rulewright plugins`: exporters and sinks, built in and loaded, with formats and options; and what did not load. */
import { z } from "zod";
import type { App } from "../app.ts";
import { EXIT } from "../errors.ts";
import type { Exporter, Sink } from "../plugin.ts";
import type { Output } from "./output.ts";

export async function listPlugins(app: App, output: Output, options: { readonly json?: boolean }): Promise<number> {
  const { registry } = app;
  if (options.json) {
    const listing = {
      exporters: registry.exporters.map(exporterData),
      sinks: registry.sinks.map(sinkData),
      problems: registry.problems,
    };
    await output.print(`${JSON.stringify(listing, undefined, 2)}\n`);
  } else {
    await output.print(registry.exporters.map(exporterText).join("\n"));
    await output.print(
      `\n${registry.sinks.map((sink) => `sink ${sink.name}: ${sink.description}\n${optionsText(sink.options)}`).join("\n")}`,
    );
    for (const { plugin, reason } of registry.problems) output.say(`The plugin ${plugin} did not load: ${reason}.\n`);
  }
  return registry.problems.length > 0 ? EXIT.usage : EXIT.done;
}

function exporterData({ name, description, accepts, formats, options }: Exporter): object {
  return {
    name,
    description,
    accepts,
    formats,
    options: z.toJSONSchema(options, { io: "input", unrepresentable: "any" }),
  };
}

function sinkData({ name, description, accepts, options }: Sink): object {
  return { name, description, accepts, options: z.toJSONSchema(options, { io: "input", unrepresentable: "any" }) };
}

function exporterText({ name, description, accepts, formats, options }: Exporter): string {
  const forms = Object.entries<{ description: string; mediaType: string }>(formats).map(
    ([form, { description: text, mediaType }]) => `  format ${form}: ${text} (${mediaType})\n`,
  );
  return `exporter ${name}: ${description}\n${forms.join("")}  takes ${accepts.join(", ")}\n${optionsText(options)}`;
}

function optionsText(options: z.ZodObject): string {
  const schema = z.toJSONSchema(options, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, { description?: string; default?: unknown }>;
  };
  return Object.entries(schema.properties ?? {})
    .map(
      ([name, { description, default: value }]) =>
        `  option ${name}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}: ${description ?? ""}\n`,
    )
    .join("");
}
