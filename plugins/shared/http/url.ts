/** URLs in the options of sinks. */
import { z } from "../../../src/plugin.ts";

/** http or https, without credentials: those are secrets, and are named. */
export const HttpUrl = z.url({ protocol: /^https?$/, error: "an http or https URL" }).refine((text) => {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username === "" && password === "";
}, "a URL without name and password; give those as username and password");

/** With a slash at its end, so that relative paths lead below it. Query and fragment go. */
export function folderUrl(url: string | URL): URL {
  const folder = new URL(url);
  folder.search = "";
  folder.hash = "";
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return folder;
}
