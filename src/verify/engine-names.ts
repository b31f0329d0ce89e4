/** Apart, so that the command line can name the engines without loading what runs them. */
export const ENGINE_NAMES = ["suricata", "snort3"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];
