/** The grammar checks refuse what Snort refuses, and what it accepts to no use; each for its own cause. */
import { describe, expect, it } from "vitest";
import { checkSnort2 } from "../../support/snort/snort2.ts";
import { checkSnort3 } from "../../support/snort/snort3.ts";

const META = "metadata:tlp amber, ioc_id domain:evil.example";
const TAIL = `classtype:trojan-activity; sid:1000000; rev:1; ${META};`;

describe("Snort 3", () => {
  const http = `alert http $HOME_NET any -> $EXTERNAL_NET any (msg:"a"; flow:established,to_server; http_uri; content:"/a",fast_pattern; bufferlen:2; ${TAIL})`;
  const ssl = `alert ssl $HOME_NET any -> any any (msg:"a"; ssl_state:client_hello; content:"|00 00|"; byte_jump:1,0,relative; content:".evil.example",nocase,fast_pattern,distance -13,within 13; ${TAIL})`;
  const tcp = `alert tcp $HOME_NET any -> 192.0.2.7 8443 (msg:"a"; flags:S,CE; reference:url,www.example.org/a; ${TAIL})`;

  it.each([http, ssl, tcp, tcp.replace("192.0.2.7", "[2001:db8::7]")])("takes %s", (rule) => {
    expect(() => checkSnort3(rule)).not.toThrow();
  });

  it.each([
    ["unknown service tls", http.replace("alert http", "alert tls")],
    ["unknown action notice", http.replace("alert", "notice")],
    ["unknown direction =>", http.replace("->", "=>")],
    ["no header of seven words and a body in parentheses", http.slice(0, -1)],
    ["not printable ASCII on one line", http.replace("msg:", "msg:\n")],
    ["not an address: evil.example", tcp.replace("192.0.2.7", "evil.example")],
    ["not an address: 1.2.3", tcp.replace("192.0.2.7", "1.2.3")],
    ["no such prefix: 192.0.2.7/33", tcp.replace("192.0.2.7", "192.0.2.7/33")],
    ["IPv6 without brackets: 2001:db8::7", tcp.replace("192.0.2.7", "2001:db8::7")],
    ["not a port: 65536", tcp.replace("8443", "65536")],
    ["unknown variable $HOME_NETT", tcp.replace("$HOME_NET ", "$HOME_NETT ")],
    [
      "nocase is an option of Snort 2; here it stands in content",
      http.replace(",fast_pattern;", ",fast_pattern; nocase;"),
    ],
    ["unknown option dotprefix", http.replace("http_uri;", "dotprefix; http_uri;")],
    ["unknown option http.uri", http.replace("http_uri;", "http.uri;")],
    ["http_uri without the service http", http.replace("alert http", "alert tcp")],
    ["http_header does not take host", http.replace("http_uri;", "http_header:host;")],
    ["ssl_state without the service ssl", ssl.replace("alert ssl", "alert tcp")],
    ["no state: hello", ssl.replace("client_hello", "hello")],
    ["bufferlen is not that of its content", http.replace("bufferlen:2", "bufferlen:3")],
    ["bufferlen is shorter than its content: it never matches", http.replace("bufferlen:2", "bufferlen:1")],
    ["0 fast patterns", http.replace(",fast_pattern", "")],
    ["content does not take endswith", http.replace(",fast_pattern", ",fast_pattern,endswith")],
    ["nocase stands twice", ssl.replace("nocase", "nocase,nocase")],
    ["absolute and relative position mixed", ssl.replace("within 13", "within 13,offset 2")],
    ["within 12 is out of range for a pattern of 13 bytes", ssl.replace("within 13", "within 12")],
    ["relative byte_jump without an earlier match", ssl.replace('content:"|00 00|"; ', "")],
    ["byte_jump reads no 11 bytes", ssl.replace("byte_jump:1", "byte_jump:11")],
    ["empty content", http.replace('"/a"', '""')],
    ["a bar without its pair", http.replace('"/a"', '"/a|3b"')],
    ["not hex bytes: |3|", http.replace('"/a"', '"/a|3|"')],
    ["a backslash in a content is eaten", http.replace('"/a"', '"\\a"')],
    ["not flags: S,12", tcp.replace("S,CE", "S,12")],
    ["unknown flow: to_sever", http.replace("to_server", "to_sever")],
    ["flow names two directions", http.replace("to_server", "to_server,from_server")],
    ["rev out of range: 0", http.replace("rev:1", "rev:0")],
    ["sid out of range: 4294967296", http.replace("sid:1000000", "sid:4294967296")],
    ["sid stands 2 times", http.replace("rev:1", "sid:1; rev:1")],
    ["no stock classtype: domain-c2", http.replace("trojan-activity", "domain-c2")],
    ["reference repeats the scheme", tcp.replace("url,www", "url,https://www")],
    ["msg holds a character that maps and parsers give a meaning", http.replace('msg:"a"', 'msg:"a|b"')],
    ["Snort 3 reads a comment to its end: #x", http.replace("domain:evil", "domain:#x")],
    ["Snort 3 reads a comment to its end: /*x", http.replace("domain:evil", "domain:/*x")],
    ["Snort 3 reads an open list to the end of the file", http.replace("domain:evil", "domain:[x")],
    ["metadata is not a key and a value: amber", http.replace("tlp amber", "amber")],
    ["unknown pcre flag H", http.replace("bufferlen:2;", 'pcre:"/a/H";')],
    ["a regular expression that does not compile: (a", http.replace("bufferlen:2;", 'pcre:"/(a/";')],
  ])("%s", (cause, rule) => {
    expect(() => checkSnort3(rule)).toThrow(new RegExp(`^${escaped(cause)}`));
  });
});

