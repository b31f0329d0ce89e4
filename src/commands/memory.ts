/**
 * Holds the memory of a process down from within, so that no flag of Node has to be given. It measures nothing.
 */
import { setFlagsFromString } from "node:v8";

/**
 * For work that makes much garbage and keeps little, called before any of it: the young generation stays at its first
 * size (it grows to 100 MiB by itself) and the old one is collected early. Costs a fifth more processor time.
 */
export function holdMemoryDown(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}
