/** The package's version, read from package.json: beside src in a checkout, beside dist in a build. */
import { existsSync, readFileSync } from "node:fs";

const file = ["../package.json", "../../package.json"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));
export const VERSION: string = file ? (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version : "0.0.0";
