/** Where labels stand beside their points without covering each other or a point. */
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

const GAP = 4;

/**
 * In the order given, each label takes the first free place around its point; null where there is none.
 * @param taken boxes that nothing may cover, the points' own marks among them
 * @param shunned boxes that are covered only where a label has no other place
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

function inside(box: Box, bounds: Box): boolean {
  return (
    box.left >= bounds.left &&
    box.top >= bounds.top &&
    box.left + box.width <= bounds.left + bounds.width &&
    box.top + box.height <= bounds.top + bounds.height
  );
}

/** Width of a bold text without a look at its font: Chinese characters are as wide as they are high, others about 0.64 of it. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const character of text) ems += character.codePointAt(0)! > 0x2e7f ? 1 : 0.64;
  return ems * fontSize;
}
