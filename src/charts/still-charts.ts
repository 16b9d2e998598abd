/**
 * Charts that nobody points at, as SVG: curves with their names at their ends, bars from zero with their intervals, and points with
 * intervals over categories. Text is written in the colours that the caller gives, so that one chart serves paper and page.
 */
import { line as linePath } from 'd3-shape';
import { spreadLabels, textWidth } from './labels';
import { el, horizontal, label, type Ink, type SvgNode } from './svg';
import { linearScale, outerTicks, roundTicks } from './ticks';

export interface Line {
  name: string;
  colour: string;
  /** Thin and pale: what lies behind the lines that matter. */
  faint?: boolean;
  /** As stroke-dasharray. */
  dash?: string;
  /** A dot at each point. */
  dots?: boolean;
  x: readonly number[];
  /** Null is a gap. */
  y: readonly (number | null)[];
}

export interface LineChart {
  title: string;
  xTitle: string;
  lines: Line[];
  /** A level across the chart. */
  level?: { value: number; label: string };
  /** Bounds of y; without them those of the lines. */
  range?: { low: number; high: number };
  /** Digits of the last value, written behind a line's name; without them the name stands alone. */
  digits?: number;
  /** Text of an x value. */
  tick(x: number): string;
  /** Ticks where x has few values; else round numbers. */
  ticks?: readonly number[];
}

export interface BarChart {
  title: string;
  bars: { name: string; colour: string; value: number; interval: { low: number; high: number } | null; text: string }[];
  /** What lies to the left and to the right of zero; absent where all values are positive. */
  sides?: { left: string; right: string };
}

export interface ChartStyle {
  ink: Ink;
  fontSize: number;
  width: number;
  /** Of a chart of lines. */
  height: number;
  decimal(value: number, digits: number): string;
}

const LABEL_GAP = 14;
const EDGE = { top: 12, bottom: 40, left: 44 };
/** Widest room for the names at the ends of lines, and beside bars: pixels. */
const MOST_END = 170;
const MOST_NAME = 190;
const DASH = '5 4';

const finite = (values: readonly (number | null)[]) => values.filter((value): value is number => value !== null && Number.isFinite(value));

