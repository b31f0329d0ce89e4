/** Groups of values that are near each other. Knows no hash: the caller brings the distance. */

export interface Neighbourhood {
  /** The value that has most others near it; every member is near this one. */
  readonly centre: string;
  /** Members with their distance from the centre, the centre itself at 0; nearest first. */
  readonly members: readonly { readonly value: string; readonly distance: number }[];
}

/**
 * Splits distinct values into neighbourhoods: the value with most neighbours within `threshold` is a centre, what is
 * near it goes with it, and so on with the rest. Independent of the order of the values. Needs a distance for each
 * pair, so time grows with the square of their number.
 */
export function neighbourhoods(
  values: readonly string[],
  distance: (a: string, b: string) => number,
  threshold: number,
): Neighbourhood[] {
  const left = new Set([...values].sort());
  const near = new Map<string, Map<string, number>>([...left].map((value) => [value, new Map([[value, 0]])]));
  const sorted = [...left];
  for (const [index, a] of sorted.entries()) {
    for (const b of sorted.slice(index + 1)) {
      const apart = distance(a, b);
      if (apart > threshold) continue;
      near.get(a)?.set(b, apart);
      near.get(b)?.set(a, apart);
    }
  }
  const groups: Neighbourhood[] = [];
  while (left.size > 0) {
    const centre = bestCentre(left, near);
    const members = [...(near.get(centre) ?? [])]
      .filter(([value]) => left.has(value))
      .map(([value, apart]) => ({ value, distance: apart }))
      .sort((a, b) => a.distance - b.distance || (a.value < b.value ? -1 : 1));
    for (const { value } of members) left.delete(value);
    groups.push({ centre, members });
  }
  return groups;
}

/** Most neighbours left, then the nearest ones, then the lowest value. */
function bestCentre(left: ReadonlySet<string>, near: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  let best: { value: string; count: number; sum: number } | undefined;
  for (const value of left) {
    let count = 0;
    let sum = 0;
    for (const [other, apart] of near.get(value) ?? []) {
      if (!left.has(other)) continue;
      count += 1;
      sum += apart;
    }
    if (!best || count > best.count || (count === best.count && sum < best.sum)) best = { value, count, sum };
  }
  return (best as { value: string }).value;
}
