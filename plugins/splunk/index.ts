/**
 * Exporter `splunk`: lookups alone or in an app, threat intelligence for Enterprise Security, a KV store collection,
 * events. What each form writes stands in a module of its own; this one only names them.
 */
import { defineExporter, type Indicator, type RenderContext } from "../../src/plugin.ts";
import { csvCell } from "../shared/rows/cell.ts";
import { SAMPLE_ROW } from "../shared/rows/row.ts";
import { enterpriseSecurity } from "./enterprise-security.ts";
import { events } from "./events.ts";
import { kvStore } from "./kv-store.ts";
import { lookupApp } from "./lookup-app.ts";
import { columnsOf, FIELDS, lookupFiles } from "./lookup-rows.ts";
import { LOOKUP_OF } from "./lookups.ts";
import { SplunkOptions } from "./options.ts";

export const splunk = defineExporter({
  name: "splunk",
  description: "Splunk lookups as an app, Enterprise Security intelligence, KV store documents or events",
  options: SplunkOptions,
  accepts: [...LOOKUP_OF.keys()],
  formats: {
    app: {
      description: "an app with lookups and their definitions, as a folder and as .spl",
      mediaType: "application/x-splunk-app",
      folderArchive: ".spl",
    },
    lookups: { description: "the lookup files only", mediaType: "text/csv" },
    es: {
      description: "an app with threat intelligence for Enterprise Security, as a folder and as .spl",
      mediaType: "application/x-splunk-app",
      folderArchive: ".spl",
    },
    kv: {
      description: "an app that defines a KV store collection, and its documents in batches",
      mediaType: "application/x-splunk-kv",
      folderArchive: ".spl",
    },
    hec: { description: "events for the HTTP Event Collector, one a line", mediaType: "application/x-splunk-hec" },
  },
  tombstones: true,
  templates: {
    dir: new URL("../../templates/splunk/", import.meta.url),
    rows: {
      row: {
        description: "the columns of every lookup behind its key columns and `indicator`",
        sample: { ...SAMPLE_ROW, description: "contacted by 1 sample (Zenbox)", expires: "", reference: "" },
      },
    },
    escape: csvCell,
    fields: FIELDS,
  },
  render(indicators, ctx) {
    switch (ctx.format) {
      case "app":
        return app(indicators, ctx);
      case "lookups":
        return lookupFiles(indicators, ctx, "");
      case "es":
        return enterpriseSecurity(indicators, ctx);
      case "kv":
        return kvStore(indicators, ctx);
      case "hec":
        return events(indicators, ctx);
    }
  },
});

async function* app(indicators: AsyncIterable<Indicator>, ctx: RenderContext<SplunkOptions>) {
  yield* lookupApp(ctx.options, columnsOf(ctx.templates.row as NonNullable<typeof ctx.templates.row>));
  yield* lookupFiles(indicators, ctx, `${ctx.options.appId}/lookups/`);
}
