/** Where labels stand in a chart: how wide a text is, and places at which no label covers another. */

/** Widths in ems; Chinese characters are squares in either weight. */
const LATIN = { regular: 0.58, bold: 0.64 };

/** Width in pixels, estimated without the font. */
export function textWidth(text: string, fontSize: number, weight: keyof typeof LATIN = 'bold'): number {
  let ems = 0;
  for (const character of text) ems += character.codePointAt(0)! > 0x2e7f ? 1 : LATIN[weight];
  return ems * fontSize;
}

interface Cluster {
  /** Indexes of its labels, in their order on the line. */
  labels: number[];
  centre: number;
}

/**
 * Moves labels along one axis as little as possible so that none covers another nor leaves [low, high]; their order stays.
 * Labels that would touch form a cluster around the mean of their wanted places.
 * @param wanted middles of the labels
 * @param height of a label, and so the least distance of two
 */
export function spreadLabels(wanted: readonly number[], height: number, low = -Infinity, high = Infinity): number[] {
  const clusterOf = (labels: number[]): Cluster => {
    const mean = labels.reduce((sum, label) => sum + wanted[label]!, 0) / labels.length;
    const half = ((labels.length - 1) * height) / 2;
    return { labels, centre: Math.max(low + half, Math.min(mean, high - half)) };
  };
  const touch = (above: Cluster, below: Cluster) =>
    below.centre - above.centre < ((above.labels.length + below.labels.length) * height) / 2;
  const clusters: Cluster[] = [];
  for (const label of wanted.map((_, at) => at).sort((one, other) => wanted[one]! - wanted[other]!)) {
    let cluster = clusterOf([label]);
    for (let above = clusters.at(-1); above && touch(above, cluster); above = clusters.at(-1)) {
      clusters.pop();
      cluster = clusterOf([...above.labels, ...cluster.labels]);
    }
    clusters.push(cluster);
  }
  const moved = [...wanted];
  for (const { labels, centre } of clusters)
    labels.forEach((label, at) => (moved[label] = centre + (at - (labels.length - 1) / 2) * height));
  return moved;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}
interface Wanted {
  /** The point, and how far its mark reaches. */
  x: number;
  y: number;
  radius: number;
  width: number;
  height: number;
}

/** Pixels between a mark and its label. */
const GAP = 4;

/**
 * Labels of a scatter plot. In the order given, each takes the first free of eight places around its point; null where none is free.
 * @param taken boxes that no label may cover, the points' own marks among them
 * @param shunned boxes that a label covers only where it has no other place
 */
export function placeLabels(wanted: readonly Wanted[], taken: readonly Box[], shunned: readonly Box[], bounds: Box): (Box | null)[] {
  const covered = [...taken];
  return wanted.map(({ x, y, radius, width, height }) => {
    const reach = radius + GAP;
    const right = x + reach;
    const left = x - reach - width;
    const centre = x - width / 2;
    const above = y - reach - height;
    const below = y + reach;
    const places: [left: number, top: number][] = [
      [right, y - height / 2],
      [right, y - height - GAP],
      [right, y + GAP],
      [centre, above],
      [left, y - height / 2],
      [left, y - height - GAP],
      [left, y + GAP],
      [centre, below],
    ];
    const open = places
      .map(([at, top]): Box => ({ left: at, top, width, height }))
      .filter((box) => inside(box, bounds) && !covered.some((other) => overlap(box, other)));
    const free = open.find((box) => !shunned.some((other) => overlap(box, other))) ?? open[0];
    if (free) covered.push(free);
    return free ?? null;
  });
}

export function overlap(one: Box, other: Box): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}

export function inside(box: Box, bounds: Box): boolean {
  return (
    box.left >= bounds.left &&
    box.top >= bounds.top &&
    box.left + box.width <= bounds.left + bounds.width &&
    box.top + box.height <= bounds.top + bounds.height
  );
}
