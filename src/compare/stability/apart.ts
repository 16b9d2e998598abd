/** Moves labels on a line just so far that none lies on another; their order stays. */
export function apart(places: readonly number[], height: number): number[] {
  const order = places.map((place, at) => ({ place, at })).sort((one, other) => one.place - other.place);
  const moved = [...places];
  order.forEach(({ place, at }, index) => {
    const before = index > 0 ? moved[order[index - 1]!.at]! : -Infinity;
    moved[at] = Math.max(place, before + height);
  });
  // What went down because of its neighbours comes half of the way back with them.
  const shift = order.reduce((sum, { place, at }) => sum + (moved[at]! - place), 0) / Math.max(1, places.length);
  return moved.map((place) => place - shift);
}
