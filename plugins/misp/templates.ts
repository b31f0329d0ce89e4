/** The row templates: everything people read, and what they may print. */
import { plainText, type TemplateSet } from "../../src/plugin.ts";
import { code } from "./report.ts";

const SHA256 = "9f2b5c7d1e3a4f60817263544536271809fadbecdcbdae9f8071625344352617";

const COMMENT_SAMPLE = {
  type: "endpoint",
  transport: "tcp",
  families: "quillet",
  confidence: 85,
  reason: "contacted by 1 sample",
  samples: "1 sample",
  sandboxes: "Zenbox",
};

export const TEMPLATES: TemplateSet = {
  dir: new URL("../../templates/misp/", import.meta.url),
  rows: {
    "rolling-info": {
      description: "title of the rolling event; titles are one line, cut at 255 characters",
      sample: { key: "rulewright", from: "", date: "2026-10-20" },
    },
    "hunt-info": {
      description: "title of the event of a hunt and period",
      sample: { key: "rulewright", from: "", date: "2026-10-20", hunt: "loaders", period: "2026-10" },
    },
    "sample-info": {
      description: "title of the event of a sample",
      sample: {
        key: "rulewright",
        from: "",
        date: "2026-10-20",
        sha256: SHA256,
        name: "invoice.exe",
        families: "quillet",
      },
    },
    "attribute-comment": {
      description: "comment of an attribute or object in an event of values",
      sample: COMMENT_SAMPLE,
    },
    "sighting-comment": {
      description:
        "comment of an attribute or object in the event of a sample; `sandboxes` are those that saw it there",
      sample: COMMENT_SAMPLE,
    },
    "sample-report": {
      description: "event report of a sample, in Markdown",
      sample: {
        sha256: SHA256,
        name: "invoice.exe",
        detections: "40 of 70 engines",
        submitted: "2026-10-01",
        families: ["quillet"],
        runs: ["Zenbox, 2026-10-20, malicious"],
        techniques: ["T1071.001 Web Protocols"],
        observed: "2 domain, 1 url",
      },
    },
  },
  escape: (value) => plainText(value),
  helpers: { code },
  fields: {
    key: "the option eventKey (titles only)",
    from: "first indicator of the event when there are several events, else empty (titles only)",
    date: "day of the newest sighting, of a sample its first dated run, YYYY-MM-DD (titles only)",
    hunt: "name of the hunt (hunt-info only)",
    period: "such as `2026-10` or `2026-W43`, empty for all of time (hunt-info only)",
    sha256: "of the sample (sample-info and sample-report)",
    name: "file name of the sample; in its title empty when none is known (sample-info and sample-report)",
    detections: "such as `40 of 70 engines`, empty when not known (sample-report only)",
    submitted: "day of the first submission, empty when not known (sample-report only)",
    runs: "list: sandbox, day, opinion of each run (sample-report only)",
    techniques: "list: ATT&CK id and name (sample-report only)",
    observed: "number of indicators in the event by type (sample-report only)",
    type: "type of the indicator in words, such as `registry key`",
    transport: "`tcp` or `udp` on endpoints, else empty",
    families: "malware families, comma separated; in sample-report a list",
    confidence: "0 to 100, before decay",
    reason: "the first reason of the verdict",
    samples: "number of samples in words, such as `3 samples`",
    sandboxes: "names of the sandboxes, comma separated",
  },
};
