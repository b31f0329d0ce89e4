/** The JSON of an event, piece by piece: one attribute or object a line, so that two exports can be compared. */
import type { Chunk } from "../../src/plugin.ts";
import type { MispEvent } from "./model.ts";

/** Characters written at a time, and one member more. */
const PIECE = 65_536;

type Piece = Omit<Chunk, "path">;

/** `indicators` is how many have their last piece here. */
export function* serialise({ header, attributes, objects, reports }: MispEvent, indicators: number): Generator<Piece> {
  yield { data: `{"Event":${JSON.stringify(header).slice(0, -1)},\n"Attribute":[`, indicators: 0 };
  yield* serialiseList(attributes, () => 1);
  yield { data: `\n],\n"Object":[` };
  yield* serialiseList(objects, ({ Attribute }) => Attribute.length);
  if (reports.length > 0) {
    yield { data: `\n],\n"EventReport":[` };
    yield* serialiseList(reports, () => 0);
  }
  yield { data: "\n]}}\n", indicators };
}

function* serialiseList<T>(members: readonly T[], rowsOf: (member: T) => number): Generator<Piece> {
  let text = "";
  let rows = 0;
  for (const [index, member] of members.entries()) {
    text += `${index === 0 ? "" : ","}\n${JSON.stringify(member)}`;
    rows += rowsOf(member);
    if (text.length < PIECE) continue;
    yield { data: text, rows };
    text = "";
    rows = 0;
  }
  if (text !== "") yield { data: text, rows };
}
