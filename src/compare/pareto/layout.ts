/** Gain against retention in pixels, for the page and for the saved picture alike: scales, lines, the front, and places of labels. */
import { inside, overlap, placeLabels, textWidth, type Box } from '../../charts/labels';
import { linearScale, roundTicks } from '../../charts/ticks';
import { RETENTION_LINE } from '../../core/metrics/loss';
import { paretoFront } from '../../core/metrics/pareto';
import type { ParetoPoint, ParetoRun } from './points';

interface Options {
  width: number;
  height: number;
  edge: { left: number; right: number; top: number; bottom: number };
  fontSize: number;
  radius: number;
  /** Written beside a point of the front. */
  label: (point: ParetoPoint) => string;
  baseLabel: string;
  /** What the 0.95 line is called. */
  lineLabel: string;
}

interface Axis {
  ticks: { at: number; value: number }[];
  /** Digits after the point that tell the ticks apart. */
  digits: number;
}
export interface Mark {
  point: ParetoPoint;
  x: number;
  y: number;
  front: boolean;
}
/** `x`, `y`: left end of the text, middle of its height. */
interface Label {
  text: string;
  x: number;
  y: number;
}

export interface ParetoLayout {
  x: Axis;
  y: Axis;
  /** Height of the 0.95 line. */
  line: number;
  /** A run's checkpoints joined, from the base on; in the order of the runs. */
  paths: string[];
  /** In the order of the runs and steps. */
  marks: Mark[];
  /** Steps from point to point of the front; empty where it is one point. */
  front: string;
  base: { x: number; y: number; front: boolean };
  labels: Label[];
  lineLabel: Label & { anchor: 'start' | 'end' };
}

/** Room between the outermost points and the frame, as a share of the span. */
const ROOM = 0.06;
const MOST_ROOM = 0.22;
/** Pixels from the frame to the name of the 0.95 line. */
const INSET = 6;

export function layoutPareto(runs: readonly ParetoRun[], options: Options): ParetoLayout {
  const { width, height, edge, fontSize, radius } = options;
  const points = runs.flatMap((entry) => entry.points);
  const gains = points.map(({ gain }) => gain);
  const kept = points.map(({ retention }) => retention);
  // The point of most gain is always on the front: its label stands to its right.
  const rightmost = points.reduce<ParetoPoint | null>((most, point) => (most && most.gain >= point.gain ? most : point), null);
  const beside = rightmost ? (textWidth(options.label(rightmost), fontSize) + 2 * radius) / (width - edge.left - edge.right) : 0;
  const [least, most] = [Math.min(0, ...gains), Math.max(0.02, ...gains)];
  const x = scale(least, most, edge.left, width - edge.right, Math.min(MOST_ROOM, Math.max(ROOM, beside)));
  const y = scale(Math.min(RETENTION_LINE - 0.01, ...kept), Math.max(1, ...kept), height - edge.bottom, edge.top, ROOM);
  // The base is a choice too: what learns nothing and forgets something is not on the front.
  const base = { gain: 0, retention: 1 };
  const front = paretoFront<ParetoPoint | typeof base>([base, ...points]);
  const onFront = new Set(front);
  const marks = points.map((point): Mark => ({ point, x: x.at(point.gain), y: y.at(point.retention), front: onFront.has(point) }));
  const [start, ...rest] = front;
  const origin = { x: x.at(0), y: y.at(1), front: onFront.has(base) };

  const bounds: Box = {
    left: edge.left,
    top: edge.top / 2,
    width: width - edge.left - edge.right / 2,
    height: height - edge.bottom - edge.top / 2,
  };
  const box = (at: { x: number; y: number }): Box => ({ left: at.x - radius, top: at.y - radius, width: 2 * radius, height: 2 * radius });
  const wanted = [
    { ...origin, text: options.baseLabel },
    ...marks.filter((mark) => mark.front).map((mark) => ({ x: mark.x, y: mark.y, text: options.label(mark.point) })),
  ];
  const marked = [box(origin), ...marks.map(box)];
  const line = y.at(RETENTION_LINE);
  const lineLabel = besideLine(line, options, marked, bounds);
  const places = placeLabels(
    wanted.map((entry) => ({ x: entry.x, y: entry.y, radius, width: textWidth(entry.text, fontSize), height: fontSize * 1.25 })),
    [...marked, lineLabel.box],
    steps(front.map((point) => ({ x: x.at(point.gain), y: y.at(point.retention) }))),
    bounds,
  );
  return {
    x: axis(x, Math.min(12, Math.max(2, Math.floor((width - edge.left - edge.right) / 60)))),
    y: axis(y, Math.max(2, Math.floor((height - edge.top - edge.bottom) / 48))),
    line,
    lineLabel: lineLabel.label,
    paths: runs.map((entry) =>
      [`M${origin.x} ${origin.y}`, ...entry.points.map((point) => `${x.at(point.gain)} ${y.at(point.retention)}`)].join('L'),
    ),
    marks,
    front:
      start && rest.length > 0
        ? `M${x.at(start.gain)} ${y.at(start.retention)}${rest.map((point) => `V${y.at(point.retention)}H${x.at(point.gain)}`).join('')}`
        : '',
    base: origin,
    labels: places.flatMap((place, at): Label[] =>
      place ? [{ text: wanted[at]!.text, x: round(place.left), y: round(place.top + place.height / 2) }] : [],
    ),
  };
}

/** The name of the 0.95 line: below it at the right end, else at the first place beside it that covers no point. */
function besideLine(
  line: number,
  { width, edge, fontSize, lineLabel: text }: Options,
  taken: readonly Box[],
  bounds: Box,
): { label: ParetoLayout['lineLabel']; box: Box } {
  const size = { width: textWidth(text, fontSize), height: fontSize * 1.25 };
  const [start, end] = [edge.left + INSET, width - edge.right - INSET];
  const places = [line + 3, line - 3 - size.height].flatMap((top) =>
    (['end', 'start'] as const).map((anchor) => {
      const box: Box = { left: anchor === 'end' ? end - size.width : start, top, ...size };
      return { box, label: { text, anchor, x: anchor === 'end' ? end : start, y: round(top + size.height / 2) } };
    }),
  );
  return places.find(({ box }) => inside(box, bounds) && !taken.some((other) => overlap(box, other))) ?? places[0]!;
}

/** The front's lines as boxes: down from each point, then across to the next. */
function steps(points: readonly { x: number; y: number }[]): Box[] {
  return points.slice(1).flatMap((to, at): Box[] => {
    const from = points[at]!;
    return [
      { left: from.x - 1, top: from.y, width: 2, height: to.y - from.y },
      { left: from.x, top: to.y - 1, width: to.x - from.x, height: 2 },
    ];
  });
}

interface Scale {
  low: number;
  high: number;
  at(value: number): number;
}

/** @param above room beyond the greatest value, as a share of the span */
function scale(least: number, most: number, from: number, to: number, above: number): Scale {
  const low = least - (most - least) * ROOM;
  const high = most + (most - least) * above;
  const place = linearScale([low, high], [from, to]);
  return { low, high, at: (value) => round(place(value)) };
}

function axis({ low, high, at }: Scale, most: number): Axis {
  const { ticks, digits } = roundTicks(low, high, most);
  return { digits, ticks: ticks.map((value) => ({ value, at: at(value) })) };
}

const round = (pixels: number) => Number(pixels.toFixed(1));
