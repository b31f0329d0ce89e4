/**
 * What Windows, Office and sandboxes leave on a host by themselves, whatever runs there. Ours, by rule and from what is
 * documented of Windows; no list of good programs. Where programs are started from (services, autostart, COM) is never
 * in it, whoever wrote there.
 */

/** Below these malware makes itself start, also where Windows's own settings stand around them. */
const STARTS_PROGRAMS =
  /\\(?:run|runonce|runonceex|runservices|winlogon|image file execution options|silentprocessexit|appinit_dlls|inprocserver32|localserver32|treatas|timeproviders|shell\\[^\\]+\\command)(?:\\|$)|\\(?:servicedll|imagepath|library|debugger|dllname)$/;

/** Below `software\` and `system\currentcontrolset\`, as `placeOf` writes a key. */
const WRITTEN_BY_WINDOWS: readonly RegExp[] = [
  /^software\\(?:policies\\)?microsoft\\(?:system|enterprise)certificates(?:\\|$)/,
  // What WinINet keeps for itself; `zonemap\domains` and the proxy's address are somebody's choice.
  /^software\\microsoft\\windows\\currentversion\\internet settings\\(?:5\.0|cache|wpad|p3p|connections|zonemap\\(?:proxybypass|intranetname|uncasintranet|autodetect))(?:\\|$)/,
  /^software\\microsoft\\windows\\currentversion\\explorer\\(?:sessioninfo|userassist|recentdocs|comdlg32|runmru|typedpaths|wordwheelquery|streammru|featureusage|discardable|mountpoints2|fileexts\\[^\\]+\\openwith(?:list|progids))(?:\\|$)/,
  /^software\\microsoft\\windows\\currentversion\\installer\\userdata\\[^\\]+\\products\\[^\\]+\\usage(?:\\|$)/,
  /^software\\microsoft\\windows\\(?:shell|shellnoroam)\\(?:bags|bagmru|muicache)(?:\\|$)/,
  /^software\\classes\\local settings\\(?:software\\microsoft\\windows\\shell\\(?:bags|bagmru|muicache)|muicache)(?:\\|$)/,
  /^software\\microsoft\\(?:cryptography\\rng|direct3d\\mostrecentapplication|restartmanager|sqmclient|wbem\\wdm)(?:\\|$)/,
  // A task is known by its name, below `tree`; what stands by its GUID is the same for every task.
  /^software\\microsoft\\windows nt\\currentversion\\schedule\\taskcache\\(?:tasks|plain|boot|logon|maintenance)(?:\\|$)/,
  // Tasks that Windows itself makes anew in the course of a day.
  /^software\\microsoft\\windows nt\\currentversion\\schedule\\taskcache\\tree\\microsoft\\windows\\(?:softwareprotectionplatform\\svcrestarttask(?:logon|network)?|windows error reporting\\queuereporting|updateorchestrator\\(?:schedule [^\\]+|uso_[^\\]+|reboot[^\\]*)|windowsupdate\\scheduled start)(?:\\|$)/,
  /^software\\microsoft\\office\\[^\\]+\\common\\(?:languageresources|roaming|clienttelemetry|experiment[^\\]*|identity|internet|servicesmanagercache|targetedmessagingservice)(?:\\|$)/,
  /^software\\microsoft\\office\\[^\\]+\\[^\\]+\\(?:file mru|place mru|user mru|reading locations|resiliency\\(?:startupitems|documentrecovery))(?:\\|$)/,
  /^system\\currentcontrolset\\services\\w32time(?:\\|$)/,
  // Counters that the performance library numbers anew, of whatever service.
  /^system\\currentcontrolset\\services\\[^\\]+\\performance\\(?:(?:first|last) (?:counter|help)|object list|perfinifile|wbemadap[^\\]*)$/,
  /^system\\currentcontrolset\\control\\(?:deviceclasses|network\\\{[^\\]+\}\\\{[^\\]+\}\\connection)(?:\\|$)/,
];

/** Windows fills the other stores; into these a program puts a certificate that is to be trusted or refused. */
const CHOSEN_CERTIFICATE =
  /^software\\(?:policies\\)?microsoft\\(?:system|enterprise)certificates\\(?:root|trustedpublisher|disallowed)\\certificates\\/;

