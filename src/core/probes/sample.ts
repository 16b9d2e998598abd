/** A small part of probe sets that stands for the whole: the same items whenever it is taken. */
import type { Probe } from './probe';

/**
 * Items evenly spread over each set, in the sets' order; the sets of a group give equal parts, the first ones what is left over.
 * @param perGroup items of each group, fewer where its sets are shorter
 */
export function sampleProbes(sets: readonly { group: string; probes: readonly Probe[] }[], perGroup: number): Probe[] {
  return sets.flatMap(({ group, probes }, at) => {
    const siblings = sets.filter((set) => set.group === group);
    const place = siblings.indexOf(sets[at]!);
    const count = Math.min(probes.length, Math.floor((perGroup + siblings.length - 1 - place) / siblings.length));
    return Array.from({ length: count }, (_, item) => probes[Math.floor((item * probes.length) / count)]!);
  });
}
