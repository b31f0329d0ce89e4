/** Pieces that chunks are made of. */
export function* slices<T>(items: readonly T[], size = 100): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
