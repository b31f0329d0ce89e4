import { describe, expect, it } from "vitest";
import {
  isBareProgram,
  isChosenCertificateKey,
  isCommonPath,
  isCommonRegistryKey,
  isSandboxPlace,
  isWindowsFileName,
} from "../../src/enrich/host-artefacts.ts";

const MACHINE = "HKEY_LOCAL_MACHINE";
const USER = "HKEY_CURRENT_USER";
const SID = String.raw`HKEY_USERS\S-1-5-21-11-22-33-1001`;
const TASKS = String.raw`${MACHINE}\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache`;

describe("registry keys that Windows and Office write", () => {
  it.each([
    String.raw`${MACHINE}\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\Certificates\0123456789ABCDEF0123456789ABCDEF01234567`,
    String.raw`${MACHINE}\SOFTWARE\WOW6432Node\Microsoft\SystemCertificates\CA\Certificates\0123456789ABCDEF0123456789ABCDEF01234567\Blob`,
    String.raw`${MACHINE}\SOFTWARE\Policies\Microsoft\SystemCertificates\Disallowed\CRLs`,
    String.raw`${SID}\Software\Microsoft\SystemCertificates\My`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Internet Settings\ZoneMap\ProxyBypass`,
    String.raw`${SID}\Software\Microsoft\Windows\CurrentVersion\Internet Settings\5.0\Cache\History\CachePrefix`,
    String.raw`${MACHINE}\SYSTEM\ControlSet001\Services\W32Time\Config\LastKnownGoodTime`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\WmiApRpl\Performance\First Counter`,
    String.raw`${MACHINE}\Software\Microsoft\WBEM\WDM\DREDGE\%windir%\system32\drivers\disk.sys[MofName]`,
    String.raw`${USER}\Software\Microsoft\Office\16.0\Common\LanguageResources\EnabledEditingLanguages\fr-FR`,
    String.raw`${USER}\Software\Microsoft\Office\15.0\Word\File MRU\Item 1`,
    String.raw`${TASKS}\Tasks\{11111111-2222-3333-4444-555555555555}\DynamicInfo`,
    String.raw`${TASKS}\Plain\{11111111-2222-3333-4444-555555555555}`,
    String.raw`${TASKS}\Tree\Microsoft\Windows\SoftwareProtectionPlatform\SvcRestartTask\Index`,
    String.raw`HKEY_USERS\S-1-5-21-11-22-33-1001_Classes\Local Settings\Software\Microsoft\Windows\Shell\MuiCache\C:\a.exe`,
    String.raw`${SID}\SOFTWARE\CLASSES\LOCAL SETTINGS\MUICACHE\2A\52C64B7E`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Explorer\SessionInfo\1\RunStuffHasBeenRun`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Explorer\RunMRU\MRUList`,
    String.raw`${MACHINE}\SOFTWARE\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products\AB\Usage\F`,
    String.raw`${MACHINE}\SYSTEM\ControlSet001\Control\DeviceClasses\{11111111-2222-3333-4444-555555555555}\##?#SW#x\DeviceInstance`,
  ])("%s", (key) => {
    expect(isCommonRegistryKey(key)).toBe(true);
  });

  it.each([
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Run\Quillet`,
    String.raw`${MACHINE}\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce\Quillet`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\Quillet\ImagePath`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\W32TimeQuillet\Start`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\W32Time\TimeProviders\Quillet\DllName`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\W32Time\Parameters\ServiceDll`,
    String.raw`${MACHINE}\SYSTEM\CurrentControlSet\Services\WmiApRpl\Performance\Library`,
    String.raw`${MACHINE}\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`,
    String.raw`${MACHINE}\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Image File Execution Options\a.exe\Debugger`,
    String.raw`${USER}\Software\Classes\CLSID\{11111111-2222-3333-4444-555555555555}\InprocServer32`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Internet Settings\ZoneMap\Domains\quillet.top`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Internet Settings\ProxyServer`,
    String.raw`${USER}\Software\Microsoft\Windows\CurrentVersion\Explorer\MountPoints2\C\Shell\open\command`,
    String.raw`${TASKS}\Tree\Quillet\Id`,
    String.raw`${TASKS}\Tree\Microsoft\Windows\Quillet\Id`,
    String.raw`${USER}\Software\Microsoft\Office\16.0\Word\Security\VBAWarnings`,
    String.raw`${USER}\Software\Quillet\Software\Microsoft\WBEM\WDM`,
    String.raw`${MACHINE}\SOFTWARE\Microsoft\SystemCertificates\Root\Certificates\0123456789ABCDEF0123456789ABCDEF01234567`,
  ])("not %s", (key) => {
    expect(isCommonRegistryKey(key)).toBe(false);
  });

  it("leave it open who put a certificate among the trusted or refused", () => {
    const store = (name: string) => `${MACHINE}\\SOFTWARE\\Microsoft\\SystemCertificates\\${name}\\Certificates\\01`;
    expect(["ROOT", "TrustedPublisher", "Disallowed"].map(store).map(isChosenCertificateKey)).toEqual([
      true,
      true,
      true,
    ]);
    expect(["AuthRoot", "CA", "My"].map(store).map(isChosenCertificateKey)).toEqual([false, false, false]);
  });
});

describe("programs of Windows without arguments", () => {
  it.each([
    String.raw`C:\Windows\system32\cmd.exe`,
    String.raw`"C:\Windows\SysWOW64\rundll32.exe"`,
    String.raw`C:\WINDOWS\explorer.exe`,
    String.raw`%SystemRoot%\System32\svchost.exe`,
    String.raw`\??\C:\Windows\System32\conhost.exe`,
  ])("%s", (line) => {
    expect(isBareProgram(line)).toBe(true);
  });

  it.each([
    String.raw`C:\Windows\system32\cmd.exe /c whoami`,
    String.raw`C:\Windows\Temp\quillet.exe`,
    String.raw`C:\Windows\System32\spool\quillet.exe`,
    String.raw`C:\Users\Public\cmd.exe`,
    String.raw`C:\WindowsX\cmd.exe`,
  ])("not %s", (line) => {
    expect(isBareProgram(line)).toBe(false);
  });
});

it.each<[string, boolean]>([
  [String.raw`"%SAMPLEPATH%\setup.exe"`, true],
  [String.raw`%SANDBOX_LOADER% %WORKDIR%\a.dll 12`, true],
  [String.raw`rundll32.exe C:\<SAMPLE>.dll,Start`, true],
  [String.raw`C:\Sysmon\0123ABCD`, true],
  [String.raw`C:\SysmonLogs\a.txt`, false],
  [String.raw`%APPDATA%\quillet.exe`, false],
  ["cmd /c echo %SESSIONNAME%", false],
])("%s names a place of the sandbox: %s", (text, isOne) => {
  expect(isSandboxPlace(text)).toBe(isOne);
});

it.each<[string, boolean]>([
  ["edb.chk", true],
  ["quillet.dll", true],
  [String.raw`D:\Temp`, true],
  [String.raw`C:\test.tmp`, true],
  [String.raw`C:\Windows\Temp`, true],
  ["%TEMP%", true],
  [String.raw`%USERPROFILE%\AppData\Local`, true],
  [String.raw`C:\Users\user\AppData\Local\Temp`, true],
  [String.raw`C:\Users\user\AppData\LocalLow\Microsoft\CryptnetUrlCache\Content\0123`, true],
  [String.raw`C:\Windows\Prefetch\A.EXE-0123.pf`, true],
  [String.raw`C:\quillet.tmp`, false],
  [String.raw`D:\Temp\quillet`, false],
  [String.raw`%TEMP%\quillet.exe`, false],
  [String.raw`C:\Windows\Prefetch\quillet.exe`, false],
  ["/tmp/quillet", false],
])("the path %s says nothing of who wrote it: %s", (path, isOne) => {
  expect(isCommonPath(path)).toBe(isOne);
});

it.each<[string, boolean]>([
  ["authrootstl.cab", true],
  ["disallowedcertstl.cab", true],
  ["pinrulesstl.cab", true],
  ["edb00012.log", true],
  ["__PSScriptPolicyTest_abc.def.ps1", true],
  ["quillet.cab", false],
  ["authrootstl.cab.exe", false],
  ["myauthrootstl.cab", false],
])("Windows itself drops files of the name %s: %s", (name, isOne) => {
  expect(isWindowsFileName(name)).toBe(isOne);
});
