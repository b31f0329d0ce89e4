/**
 * What a Suricata rule says it looks for, read strictly in the forms that Rulewright writes: one name in a name's
 * buffer, path and host of a request, addresses in the header, fingerprints, lists. Anchors are left out on purpose: a
 * rule that lost one still stands for its name and shows in the replay as too wide.
 */
import { isIP } from "node:net";
import { parseDataset, readDataset, readHashList } from "./lists.ts";
import { addressTarget, type Reading } from "./reading.ts";
import { readReputation } from "./reputation.ts";
import { addressList, patternBytes, type Rule, unquoted } from "./rule-file.ts";
import type { MarkView, NameView, Target } from "./target.ts";

/** Options that do not change which value is matched. */
const SILENT_OPTIONS = new Set(
  (
    "msg flow threshold reference classtype target sid rev gid metadata priority requires nocase fast_pattern endswith " +
    "startswith bsize to_lowercase flags flowbits xbits noalert detection_filter"
  ).split(" "),
);

const NAME_BUFFERS: Readonly<Record<string, NameView>> = {
  "dns.query": "dns",
  "dns.queries.rrname": "dns",
  dns_query: "dns",
  "tls.sni": "tls",
  tls_sni: "tls",
  "quic.sni": "quic",
  "http.host": "http-host",
  "http.host.raw": "http-host",
};
const MARK_BUFFERS: Readonly<Record<string, MarkView>> = {
  "ja3.hash": "ja3",
  "ja3s.hash": "ja3s",
  "ja4.hash": "ja4",
  "tls.cert_fingerprint": "certificate",
  "tls.certs": "certificate",
};
const FILE_LISTS = new Set(["filesha256", "filesha1", "filemd5"]);

/** One buffer with the only content or list it is tested for. */
interface Test {
  readonly buffer: string;
  readonly hasDotPrefix: boolean;
  readonly content?: Buffer;
  readonly dataset?: string;
}

/** Answers a reason in words when the rule is in no form that is read. */
export async function readSuricataRule(rule: Rule): Promise<Reading | string> {
  const files = rule.options.find(({ name }) => FILE_LISTS.has(name));
  if (files) {
    const { path, entries, problem } = await readHashList(rule.file, unquoted(files.value));
    return { targets: entries.map((hash) => ({ view: "file", hash })), list: path, ...(problem ? { problem } : {}) };
  }
  const reputation = rule.options.find(({ name }) => name === "iprep");
  if (reputation) return readReputation(rule, reputation.value);
  const tests = testsOf(rule);
  if (typeof tests === "string") return tests;
  if (tests.length === 0) return readHeader(rule);
  const [only] = tests;
  if (tests.length === 1 && only?.dataset !== undefined) return readList(rule, only, only.dataset);
  return readContents(rule, tests);
}

/** Buffers with their contents, or why the rule is not in a form that is read. */
function testsOf({ options }: Rule): Test[] | string {
  const tests: Test[] = [];
  let current: { buffer: string; hasDotPrefix: boolean; transform?: string } | undefined;
  for (const { name, value } of options) {
    if (name === "dotprefix" && current) current.hasDotPrefix = true;
    else if (name === "content" || name === "dataset") {
      if (!current) return `it tests ${name} outside a buffer`;
      if (name === "dataset") tests.push({ ...current, dataset: value });
      else {
        const content = patternBytes(unquoted(value));
        if (value.startsWith("!") || !content) return "its content is not plain";
        tests.push({ ...current, content });
      }
    } else if (/^[a-z0-9_]+\.[a-z0-9._]+$/.test(name) || Object.hasOwn(NAME_BUFFERS, name)) {
      current = { buffer: name, hasDotPrefix: false };
    } else if (!SILENT_OPTIONS.has(name) && name !== "to_sha256") return `it uses ${name}, which is not read`;
  }
  const buffers = tests.map(({ buffer }) => buffer);
  return new Set(buffers).size === buffers.length ? tests : "it tests one buffer twice";
}

function readContents(rule: Rule, tests: readonly Test[]): Reading | string {
  const of = (...buffers: string[]): Test | undefined => tests.find(({ buffer }) => buffers.includes(buffer));
  const uri = of("http.uri", "http.uri.raw");
  const host = of("http.host", "http.host.raw");
  const method = of("http.method");
  const text = (test: Test): string => test.content?.toString("utf8") ?? "";
  if (uri && host) {
    return tests.length - (method ? 1 : 0) === 2
      ? {
          targets: [
            {
              view: "http-uri",
              host: text(host),
              target: text(uri),
              // Suricata 8.0.8 takes what stands before an @ in the path of an absolute URL for a user name.
              proxied: uri.buffer === "http.uri" && !text(uri).includes("@"),
              ...(method ? { method: text(method) } : {}),
            },
          ],
        }
      : "it tests more than path and host";
  }
  const [test] = tests as [Test];
  if (tests.length !== 1) return `it tests ${tests.map(({ buffer }) => buffer).join(" and ")} together`;
  const view = NAME_BUFFERS[test.buffer];
  if (view) return { targets: [nameTarget(view, text(test), test.hasDotPrefix)] };
  if (test.buffer === "http.user_agent") return { targets: [{ view: "user-agent", userAgent: text(test) }] };
  const mark = MARK_BUFFERS[test.buffer];
  if (!mark) return `it tests ${test.buffer}, which is not read`;
  const digest = rule.options.some(({ name }) => name === "to_sha256");
  const hash = digest ? (test.content?.toString("hex") ?? "") : text(test).toLowerCase().replaceAll(":", "");
  return { targets: [{ view: mark, hash }] };
}

function nameTarget(view: NameView, text: string, hasDotPrefix: boolean): Target {
  const host = text.toLowerCase().replace(/^\./, "");
  return { view, host, scope: hasDotPrefix || text.startsWith(".") ? "subtree" : "host" };
}

async function readList(rule: Rule, test: Test, value: string): Promise<Reading | string> {
  const dataset = parseDataset(value);
  if (!dataset) return "its dataset is not one that loads a file";
  const { path, entries, problem } = await readDataset(rule.file, dataset);
  const view = NAME_BUFFERS[test.buffer];
  const mark = MARK_BUFFERS[test.buffer];
  const target = (entry: string): Target | undefined => {
    if (view) {
      const isSubtree = dataset.match === "subdomain" && entry.startsWith(".");
      return { view, host: entry.toLowerCase().replace(/^\./, ""), scope: isSubtree ? "subtree" : "host" };
    }
    if (mark) return { view: mark, hash: entry };
    if (test.buffer === "http.user_agent") return { view: "user-agent", userAgent: entry };
    return test.buffer === "ip.dst" && isIP(entry) > 0 ? addressTarget(rule, entry) : undefined;
  };
  const targets = entries.map(target).filter((own) => own !== undefined);
  if (targets.length < entries.length) return `it tests ${test.buffer} against a list, which is not read`;
  return { targets, list: path, ...(problem ? { problem } : {}) };
}

/** A rule without contents stands for the addresses of its header. */
function readHeader(rule: Rule): Reading | string {
  const { source, destination, destinationPort, direction } = rule.header;
  const addresses = addressList(destination) ?? (direction === "<>" ? addressList(source) : undefined);
  if (!addresses) return "it tests nothing but its header, which names no address";
  if (destinationPort === "any") return { targets: addresses.map((address) => addressTarget(rule, address)) };
  const ports = destinationPort
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map(Number);
  if (ports.some((port) => !Number.isInteger(port))) return "its ports are not plain numbers";
  return { targets: addresses.flatMap((address) => ports.map((port) => addressTarget(rule, address, port))) };
}