/** Whether Windows or Office writes a canonical key, whatever runs. */
export function isCommonRegistryKey(key: string): boolean {
  const place = placeOf(key);
  return (
    WRITTEN_BY_WINDOWS.some((pattern) => pattern.test(place)) &&
    !STARTS_PROGRAMS.test(place) &&
    !CHOSEN_CERTIFICATE.test(place)
  );
}

/** A certificate by its thumbprint, trusted or refused: an update of Windows may have put it there, or malware. */
export function isChosenCertificateKey(key: string): boolean {
  return CHOSEN_CERTIFICATE.test(placeOf(key));
}

/** A canonical key in lower case, without hive, user, control set and the view of 32-bit programs. */
function placeOf(key: string): string {
  return key
    .toLowerCase()
    .replace(/^hkey_users\\[^\\]+_classes\\/, "software\\classes\\")
    .replace(/^hkey_classes_root\\/, "software\\classes\\")
    .replace(/^hkey_(?:users\\[^\\]+|local_machine|current_user)\\/, "")
    .replace(/^system\\controlset\d+\\/, "system\\currentcontrolset\\")
    .replace(/^software\\(?:classes\\)?wow6432node\\/, "software\\");
}

const BARE_PROGRAM =
  /^"?(?:(?:\\\?\?\\)?[a-z]:\\windows|\\systemroot|%systemroot%|%windir%)\\(?:(?:system32|syswow64|sysnative)\\)?[^\\/:"\s]+\.(?:exe|com|scr)"?$/i;

/** A program directly in the folder of Windows or its system folders, called without any argument. */
export function isBareProgram(commandLine: string): boolean {
  return BARE_PROGRAM.test(commandLine);
}

/** Names that sandboxes put for where they keep the sample, and folders of their own tools. */
const SANDBOX_PLACE =
  /%(?:sample[a-z0-9_]*|workdir|sandbox[a-z0-9_]*)%|<(?:sample[a-z0-9_]*|workdir|sandbox[a-z0-9_]*)>|^[a-z]:\\(?:sysmon|cuckoo|sandbox)(?:\\|$)/i;

/** Whether a path or command line names what is only in a sandbox. */
export function isSandboxPlace(text: string): boolean {
  return SANDBOX_PLACE.test(text);
}

const COMMON_PATHS: readonly RegExp[] = [
  // The folders that every profile has, by themselves.
  /^(?:%\w+%|[a-z]:\\users\\[^\\]+)(?:\\appdata(?:\\(?:roaming|local(?:low)?(?:\\temp)?))?)?$/i,
  /^[a-z]:(?:\\windows)?\\(?:te?mp|test)(?:\.[a-z0-9]{1,4})?$/i,
  /\\microsoft\\cryptneturlcache\\(?:content|metadata)\\/i,
  /^(?:[a-z]:\\windows|%windir%|%systemroot%)\\prefetch\\[^\\]+\.pf$/i,
  /\\microsoft\\windows\\wer\\(?:reportqueue|reportarchive|temp)\\/i,
];

/** A path without a folder, or one that any program or Windows itself may write. */
export function isCommonPath(path: string): boolean {
  return !/[\\/]/.test(path) || COMMON_PATHS.some((pattern) => pattern.test(path));
}

const WINDOWS_FILE_NAMES =
  /^(?:(?:authroot|disallowedcert|pinrules)(?:stl\.cab|\.stl)|edb(?:[0-9a-f]{5})?\.(?:chk|log)|edbtmp\.log|edbres0000[12]\.jrs|webcachev01\.(?:dat|jfm)|index\.dat|desktop\.ini|thumbs\.db|report\.wer|.+\.pf|.+\.(?:automatic|custom)destinations-ms|__psscriptpolicytest_\w+\.\w+\.psm?1|startupprofiledata-(?:non)?interactive|moduleanalysiscache|~wr[sfd].*\.tmp)$/i;

/** Names of files that Windows, PowerShell and Office drop while another program runs. Anybody may take one. */
export function isWindowsFileName(name: string): boolean {
  return WINDOWS_FILE_NAMES.test(name);
}