const root = (title: string, { width, fontSize }: Pick<ChartStyle, 'width' | 'fontSize'>, height: number, content: readonly SvgNode[]) =>
  el('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title, 'font-size': fontSize }, content);

/** A gap parts a line; a point between two gaps is a dot. */
export function lineChart(chart: LineChart, { ink, fontSize, width, height, decimal }: ChartStyle): SvgNode {
  const named = chart.lines.filter(({ faint, y }) => !faint && finite(y).length > 0);
  const ends = named.map(({ name, y }) => (chart.digits === undefined ? name : `${name} ${decimal(finite(y).at(-1)!, chart.digits)}`));
  const right = 14 + Math.min(MOST_END, Math.max(0, ...ends.map((text) => textWidth(text, fontSize))));
  const bottom = height - EDGE.bottom;
  const values = chart.lines.flatMap(({ y }) => finite(y));
  if (chart.level) values.push(chart.level.value);
  const range = chart.range ?? bounds(values);
  const xs = chart.lines.flatMap(({ x }) => x);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const x = linearScale([first, last > first ? last : first + 1], [EDGE.left, width - right]);
  const y = linearScale([range.low, range.high], [bottom, EDGE.top]);
  const { ticks, digits } = roundTicks(range.low, range.high, 6);
  const places = spreadLabels(
    named.map((line) => y(finite(line.y).at(-1)!)),
    LABEL_GAP,
    EDGE.top + 4,
    bottom,
  );
  return root(chart.title, { width, fontSize }, height, [
    ...ticks.flatMap((tick) => [
      horizontal(EDGE.left, width - right, y(tick), ink.grid),
      label(EDGE.left - 6, y(tick) + 4, decimal(tick, digits), { anchor: 'end', colour: ink.dim }),
    ]),
    ...(chart.ticks ?? roundTicks(first, last, 6).ticks).map((tick) =>
      label(x(tick), bottom + 17, chart.tick(tick), { anchor: 'middle', colour: ink.dim }),
    ),
    label((EDGE.left + width - right) / 2, height - 6, chart.xTitle, { anchor: 'middle', colour: ink.dim }),
    ...(chart.level
      ? [
          horizontal(EDGE.left, width - right, y(chart.level.value), ink.bad, { 'stroke-width': 1.2, 'stroke-dasharray': DASH }),
          label(EDGE.left + 4, y(chart.level.value) - 5, chart.level.label, { colour: ink.bad }),
        ]
      : []),
    ...chart.lines.flatMap((line) => curve(line, x, y)),
    ...named.map(({ colour }, at) => label(width - right + 8, places[at]! + 4, ends[at]!, { colour, bold: true })),
  ]);
}

function curve(line: Line, x: (value: number) => number, y: (value: number) => number): SvgNode[] {
  const { colour, faint, dash, dots } = line;
  const points = line.x.map((at, index) => ({ at, value: line.y[index] ?? null }));
  const known = ({ value }: { value: number | null }) => value !== null && Number.isFinite(value);
  const path = linePath<(typeof points)[number]>()
    .digits(1)
    .defined(known)
    .x(({ at }) => x(at))
    .y(({ value }) => y(value!))(points);
  const alone = (index: number) =>
    known(points[index]!) && !(points[index - 1] && known(points[index - 1]!)) && !(points[index + 1] && known(points[index + 1]!));
  const marked = points.filter((point, index) => known(point) && (dots || alone(index)));
  return [
    ...(path
      ? [
          el('path', {
            d: path,
            fill: 'none',
            stroke: colour,
            'stroke-width': faint ? 1 : 2,
            'stroke-opacity': faint ? 0.35 : undefined,
            'stroke-dasharray': dash,
            'stroke-linejoin': 'round',
          }),
        ]
      : []),
    ...marked.map(({ at, value }) => el('circle', { cx: x(at), cy: y(value!), r: 2.5, fill: colour })),
  ];
}

const BAR = { top: 8, row: 26, thick: 12 };

export function barChart(chart: BarChart, { ink, fontSize, width }: ChartStyle): SvgNode {
  const names = 12 + Math.min(MOST_NAME, Math.max(0, ...chart.bars.map(({ name }) => textWidth(name, fontSize))));
  const figures = 12 + Math.max(0, ...chart.bars.map(({ text }) => textWidth(text, fontSize)));
  const ends = chart.bars
    .flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value])
    .filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const x = linearScale([low, high > low ? high : low + 1], [names, width - figures]);
  const foot = chart.sides ? 22 : 6;
  const height = BAR.top + chart.bars.length * BAR.row + foot;
  const bars = chart.bars.flatMap(({ name, colour, value, interval, text }, at) => {
    const middle = BAR.top + (at + 0.5) * BAR.row;
    const [from, to] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
    return [
      label(names - 10, middle + 4, name, { anchor: 'end', colour, bold: true }),
      el('rect', {
        ...{ x: from, y: middle - BAR.thick / 2, width: Math.max(0.5, to - from), height: BAR.thick },
        ...{ rx: 2, fill: colour, 'fill-opacity': 0.75 },
      }),
      ...(interval ? [whisker(x(interval.low), x(interval.high), middle, ink.ink)] : []),
      label(width - figures + 8, middle + 4, text, { colour: ink.ink }),
    ];
  });
  return root(chart.title, { width, fontSize }, height, [
    ...bars,
    el('line', { x1: x(0), x2: x(0), y1: BAR.top, y2: height - foot, stroke: ink.dim }),
    ...(chart.sides
      ? [
          label(x(0) - 6, height - 5, `← ${chart.sides.left}`, { anchor: 'end', colour: ink.dim }),
          label(x(0) + 6, height - 5, `${chart.sides.right} →`, { colour: ink.dim }),
        ]
      : []),
  ]);
}