describe("Snort 2.9", () => {
  const http = `alert tcp $HOME_NET any -> $EXTERNAL_NET $HTTP_PORTS (msg:"a"; flow:established,to_server; urilen:2,raw; content:"/a"; http_raw_uri; content:"evil.example"; http_header; nocase; fast_pattern; ${TAIL.slice(0, -1)}, service http;)`;
  const dns = `alert udp $HOME_NET any -> any 53 (msg:"a"; byte_test:1,!&,0xF8,2; content:"|04|evil|00|"; nocase; fast_pattern; offset:12; depth:6; ${TAIL})`;

  it.each([http, dns])("takes %s", (rule) => {
    expect(() => checkSnort2(rule)).not.toThrow();
  });

  it.each([
    ["unknown protocol http", http.replace("alert tcp", "alert http")],
    ['content is not one quoted pattern: "/a",nocase', http.replace('"/a";', '"/a",nocase;')],
    [
      "a fast pattern on http_raw_uri",
      http.replace("; fast_pattern", "").replace("http_raw_uri", "fast_pattern; http_raw_uri"),
    ],
    ["0 fast patterns", http.replace(" fast_pattern;", "")],
    ["http_raw_uri without a content before it", http.replace('content:"/a"; ', "")],
    ["nocase stands twice", http.replace("nocase;", "nocase; nocase;")],
    ["unknown option bufferlen", http.replace("urilen:2,raw", "bufferlen:2")],
    ["not a urilen: 2,exact", http.replace("2,raw", "2,exact")],
    ["unknown variable $HTTP_PORT", http.replace("$HTTP_PORTS", "$HTTP_PORT")],
    ["unknown service tls", http.replace("service http", "service tls")],
    ["byte_test has no operator <<", dns.replace("!&", "<<")],
    ["depth 5 is out of range for a pattern of 6 bytes", dns.replace("depth:6", "depth:5")],
    ["a semicolon in a content ends the option in Snort 2.9", http.replace('"/a"', '"/;"')],
    ["a $ outside quotes is a variable to Snort 2.9", http.replace("domain:evil", "domain:$evil")],
    ["unknown pcre flag Z", http.replace("urilen:2,raw;", 'pcre:"/a/Z";')],
  ])("%s", (cause, rule) => {
    expect(() => checkSnort2(rule)).toThrow(new RegExp(`^${escaped(cause)}`));
  });
});

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}
