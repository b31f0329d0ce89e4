import "hash"
rule Rulewright_Coppermoth_0be9d9f38051d3662ab3dd274cee577ffed6a52ff8f3dc08a3bf274cfe901730 {
  meta:
    description = "coppermoth: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "coppermoth"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-09-13"
    reference = "https://www.virustotal.com/gui/file/0be9d9f38051d3662ab3dd274cee577ffed6a52ff8f3dc08a3bf274cfe901730"
    hash = "0be9d9f38051d3662ab3dd274cee577ffed6a52ff8f3dc08a3bf274cfe901730"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "0be9d9f38051d3662ab3dd274cee577ffed6a52ff8f3dc08a3bf274cfe901730"
}
rule Rulewright_Clayspindle_159f9974a9b03afc3839307771bd69e89c34347789d790ec3755d8f43e0468dd {
  meta:
    description = "clayspindle: a detonated or listed file; malicious by engines or sandbox (VirusTotal Jujubox)"
    family = "clayspindle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-25"
    reference = "https://www.virustotal.com/gui/file/159f9974a9b03afc3839307771bd69e89c34347789d790ec3755d8f43e0468dd"
    hash = "159f9974a9b03afc3839307771bd69e89c34347789d790ec3755d8f43e0468dd"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "159f9974a9b03afc3839307771bd69e89c34347789d790ec3755d8f43e0468dd"
}
rule Rulewright_Glassthistle_1ff87f179c5434d7d27703efeda627e4343555d8ffdaf1779e6da254818b2448 {
  meta:
    description = "glassthistle: a detonated or listed file; malicious by engines or sandbox"
    family = "glassthistle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-24"
    reference = "https://www.virustotal.com/gui/file/1ff87f179c5434d7d27703efeda627e4343555d8ffdaf1779e6da254818b2448"
    hash = "1ff87f179c5434d7d27703efeda627e4343555d8ffdaf1779e6da254818b2448"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "1ff87f179c5434d7d27703efeda627e4343555d8ffdaf1779e6da254818b2448"
}
rule Rulewright_Papergondola_3879fbe489d0fb65801207ae551069d6bd819c6718a6eff2c2283fbce5f92f0e {
  meta:
    description = "papergondola: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "papergondola"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-05"
    reference = "https://www.virustotal.com/gui/file/3879fbe489d0fb65801207ae551069d6bd819c6718a6eff2c2283fbce5f92f0e"
    hash = "3879fbe489d0fb65801207ae551069d6bd819c6718a6eff2c2283fbce5f92f0e"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "3879fbe489d0fb65801207ae551069d6bd819c6718a6eff2c2283fbce5f92f0e"
}
rule Rulewright_Tinlantern_39cf24ac542a167f994df59b9214a4555d3ea77e6eb66cd7c2b8d365c4a6d616 {
  meta:
    description = "tinlantern: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "tinlantern"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-09-17"
    reference = "https://www.virustotal.com/gui/file/39cf24ac542a167f994df59b9214a4555d3ea77e6eb66cd7c2b8d365c4a6d616"
    hash = "39cf24ac542a167f994df59b9214a4555d3ea77e6eb66cd7c2b8d365c4a6d616"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "39cf24ac542a167f994df59b9214a4555d3ea77e6eb66cd7c2b8d365c4a6d616"
}
rule Rulewright_Clayspindle_3d85d9318391b3f124397b4380fd05551037fccc51d0cf13cbcdf05dbc25b549 {
  meta:
    description = "clayspindle: a detonated or listed file; malicious by engines or sandbox"
    family = "clayspindle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-24"
    reference = "https://www.virustotal.com/gui/file/3d85d9318391b3f124397b4380fd05551037fccc51d0cf13cbcdf05dbc25b549"
    hash = "3d85d9318391b3f124397b4380fd05551037fccc51d0cf13cbcdf05dbc25b549"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "3d85d9318391b3f124397b4380fd05551037fccc51d0cf13cbcdf05dbc25b549"
}
rule Rulewright_Mossanvil_44c05ed08aab44bd3a76726d009229c94391b7323380cd28ff98228abda866a1 {
  meta:
    description = "mossanvil: a detonated or listed file; malicious by engines or sandbox (C2AE, CAPE Sandbox, Microsoft Sysinternals, Zenbox)"
    family = "mossanvil"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-02"
    reference = "https://www.virustotal.com/gui/file/44c05ed08aab44bd3a76726d009229c94391b7323380cd28ff98228abda866a1"
    hash = "44c05ed08aab44bd3a76726d009229c94391b7323380cd28ff98228abda866a1"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "44c05ed08aab44bd3a76726d009229c94391b7323380cd28ff98228abda866a1"
}
rule Rulewright_Tinlantern_499c3cb88eac041be684cfb96010cc86988cbbfeed709c469f5934e4e641e5e1 {
  meta:
    description = "tinlantern: a detonated or listed file; malicious by engines or sandbox"
    family = "tinlantern"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-24"
    reference = "https://www.virustotal.com/gui/file/499c3cb88eac041be684cfb96010cc86988cbbfeed709c469f5934e4e641e5e1"
    hash = "499c3cb88eac041be684cfb96010cc86988cbbfeed709c469f5934e4e641e5e1"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "499c3cb88eac041be684cfb96010cc86988cbbfeed709c469f5934e4e641e5e1"
}
rule Rulewright_Papergondola_53ded3ccd27655dac973f1e2cf6d9378898240f731ebf6e6bd18cd527f85bc5e {
  meta:
    description = "papergondola: a detonated or listed file; malicious by engines or sandbox (CAPE Sandbox)"
    family = "papergondola"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-10"
    reference = "https://www.virustotal.com/gui/file/53ded3ccd27655dac973f1e2cf6d9378898240f731ebf6e6bd18cd527f85bc5e"
    hash = "53ded3ccd27655dac973f1e2cf6d9378898240f731ebf6e6bd18cd527f85bc5e"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "53ded3ccd27655dac973f1e2cf6d9378898240f731ebf6e6bd18cd527f85bc5e"
}
rule Rulewright_Mossanvil_5fb849924f13b032d4a8735121145249f1877e1ccb5dc618618f0064d2c6561a {
  meta:
    description = "mossanvil: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "mossanvil"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-10"
    reference = "https://www.virustotal.com/gui/file/5fb849924f13b032d4a8735121145249f1877e1ccb5dc618618f0064d2c6561a"
    hash = "5fb849924f13b032d4a8735121145249f1877e1ccb5dc618618f0064d2c6561a"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "5fb849924f13b032d4a8735121145249f1877e1ccb5dc618618f0064d2c6561a"
}
rule Rulewright_Tinlantern_60a36e4052f0acf8e4c70d8b18d07174f70620b47fb96bc4c8068cee30e3d559 {
  meta:
    description = "tinlantern: dropped by 3 samples; the sample that drops it is malicious; seen in 3 samples of tinlantern (CAPE Sandbox, Zenbox)"
    family = "tinlantern"
    confidence = 55
    tlp = "amber"
    first_seen = "2026-09-17"
    reference = "https://www.virustotal.com/gui/file/60a36e4052f0acf8e4c70d8b18d07174f70620b47fb96bc4c8068cee30e3d559"
    hash = "60a36e4052f0acf8e4c70d8b18d07174f70620b47fb96bc4c8068cee30e3d559"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "60a36e4052f0acf8e4c70d8b18d07174f70620b47fb96bc4c8068cee30e3d559"
}
rule Rulewright_Mossanvil_65410d132cf5cce39873e90f727e63cf4eb0105554c26b00283f0fb75a968b53 {
  meta:
    description = "mossanvil: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "mossanvil"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-23"
    reference = "https://www.virustotal.com/gui/file/65410d132cf5cce39873e90f727e63cf4eb0105554c26b00283f0fb75a968b53"
    hash = "65410d132cf5cce39873e90f727e63cf4eb0105554c26b00283f0fb75a968b53"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "65410d132cf5cce39873e90f727e63cf4eb0105554c26b00283f0fb75a968b53"
}
rule Rulewright_Clayspindle_7086ee65cb9a3cc2489faed91a0db89973ea846ea5fb43d4ca4cda70ed11bcc2 {
  meta:
    description = "clayspindle: dropped by 3 samples; the sample that drops it is malicious; seen in 3 samples of clayspindle (CAPE Sandbox, VirusTotal Jujubox)"
    family = "clayspindle"
    confidence = 55
    tlp = "amber"
    first_seen = "2026-10-25"
    reference = "https://www.virustotal.com/gui/file/7086ee65cb9a3cc2489faed91a0db89973ea846ea5fb43d4ca4cda70ed11bcc2"
    hash = "7086ee65cb9a3cc2489faed91a0db89973ea846ea5fb43d4ca4cda70ed11bcc2"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "7086ee65cb9a3cc2489faed91a0db89973ea846ea5fb43d4ca4cda70ed11bcc2"
}
rule Rulewright_Mossanvil_770d90c64d42aa4c38231a2010f6c94f6f646ef1ea0b903fd88995b04286dc6a {
  meta:
    description = "mossanvil: a detonated or listed file; malicious by engines or sandbox (VMRay)"
    family = "mossanvil"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-16"
    reference = "https://www.virustotal.com/gui/file/770d90c64d42aa4c38231a2010f6c94f6f646ef1ea0b903fd88995b04286dc6a"
    hash = "770d90c64d42aa4c38231a2010f6c94f6f646ef1ea0b903fd88995b04286dc6a"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "770d90c64d42aa4c38231a2010f6c94f6f646ef1ea0b903fd88995b04286dc6a"
}
rule Rulewright_Coppermoth_833a6cbdf873670f98e3a2e38e79cc166cecfb2dad4f67c31152a9f0a7f96f3d {
  meta:
    description = "coppermoth: a detonated or listed file; malicious by engines or sandbox (CAPA, CAPE Sandbox, VirusTotal Jujubox, Zenbox)"
    family = "coppermoth"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-09-21"
    reference = "https://www.virustotal.com/gui/file/833a6cbdf873670f98e3a2e38e79cc166cecfb2dad4f67c31152a9f0a7f96f3d"
    hash = "833a6cbdf873670f98e3a2e38e79cc166cecfb2dad4f67c31152a9f0a7f96f3d"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "833a6cbdf873670f98e3a2e38e79cc166cecfb2dad4f67c31152a9f0a7f96f3d"
}
rule Rulewright_Clayspindle_9c2e2fb0bf31253bf7b515086319be7fd5f089d094eab82a647f9eae501abd10 {
  meta:
    description = "clayspindle: a detonated or listed file; malicious by engines or sandbox (CAPE Sandbox, Zenbox)"
    family = "clayspindle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-04"
    reference = "https://www.virustotal.com/gui/file/9c2e2fb0bf31253bf7b515086319be7fd5f089d094eab82a647f9eae501abd10"
    hash = "9c2e2fb0bf31253bf7b515086319be7fd5f089d094eab82a647f9eae501abd10"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "9c2e2fb0bf31253bf7b515086319be7fd5f089d094eab82a647f9eae501abd10"
}
rule Rulewright_Reedpiccolo_b4bb6469ef3c98dcd3424e0f425b968306ba5c0bcaa5b906b3d6cb1e8a47d758 {
  meta:
    description = "reedpiccolo: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "reedpiccolo"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-07"
    reference = "https://www.virustotal.com/gui/file/b4bb6469ef3c98dcd3424e0f425b968306ba5c0bcaa5b906b3d6cb1e8a47d758"
    hash = "b4bb6469ef3c98dcd3424e0f425b968306ba5c0bcaa5b906b3d6cb1e8a47d758"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "b4bb6469ef3c98dcd3424e0f425b968306ba5c0bcaa5b906b3d6cb1e8a47d758"
}
rule Rulewright_Glassthistle_b9408f2c11753788c9f395e9155060d988e3d83c4caa1c71dd77909f03c2f8b0 {
  meta:
    description = "glassthistle: a detonated or listed file; malicious by engines or sandbox (CAPE Sandbox)"
    family = "glassthistle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-13"
    reference = "https://www.virustotal.com/gui/file/b9408f2c11753788c9f395e9155060d988e3d83c4caa1c71dd77909f03c2f8b0"
    hash = "b9408f2c11753788c9f395e9155060d988e3d83c4caa1c71dd77909f03c2f8b0"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "b9408f2c11753788c9f395e9155060d988e3d83c4caa1c71dd77909f03c2f8b0"
}
rule Rulewright_Papergondola_bf55bb0d311fa26d26bed73eb7310fa8747ae25f3d8f0cf3266a2f5e44990d0d {
  meta:
    description = "papergondola: dropped by 3 samples; the sample that drops it is malicious; seen in 3 samples of papergondola (CAPE Sandbox, Zenbox)"
    family = "papergondola"
    confidence = 55
    tlp = "amber"
    first_seen = "2026-11-05"
    reference = "https://www.virustotal.com/gui/file/bf55bb0d311fa26d26bed73eb7310fa8747ae25f3d8f0cf3266a2f5e44990d0d"
    hash = "bf55bb0d311fa26d26bed73eb7310fa8747ae25f3d8f0cf3266a2f5e44990d0d"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "bf55bb0d311fa26d26bed73eb7310fa8747ae25f3d8f0cf3266a2f5e44990d0d"
}
rule Rulewright_Papergondola_cf940925b84a24b4036c6f764641ff075b4f92cb9a38a65c6841a5f38f62cc3c {
  meta:
    description = "papergondola: a detonated or listed file; malicious by engines or sandbox"
    family = "papergondola"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-24"
    reference = "https://www.virustotal.com/gui/file/cf940925b84a24b4036c6f764641ff075b4f92cb9a38a65c6841a5f38f62cc3c"
    hash = "cf940925b84a24b4036c6f764641ff075b4f92cb9a38a65c6841a5f38f62cc3c"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "cf940925b84a24b4036c6f764641ff075b4f92cb9a38a65c6841a5f38f62cc3c"
}
rule Rulewright_Coppermoth_dcf002cb8128468a99eac1bf89e4b1ff97e48b1813193023070e6672d8cdfcac {
  meta:
    description = "coppermoth: a detonated or listed file; malicious by engines or sandbox"
    family = "coppermoth"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-24"
    reference = "https://www.virustotal.com/gui/file/dcf002cb8128468a99eac1bf89e4b1ff97e48b1813193023070e6672d8cdfcac"
    hash = "dcf002cb8128468a99eac1bf89e4b1ff97e48b1813193023070e6672d8cdfcac"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "dcf002cb8128468a99eac1bf89e4b1ff97e48b1813193023070e6672d8cdfcac"
}
rule Rulewright_Reedpiccolo_e1f81b025581b6172776658d9867797761480d4868c49aff80f0bae5f65bb7e8 {
  meta:
    description = "reedpiccolo: a detonated or listed file; malicious by engines or sandbox (CAPE Sandbox)"
    family = "reedpiccolo"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-19"
    reference = "https://www.virustotal.com/gui/file/e1f81b025581b6172776658d9867797761480d4868c49aff80f0bae5f65bb7e8"
    hash = "e1f81b025581b6172776658d9867797761480d4868c49aff80f0bae5f65bb7e8"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "e1f81b025581b6172776658d9867797761480d4868c49aff80f0bae5f65bb7e8"
}
rule Rulewright_Reedpiccolo_eb2c2a70b749816cbc2c36db88d8c7751885b6530d022db01ae6630bc7d9bd1b {
  meta:
    description = "reedpiccolo: a detonated or listed file; malicious by engines or sandbox (VirusTotal Cuckoofork)"
    family = "reedpiccolo"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-11-02"
    reference = "https://www.virustotal.com/gui/file/eb2c2a70b749816cbc2c36db88d8c7751885b6530d022db01ae6630bc7d9bd1b"
    hash = "eb2c2a70b749816cbc2c36db88d8c7751885b6530d022db01ae6630bc7d9bd1b"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "eb2c2a70b749816cbc2c36db88d8c7751885b6530d022db01ae6630bc7d9bd1b"
}
rule Rulewright_Tinlantern_fb0a65593491fec944e8d646bf958e149087cbf6de9be1daf28c7c05b7f74253 {
  meta:
    description = "tinlantern: a detonated or listed file; malicious by engines or sandbox (CAPE Sandbox)"
    family = "tinlantern"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-09-29"
    reference = "https://www.virustotal.com/gui/file/fb0a65593491fec944e8d646bf958e149087cbf6de9be1daf28c7c05b7f74253"
    hash = "fb0a65593491fec944e8d646bf958e149087cbf6de9be1daf28c7c05b7f74253"
  condition:
    filesize < 50MB and hash.sha256(0, filesize) == "fb0a65593491fec944e8d646bf958e149087cbf6de9be1daf28c7c05b7f74253"
}
rule Rulewright_Glassthistle_fb957d1a6f8a00f591b7c493436a8e2204c34f94ab11602807dcdbec2f981e80 {
  meta:
    description = "glassthistle: a detonated or listed file; malicious by engines or sandbox (Zenbox)"
    family = "glassthistle"
    confidence = 75
    tlp = "amber"
    first_seen = "2026-10-04"
    reference = "https://www.virustotal.com/gui/file/fb957d1a6f8a00f591b7c493436a8e2204c34f94ab11602807dcdbec2f981e80"
    hash = "fb957d1a6f8a00f591b7c493436a8e2204c34f94ab11602807dcdbec2f981e80"
  condition:
    filesize == 482816 and hash.sha256(0, filesize) == "fb957d1a6f8a00f591b7c493436a8e2204c34f94ab11602807dcdbec2f981e80"
}