const whisker = (from: number, to: number, y: number, stroke: string): SvgNode => {
  const [a, b, middle] = [from.toFixed(1), to.toFixed(1), y.toFixed(1)];
  return el('path', { d: `M${a} ${middle}H${b}M${a} ${y - 4}v8M${b} ${y - 4}v8`, stroke, 'stroke-width': 1.2, fill: 'none' });
};

/** Of the values with some room beside them. */
function bounds(values: readonly number[]): { low: number; high: number } {
  if (values.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) * 0.1 || 1) * 0.06;
  return { low: low - room, high: high + room };
}

export interface CategoryChart {
  title: string;
  x: string;
  y: string;
  categories: string[];
  /** A point a category; null where none was measured. */
  series: { name: string; colour: string; points: ({ y: number; low?: number | null; high?: number | null } | null)[] }[];
  /** A level across the chart. */
  line?: { y: number; name: string };
}

const CATEGORY = { width: 640, height: 300, left: 64, right: 16, top: 44, bottom: 52, fontSize: 12 };
/** Pixels between the points of two series at one category, so that their intervals do not cover one another. */
const BESIDE = 8;

/** Points with intervals over evenly spaced categories: a file of its own, whose grey is readable on light and dark grounds. */
export function categoryChart({ title, x, y, categories, series, line }: CategoryChart): SvgNode {
  const { width, height, left, right, top, bottom, fontSize } = CATEGORY;
  const grey = '#767676';
  const values = series.flatMap(({ points }) =>
    points.flatMap((point) => (point ? [point.y, point.low ?? point.y, point.high ?? point.y] : [])),
  );
  if (line) values.push(line.y);
  const scale = outerTicks(Math.min(...values), Math.max(...values), 4);
  const step = (width - left - right) / categories.length;
  const atX = (index: number, offset = 0) => left + step * (index + 0.5) + offset;
  const atY = linearScale([scale.low, scale.high], [height - bottom, top]);
  const level = (value: number, more: SvgNode['attributes']) => horizontal(left, width - right, atY(value), grey, more);
  let legend = left;
  return el(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      ...{ width, height, role: 'img' },
      ...{ 'font-family': 'system-ui, sans-serif', 'font-size': fontSize, fill: grey },
    },
    el('title', {}, title),
    label(left, 16, title, { colour: grey, bold: true }),
    label(left, height - 8, x, { colour: grey }),
    el('text', { transform: `translate(14 ${height - bottom}) rotate(-90)` }, y),
    scale.ticks.map((tick) => [
      level(tick, { 'stroke-opacity': 0.25 }),
      label(left - 8, atY(tick) + 4, String(Number(tick.toFixed(6))), { colour: grey, anchor: 'end' }),
    ]),
    categories.map((name, index) => label(atX(index), height - bottom + 18, name, { colour: grey, anchor: 'middle' })),
    line && [
      level(line.y, { 'stroke-dasharray': DASH }),
      label(width - right, atY(line.y) - 5, line.name, { colour: grey, anchor: 'end' }),
    ],
    series.map(({ name, colour, points }, at) => {
      const offset = (at - (series.length - 1) / 2) * BESIDE;
      const placed = points.flatMap((point, index) => (point ? [{ ...point, at: atX(index, offset) }] : []));
      const key = legend;
      legend += 30 + textWidth(name, fontSize, 'regular');
      return [
        el('polyline', {
          points: placed.map((point) => `${point.at.toFixed(1)},${atY(point.y).toFixed(1)}`).join(' '),
          ...{ fill: 'none', stroke: colour, 'stroke-width': 1.5 },
        }),
        placed.map((point) => [
          point.low != null &&
            point.high != null &&
            el('line', {
              ...{ x1: point.at, x2: point.at, y1: atY(point.low), y2: atY(point.high) },
              ...{ stroke: colour, 'stroke-width': 2, 'stroke-opacity': 0.5 },
            }),
          el('circle', { cx: point.at, cy: atY(point.y), r: 3.5, fill: colour }),
        ]),
        el('circle', { cx: key + 5, cy: 30, r: 4, fill: colour }),
        label(key + 14, 34, name, { colour: grey }),
      ];
    }),
  );
}
