/**
 * A set of names as 48-bit digests: a million take 16 MB instead of the hundred of a Set of strings. A name that is not
 * in a set of a million is taken for one that is once in three hundred million times.
 */
import { hash } from "node:crypto";

export class NameSet {
  #slots = new Float64Array(64);
  #size = 0;

  /** False when it was there. */
  add(name: string): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    const isNew = insert(this.#slots, digest(name));
    if (isNew) this.#size += 1;
    return isNew;
  }

  has(name: string): boolean {
    const wanted = digest(name);
    const mask = this.#slots.length - 1;
    for (let at = wanted & mask; this.#slots[at] !== 0; at = (at + 1) & mask) {
      if (this.#slots[at] === wanted) return true;
    }
    return false;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const value of this.#slots) if (value !== 0) insert(larger, value);
    this.#slots = larger;
  }
}

function insert(slots: Float64Array, value: number): boolean {
  const mask = slots.length - 1;
  let at = value & mask;
  for (; slots[at] !== 0; at = (at + 1) & mask) if (slots[at] === value) return false;
  slots[at] = value;
  return true;
}

/** The first 48 bits of SHA-1; never 0, which stands for an empty slot. */
function digest(name: string): number {
  return hash("sha1", name, "buffer").readUIntBE(0, 6) || 1;
}
