import { describe, expect, it } from "vitest";
import { oneLine } from "../../plugins/shared/options.ts";
import { type FileLimits, numberedFiles } from "../../plugins/shared/rows/numbered-files.ts";
import { strictestTlp } from "../../plugins/shared/tlp.ts";

/** Path → content of some rows under limits. */
function placed(rows: readonly string[], limits: Partial<FileLimits>): Record<string, string> {
  const files = numberedFiles({ path: (number) => `${number}.csv`, ...limits });
  const contents: Record<string, string> = { [files.begin.path]: files.begin.data };
  for (const row of rows) {
    const { path, text } = files.place(row);
    contents[path] = (contents[path] ?? "") + text;
  }
  return contents;
}

describe("numbered files", () => {
  it("are one, with its header, without a row or a limit", () => {
    expect(placed([], { header: "h\n" })).toEqual({ "001.csv": "h\n" });
    expect(placed(["a\n", "b\n"], {})).toEqual({ "001.csv": "a\nb\n" });
  });

  it("begin anew after so many rows, each with the header", () => {
    expect(placed(["a\n", "b\n", "c\n"], { header: "h\n", maxRows: 2 })).toEqual({
      "001.csv": "h\na\nb\n",
      "002.csv": "h\nc\n",
    });
  });

  it("begin anew before so many bytes of UTF-8, the header among them", () => {
    expect(placed(["a\n", "é\n", "c\n"], { header: "h\n", maxBytes: 6 })).toEqual({
      "001.csv": "h\na\n",
      "002.csv": "h\né\n",
      "003.csv": "h\nc\n",
    });
  });

  it("give a row larger than a file one of its own", () => {
    expect(placed(["aaaa\n", "b\n"], { maxBytes: 3 })).toEqual({ "001.csv": "aaaa\n", "002.csv": "b\n" });
  });
});

describe("shared options", () => {
  it.each(["", "a\nb", "a\u0000", "\u202egnp", "a\u2028b", "\ud800", "a".repeat(11)])(
    "refuse %j as one line",
    (text) => {
      expect(oneLine(10).safeParse(text).success).toBe(false);
    },
  );

  it("take visible text", () => {
    expect(oneLine(10).parse("Zoë: SOC'")).toBe("Zoë: SOC'");
  });
});

describe("TLP of several", () => {
  it("is the most closed", () => {
    expect(strictestTlp(["green", "amber+strict", "amber", "clear"])).toBe("amber+strict");
    expect(strictestTlp([])).toBeUndefined();
  });
});
