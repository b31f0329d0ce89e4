/** The built-in plugins, listed by hand; a test compares this list with the folders. */
import { definePlugin, type Plugin } from "../src/plugin.ts";
import { checkpoint } from "./checkpoint/index.ts";
import { clamav } from "./clamav/index.ts";
import { crowdstrike } from "./crowdstrike/index.ts";
import { csv } from "./csv/index.ts";
import { defender } from "./defender/index.ts";
import { elastic } from "./elastic/index.ts";
import { file } from "./file/index.ts";
import { http } from "./http/index.ts";
import { lists } from "./lists/index.ts";
import { misp } from "./misp/index.ts";
import { mispSink } from "./misp/sink/index.ts";
import { opencti } from "./opencti/index.ts";
import { openioc } from "./openioc/index.ts";
import { osquery } from "./osquery/index.ts";
import { qradar } from "./qradar/index.ts";
import { rpz } from "./rpz/index.ts";
import { s3 } from "./s3/index.ts";
import { secops } from "./secops/index.ts";
import { sentinel } from "./sentinel/index.ts";
import { sentinelSink } from "./sentinel/sink.ts";
import { sigma } from "./sigma/index.ts";
import { snort } from "./snort/index.ts";
import { splunk } from "./splunk/index.ts";
import { splunkHec } from "./splunk-hec/index.ts";
import { splunkKv } from "./splunk-kv/index.ts";
import { stdout } from "./stdout/index.ts";
import { stix } from "./stix/index.ts";
import { suricata } from "./suricata/index.ts";
import { taxii } from "./taxii/index.ts";
import { wazuh } from "./wazuh/index.ts";
import { yara } from "./yara/index.ts";
import { zeek } from "./zeek/index.ts";

export const plugins: readonly Plugin[] = [
  definePlugin({
    name: "rulewright",
    apiVersion: 1,
    exporters: [
      checkpoint,
      clamav,
      crowdstrike,
      csv,
      defender,
      elastic,
      lists,
      misp,
      osquery,
      qradar,
      rpz,
      secops,
      sentinel,
      openioc,
      sigma,
      snort,
      splunk,
      stix,
      suricata,
      wazuh,
      yara,
      zeek,
    ],
    sinks: [file, http, mispSink, opencti, s3, sentinelSink, splunkHec, splunkKv, stdout, taxii],
  }),
];
