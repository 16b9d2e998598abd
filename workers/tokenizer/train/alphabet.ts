/**
 * Characters that training starts from, by code point. Of more than `limit` the most frequent stay; of equally frequent ones
 * those with the higher code point (`tokenizers` leaves that to the order of a hash map).
 */
export function keptAlphabet(counts: ReadonlyMap<string, number>, limit: number | null): string[] {
  const byPoint = [...counts.keys()].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (limit === null || byPoint.length <= limit) return byPoint;
  const kept = new Set([...byPoint].sort((a, b) => counts.get(a)! - counts.get(b)!).slice(byPoint.length - limit));
  return byPoint.filter((character) => kept.has(character));
}
