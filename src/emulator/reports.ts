/**
 * One sandbox's report on one sample: what the sample did, seen through that sandbox, under everything else that
 * happens on a running machine. Shapes are those of the file behaviour object of docs.virustotal.com; keys without
 * content are absent, as there.
 */
import type { Contact } from "./contact.ts";
import type { VtBody } from "./objects.ts";
import { renderHost, renderVerdict } from "./report-host.ts";
import { renderContact } from "./report-network.ts";
import type { Lists, ReportInput } from "./report-parts.ts";
import { renderMemory, renderSurroundings } from "./report-surroundings.ts";

export function renderReport(input: ReportInput): VtBody {
  const { sandbox, sha256, random, analysedAt, build } = input;
  const lists: Lists = {};
  if (!sandbox.isStatic) {
    for (const contact of withBackground(input)) renderContact(contact, input, lists);
    renderSurroundings(input, lists);
    renderMemory(input, lists);
  }
  renderHost(input, lists);
  renderVerdict(input, lists);
  return {
    type: "file_behaviour",
    id: `${sha256}_${sandbox.name}`,
    attributes: {
      sandbox_name: sandbox.name,
      analysis_date: analysedAt,
      last_modification_date: analysedAt + random.int(5, 300),
      behash: build.behash,
      has_html_report: random.chance(0.5),
      has_pcap: !sandbox.isStatic,
      has_evtx: false,
      has_memdump: random.chance(0.2),
      ...(input.family && random.chance(0.6) ? { verdict_confidence: random.int(60, 100) } : {}),
      ...lists,
    },
  };
}

/** The sample's contacts among those of the machine, in no order. */
function withBackground({ contacts, sandbox, background, random }: ReportInput): Contact[] {
  const [least, most] = sandbox.background;
  const around = Array.from({ length: random.int(least, most) }, () => background.draw(random));
  return random.sample([...contacts, ...around], contacts.length + around.length);
}
