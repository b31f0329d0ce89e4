/** Defanging, for human eyes only: machine outputs carry canonical values. */

/** `http://evil.top/a` → `hxxp://evil[.]top/a`; every dot of the host, the `@` of a mailbox, the scheme. */
export function defang(value: string): string {
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(value);
  if (url) {
    const scheme = (url[1] as string).replace(/^h(tt)p/i, "hxxp").replace(/^ftp/i, "fxp");
    return `${scheme}://${defangHost(url[2] as string)}${url[3]}`;
  }
  return defangHost(value).replace("@", "[@]");
}

function defangHost(host: string): string {
  return host.replaceAll(".", "[.]");
}

/** What people paste back: `hxxps://evil[.]top`, `evil(.)top`, `user[@]evil[.]top`. */
export function refang(text: string): string {
  return text
    .trim()
    .replace(/\[(\.|@|:|:\/\/)\]/g, "$1")
    .replace(/\((\.)\)/g, "$1")
    .replace(/^h(?:xx|tt)p(s?):\/\//i, "http$1://")
    .replace(/^fxp:\/\//i, "ftp://");
}
