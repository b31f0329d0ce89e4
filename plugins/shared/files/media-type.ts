/** The media type of one file of an output. */

const BY_EXTENSION: Readonly<Record<string, string>> = {
  conf: "text/plain",
  csv: "text/csv",
  gz: "application/gzip",
  html: "text/html",
  json: "application/json",
  lst: "text/plain",
  lua: "text/plain",
  map: "text/plain",
  md5: "text/plain",
  ndjson: "application/x-ndjson",
  spl: "application/gzip",
  tgz: "application/gzip",
  xml: "application/xml",
  yaml: "application/yaml",
  yml: "application/yaml",
};

/** The output's own, unless the file's name says that it is of another kind; what no browser should run is plain text. */
export function mediaTypeOf(path: string, ofOutput: string): string {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const known = BY_EXTENSION[extension];
  if (known === undefined) return ofOutput.startsWith("text/") || extension === "" ? ofOutput : "text/plain";
  return isOfKind(ofOutput, extension) ? ofOutput : known;
}

/** Whether a media type is that of an extension: `application/stix+json;version=2.1` of `json`. */
function isOfKind(mediaType: string, extension: string): boolean {
  const [essence = ""] = mediaType.split(";");
  return essence.split(/[/+-]/).includes(extension);
}
