/**
 * Host and client artefacts that any program on Windows leaves, malware or not. Ours, by reason; not a list of good
 * programs: what stands here only never identifies malware by itself.
 */

/** SHA-256 of the empty file and of a single line feed. */
const EMPTY_HASHES = new Set([
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b",
]);

/** The EICAR test file, which every scanner detects on purpose: bare, with a line end, and packed once and twice. */
const TEST_FILES = new Set([
  "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
  "131f95c51cc819465fa1797f6ccacf9d494aaaff46fa3eac73ae63ffbdfd8267",
  "8b3f191819931d1f2cef7289239b5f77c00b079847b9c2636e56854d1e5eff71",
  "2546dcffc5ad854d4ddc64fbf056871cd5a00f2471cb7a5bfd4ac23b6e9eedad",
  "e1105070ba828007508566e28a2b8d4c65d192e9eaf3b7868382b7cae747b397",
]);

/** JA3 and JA4 of client libraries that ship with the system or a browser: they repeat across unrelated families. */
const COMMON_FINGERPRINTS = new Map([
  ["28a2c9bd18a11de089ef85a160da29e4", "Windows Schannel"],
  ["3b5074b1b5d032e5620f69f9f700ff0e", "Windows Schannel"],
  ["a0e9f5d64349fb13191bc781f81f42e1", "Windows Schannel"],
  ["ce5f3254611a8c095a3d821d44539877", "Windows Schannel"],
  ["37f463bf4616ecd445d4a1937da06e19", "Windows Schannel"],
  ["54328bd36c14bd82ddaa0c04b25ed9ad", "Windows Schannel"],
  ["bd0bf25947d4a37404f0424edf4db9ad", "Windows Schannel"],
  ["9e10692f1b7f78228b2d4e424db3a98c", "Chrome"],
  ["6f5e62edfa5933b1332ddf8b9fb3ef9d", "Chrome"],
  ["cd08e31494f9531f560d64c695473da9", "Chrome"],
  ["b32309a26951912be7dba376398abc3b", "Chrome"],
  ["773906b0efdefa24a7f2b8eb6985bf37", "Safari"],
  ["579ccef312d18482fc42e2b822ca2430", "Firefox"],
  ["10ee8d30a5d01c042afd7b2b205facc4", "a browser"],
  ["398430069e0a8ecfbc8db0778d658d77", ".NET on Windows"],
  ["c12f54a3f91dc7bafd92cb59fe009a35", "Windows 7 Schannel"],
  ["05af1f5ca1b87cc9cc9b25185115607d", "Windows Schannel"],
  ["d2935c58fe676744fecc8614ee5356c7", "Windows Schannel"],
  ["8916410db85077a5460817142dcbc8de", "Tor or OpenSSL"],
]);

const COMMON_MUTEXES: readonly RegExp[] = [
  /^(?:global\\|local\\)?(?:ctf\.|msctf\.|_?!?(?:mshtml|msfthistory|shmsfthistory|ietld))/i,
  /^(?:global\\|local\\)?(?:shimcachemutex|zonescounter|zonescachecounter|zoneslockedcache|rasp(?:bfile|cache)?|rasmanproc|defaulttabtip|oleacc|cicload)/i,
  /^(?:global\\|local\\)?(?:wininet|c:.*(?:history|cookies|temporary internet files|inetcache|content\.ie5))/i,
  /^(?:global\\|local\\)?(?:\.net (?:clr|data|memory|networking)|clr_|netfxperf|_?msiexecute|cversions|officeintegrator|mso97|outlook)/i,
  /^(?:global\\|local\\)?(?:sm0:\d+|wil(?:error|staging)_|winsta|session\d+|sessionimmersivecolor|windows_webcache|iesql|ie[_ ]earlytab|urlzones|arbitrary)/i,
  /^(?:global\\|local\\)?(?:g?dwmapi|dbwin|hklm|adap_|pnp|acrobat|adobe|firefox|chrome|google|microsoft|wmi|bits|wermgr|lsa|tsf|sqm|amsi|gdipl)/i,
  /^(?:global\\|local\\)?(?:rstrmgr|__ddraw|ddraw|mtx_mso|.*_office1\d$|onenotem|.*_tgbdownloader)/i,
  /^(?:global\\|local\\)?[0-9a-z_!.\\-]{1,4}$/i,
];

const COMMON_USER_AGENTS: readonly RegExp[] = [
  /^mozilla\/5\.0 \((?:windows|macintosh|x11|linux|iphone|ipad|compatible; msie|android)/i,
  /^mozilla\/4\.0 \(compatible; (?:msie|win32; winhttp)/i,
  /^mozilla\/5\.0$/i,
  /^(?:microsoft|windows|winhttp|wininet|msdw|bits|cryptoapi|ncsi|mssdp|dafupnp|trusted installer|wsddevice|mpcommunication)/i,
  /^(?:curl|wget|python|go-http|java|okhttp|axios|node|libwww|lwp|apache|ruby|php|powershell|aria2|git|apt|debian|ubuntu|dalvik|cfnetwork|com\.apple|android)\b/i,
  /^(?:autoit|nsis_inetc|inetc|inno setup|innodownloadplugin|advancedinstaller|nsisdl|delphi|indy library|mozilla\/3\.0 \(compatible; indy)/i,
  /^(?:google ?update|googleupdate|chrome|edge|firefox|opera|safari|adobe|skype|onedrive|teams|office|outlook|steam|vlc|zoom|avast|avg|malwarebytes)/i,
];

export function isEmptyFileHash(sha256: string): boolean {
  return EMPTY_HASHES.has(sha256);
}

export function isTestFileHash(sha256: string): boolean {
  return TEST_FILES.has(sha256);
}

/** The test file is 68 bytes; what people make of it stays near, and too small to be much else. */
const TEST_FILE_BYTES = 200;

/** A tiny file called after the test file: somebody's variant of it. */
export function isTestFileVariant({
  names,
  size,
}: {
  readonly names: readonly string[];
  readonly size?: number;
}): boolean {
  return size !== undefined && size <= TEST_FILE_BYTES && names.some((name) => /^eicar/i.test(name));
}

/** The library a JA3, JA3S or JA4 belongs to, when it is a common one. */
export function commonFingerprint(fingerprint: string): string | undefined {
  return COMMON_FINGERPRINTS.get(fingerprint);
}

export function isCommonMutex(mutex: string): boolean {
  return COMMON_MUTEXES.some((pattern) => pattern.test(mutex));
}

export function isCommonUserAgent(userAgent: string): boolean {
  return COMMON_USER_AGENTS.some((pattern) => pattern.test(userAgent));
}

/** Registry keys from which Windows starts programs. */
export function isAutostartKey(key: string): boolean {
  return /\\(?:run|runonce|runservices|runonceex|policies\\explorer\\run|winlogon\\(?:shell|userinit)|windows nt\\currentversion\\windows\\load)(?:\\|$)/i.test(
    key,
  );
}
