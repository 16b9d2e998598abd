/**
 * The pictures of a sweep's runs as descriptions of SVG, the same on the page and in a file: runs on a plane, with or without the contours of
 * a response surface, and runs as lines over parallel axes; with the axes and the colours that they share.
 */
import { contours } from 'd3-contour';
import { ticks as ticksOf } from 'd3-array';
import { textWidth } from '../../charts/labels';
import { CHANNEL_COLOURS, PAPER, runMark, SCREEN, type RunMark, PAPER_FONT } from '../../charts/paper';
import { el, horizontal, label, pathThrough, rounded, svgMarkup, type SvgNode } from '../../charts/svg';
import { decadeTicks, roundTicks } from '../../charts/ticks';
import type { Cell, Column } from '../../core/sweep/columns';
import { hullOf } from '../../core/sweep/surface';
import type { ColumnWords } from '../../channels/column-words';

/** How columns and their values are written. */
export interface Axis {
  column: Column;
  title: string;
  log: boolean;
  /** The values at both ends; of categories 0 and 1. */
  low: number;
  high: number;
  /** 0 to 1 along the axis; null for what is missing, or has no logarithm. */
  place(value: Cell): number | null;
  /** The value at a place; of a category the place itself. */
  value(place: number): number;
  ticks: readonly { at: number; text: string }[];
}

const LEAST_LOG_TICKS = 3;

/** Room is left beside the outermost values, so that no mark is cut. */
export function axisOf(column: Column, words: ColumnWords, log: boolean, room = 0.05, most = 6): Axis {
  const title = words.name(column);
  if (column.type === 'category') {
    const names = [...new Set(column.values.filter((value) => value !== null))].sort((one, other) =>
      String(one).localeCompare(String(other), 'en', { numeric: true }),
    );
    const place = (value: Cell) => (value === null || !names.includes(value) ? null : (names.indexOf(value) + 0.5) / names.length);
    const every = Math.ceil(names.length / 12);
    const ticks = names.flatMap((name, at) => (at % every === 0 ? [{ at: place(name)!, text: shortened(words.text(column, name)) }] : []));
    return { column, title, log: false, low: 0, high: 1, place, value: (at) => at, ticks };
  }
  const numbers = column.values.filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value) && !(log && value <= 0),
  );
  const to = log ? Math.log10 : (value: number) => value;
  const from = log ? (value: number) => 10 ** value : (value: number) => value;
  const [first, last] = numbers.length === 0 ? [to(1), to(10)] : [Math.min(...numbers.map(to)), Math.max(...numbers.map(to))];
  const wide = last - first || Math.abs(first) * 0.2 || 1;
  const pad = last > first ? wide * room : wide / 2;
  const [low, high] = [first - pad, last + pad];
  const place = (value: Cell) =>
    typeof value !== 'number' || !Number.isFinite(value) || (log && value <= 0) ? null : (to(value) - low) / (high - low);
  const decades = log ? logTicks(from(low), from(high), most) : [];
  const round = roundTicks(from(low), from(high), most);
  const found = decades.length >= LEAST_LOG_TICKS || (log && decades.length > 0) ? { ticks: decades, digits: 2 } : round;
  const ticks = found.ticks.map((tick) => ({ at: place(tick)!, text: words.tick(column, tick, log ? digitsOf(tick) : found.digits) }));
  return { column, title, log, low: from(low), high: from(high), place, value: (at) => from(low + at * (high - low)), ticks };
}

/** Powers of ten, with their doubles and halves where there are few. */
function logTicks(low: number, high: number, most: number): number[] {
  const powers = ticksOf(Math.ceil(Math.log10(low)), Math.floor(Math.log10(high)), 12).filter(Number.isInteger);
  const with125 = decadeTicks(low, high);
  return with125.length <= most
    ? with125
    : powers.map((power) => 10 ** power).filter((_, at) => at % Math.ceil(powers.length / most) === 0);
}

const digitsOf = (value: number) => Math.max(0, -Math.floor(Math.log10(Math.abs(value)) + 1e-9));

const LONGEST = 14;
function shortened(text: string, most = LONGEST): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

/**
 * From blue to orange by way of grey: told apart with any of the colour-blindnesses, and at least 3 : 1 on a light and on a dark ground.
 * Brightness rises with the value, so that grey paper keeps the order.
 */
const SCALE = ['#2563b0', '#5a6fae', '#877a93', '#b67c62', '#e07b1a'].map((colour) =>
  [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)),
);

function scaleColour(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (SCALE.length - 1);
  const [below, above] = [SCALE[Math.floor(at)]!, SCALE[Math.ceil(at)]!];
  const mixed = below.map((part, index) => Math.round(part + (above[index]! - part) * (at - Math.floor(at))));
  return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Of every run by one column: numbers by the scale, words by colour and shape. */
export interface Colouring {
  axis: Axis | null;
  mark(row: number): { colour: string; shape: string };
  /** Of the scale, in words. */
  ends: [low: string, high: string];
  /** Words with their marks; empty of numbers. */
  marks: { text: string; colour: string; shape: string }[];
}

const CIRCLE = runMark(0).shape;

export function colouringOf(column: Column | null, words: ColumnWords, paper: boolean): Colouring {
  const { ink, dim } = paper ? PAPER : SCREEN;
  if (!column)
    return { axis: null, ends: ['', ''], marks: [], mark: () => ({ colour: paper ? '#4a4fc4' : 'var(--accent)', shape: CIRCLE }) };
  const colourOf = ({ colour }: RunMark) => (paper ? CHANNEL_COLOURS[colour] : `var(--channel-${colour})`);
  if (column.type === 'category') {
    const names = [...new Set(column.values)].filter((value) => value !== null);
    const marks = names.map((name, at) => ({ text: words.text(column, name), colour: colourOf(runMark(at)), shape: runMark(at).shape }));
    return {
      axis: null,
      ends: ['', ''],
      marks,
      mark: (row) => marks[names.indexOf(column.values[row]!)] ?? { colour: dim, shape: CIRCLE },
    };
  }
  const axis = axisOf(column, words, column.unit === 'rate', 0);
  const mark = (row: number) => {
    const place = axis.place(column.values[row] ?? null);
    return { colour: place === null ? ink : scaleColour(place), shape: CIRCLE };
  };
  return { axis, ends: [words.text(column, axis.low), words.text(column, axis.high)], marks: [], mark };
}

export interface PictureStyle {
  paper: boolean;
  width: number;
  height: number;
  fontSize: number;
}

interface Placed {
  row: number;
  x: number;
  y: number;
}

export interface Drawn {
  picture: SvgNode;
  /** Where each run stands, in pixels. */
  places: Placed[];
}

const LEGEND_ROW = 20;

/** What the colours mean, above the picture; its height follows the words. */
function legendOf(
  title: string,
  { axis, marks, ends }: Colouring,
  width: number,
  fontSize: number,
  dim: string,
): { nodes: SvgNode[]; height: number } {
  const nodes = [label(0, 13, title, { colour: dim })];
  let x = textWidth(title, fontSize, 'regular') + 14;
  let y = 0;
  if (axis) {
    const [low, high] = ends;
    const bar = Math.max(60, Math.min(160, width - x - 120));
    if (x + bar + 120 > width) [x, y] = [0, LEGEND_ROW];
    const start = x + textWidth(low, fontSize, 'regular') + 6;
    const steps = 24;
    nodes.push(label(x, y + 13, low, { colour: dim }));
    for (let at = 0; at < steps; at++)
      nodes.push(
        el('rect', { x: start + (bar * at) / steps, y: y + 4, width: bar / steps + 0.5, height: 10, fill: scaleColour(at / (steps - 1)) }),
      );
    nodes.push(label(start + bar + 6, y + 13, high, { colour: dim }));
  }
  for (const { text, colour, shape } of marks) {
    const short = shortened(text, 28);
    const wide = textWidth(short, fontSize, 'regular') + 32;
    if (x > 0 && x + wide > width) [x, y] = [0, y + LEGEND_ROW];
    nodes.push(el('path', { d: shape, transform: `translate(${rounded(x + 7)} ${y + 9}) scale(5.5)`, fill: colour }));
    nodes.push(label(x + 18, y + 13, short, { colour: dim }));
    x += wide;
  }
  return { nodes, height: y + LEGEND_ROW + 4 };
}

function root(title: string, { paper, width, height, fontSize }: PictureStyle, content: readonly SvgNode[]): SvgNode {
  if (!paper) return el('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'font-size': fontSize, 'aria-hidden': 'true' }, content);
  const top = 34;
  return el(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height + top}`,
      width,
      height: height + top,
      'font-size': fontSize,
      'font-family': PAPER_FONT,
    },
    el('title', {}, title),
    el('rect', { width, height: height + top, fill: '#fff' }),
    label(12, 24, title, { colour: PAPER.ink, bold: true, size: fontSize + 3 }),
    el('g', { transform: `translate(0 ${top})` }, content),
  );
}

/** A whole SVG document of what is shown. */
export const asDocument = (picture: SvgNode): string => svgMarkup(picture);

export interface PlanePicture {
  title: string;
  x: Axis;
  y: Axis;
  rows: readonly number[];
  /** Runs that are chosen keep their colour. */
  lit: (row: number) => boolean;
  colouring: Colouring;
  /** What the colour means; empty where all runs have one. */
  colourTitle: string;
  /** With the column's words for the bands of its contours. */
  surface?: { grid: readonly number[]; axis: Axis; words: ColumnWords } | undefined;
}

const EDGE = { left: 66, right: 14, top: 8, bottom: 44 };
const RADIUS = 5;
/** Cells of a contour's grid along either axis. */
const GRID = 60;

/** Runs by two columns: a scatter plot, or the runs on their response surface. */
export function planePicture(given: PlanePicture, style: PictureStyle): Drawn {
  const { title, x, y, rows, lit, colouring, colourTitle, surface } = given;
  const { width, height, fontSize, paper } = style;
  const ink = paper ? PAPER : SCREEN;
  const legend =
    colourTitle === '' ? { nodes: [], height: 0 } : legendOf(colourTitle, colouring, width - EDGE.left - EDGE.right, fontSize, ink.dim);
  const top = EDGE.top + legend.height;
  const [right, bottom] = [width - EDGE.right, height - EDGE.bottom];
  const atX = (place: number) => EDGE.left + place * (right - EDGE.left);
  const atY = (place: number) => bottom - place * (bottom - top);
  const places = rows.flatMap((row): Placed[] => {
    const [px, py] = [x.place(x.column.values[row] ?? null), y.place(y.column.values[row] ?? null)];
    return px === null || py === null ? [] : [{ row, x: atX(px), y: atY(py) }];
  });
  // Those that are chosen lie on top.
  const drawn = [...places].sort((one, other) => Number(lit(one.row)) - Number(lit(other.row)));
  const wordy =
    x.column.type === 'category' && x.ticks.reduce((sum, { text }) => sum + textWidth(text, fontSize) + 8, 0) > right - EDGE.left;
  return {
    places,
    picture: root(title, style, [
      el('g', { transform: `translate(${EDGE.left} ${EDGE.top})` }, legend.nodes),
      ...(surface ? bandsOf(surface, places, { x, y, atX, atY }, ink.dim) : []),
      ...x.ticks.flatMap(({ at, text }, index) => [
        el('line', { x1: atX(at), x2: atX(at), y1: top, y2: bottom, stroke: ink.grid, 'stroke-opacity': surface ? 0.4 : undefined }),
        ...(wordy && index % 2 === 1 ? [] : [label(atX(at), bottom + 16, text, { colour: ink.dim, anchor: 'middle' })]),
      ]),
      ...y.ticks.flatMap(({ at, text }) => [
        horizontal(EDGE.left, right, atY(at), ink.grid, surface ? { 'stroke-opacity': 0.4 } : {}),
        label(EDGE.left - 6, atY(at) + 4, text, { colour: ink.dim, anchor: 'end' }),
      ]),
      el('path', { d: `M${EDGE.left} ${top}V${bottom}H${right}`, fill: 'none', stroke: ink.dim }),
      label((EDGE.left + right) / 2, height - 8, x.title, { colour: ink.ink, anchor: 'middle' }),
      el(
        'g',
        { transform: `translate(13 ${rounded((top + bottom) / 2)}) rotate(-90)` },
        label(0, 0, y.title, { colour: ink.ink, anchor: 'middle' }),
      ),
      el(
        'g',
        { stroke: surface ? ink.ink : paper ? '#fff' : 'var(--panel)', 'stroke-width': 0.22 },
        drawn.map(({ row, x: px, y: py }) => {
          const { colour, shape } = colouring.mark(row);
          const shown = lit(row);
          return el('path', {
            d: shape,
            transform: `translate(${px.toFixed(1)} ${py.toFixed(1)}) scale(${RADIUS})`,
            fill: shown ? colour : ink.grid,
            'fill-opacity': shown ? undefined : 0.7,
          });
        }),
      ),
    ]),
  };
}

/** Values of an axis at the crossings of a surface's grid over the whole picture. */
export const gridOf = (axis: Axis): number[] => Array.from({ length: GRID + 1 }, (_, at) => axis.value(at / GRID));

interface Frame {
  x: Axis;
  y: Axis;
  atX(place: number): number;
  atY(place: number): number;
}

/** Bands of equal value inside the hull of the runs, with the value on each line. */
function bandsOf(
  { grid, axis, words }: NonNullable<PlanePicture['surface']>,
  places: readonly Placed[],
  { x, y, atX, atY }: Frame,
  dim: string,
): SvgNode[] {
  // Thresholds of what can be seen: outside the hull the estimate runs away.
  const seen = axis.column.values.filter((value): value is number => typeof value === 'number');
  const { ticks: levels, digits } = roundTicks(Math.min(...seen), Math.max(...seen), 10);
  const step = levels.length > 1 ? levels[1]! - levels[0]! : 1;
  const thresholds = [levels[0]! - step, ...levels];
  const clip = `hull-${axis.column.id}-${x.column.id}-${y.column.id}`.replace(/[^\w-]/g, '-');
  const hull = hullOf(places.map((place) => [place.x, place.y] as const));
  const size = GRID + 1;
  // d3-contour counts from the middle of a cell.
  const path = (rings: readonly (readonly (readonly number[])[])[]) =>
    rings.map((ring) => `${pathThrough(ring.map(([u, v]) => [atX((u! - 0.5) / GRID), atY((v! - 0.5) / GRID)] as const))}Z`).join('');
  const shapes = contours().size([size, size]).thresholds(thresholds)([...grid]);
  const lines = shapes.map((shape) => path(shape.coordinates.flat() as number[][][]));
  return [
    el('clipPath', { id: clip }, el('path', { d: `${pathThrough(hull)}Z` })),
    el(
      'g',
      { 'clip-path': `url(#${clip})` },
      shapes.map((shape, at) => {
        const place = axis.place(shape.value + step / 2) ?? 0;
        return lines[at]
          ? el('path', { d: lines[at], fill: scaleColour(place), stroke: '#fff', 'stroke-width': 0.8, 'stroke-opacity': 0.7 })
          : null;
      }),
    ),
    ...shapes.flatMap((shape) => {
      // On the line where it passes nearest to the middle of the hull.
      const middle = hull.reduce(([a, b], [c, d]) => [a + c / hull.length, b + d / hull.length] as const, [0, 0] as readonly [
        number,
        number,
      ]);
      const spots = (shape.coordinates.flat(2) as number[][])
        .filter(([u, v]) => u! > 1 && v! > 1 && u! < GRID && v! < GRID)
        .map(([u, v]) => [atX((u! - 0.5) / GRID), atY((v! - 0.5) / GRID)] as const)
        .filter(([px, py]) => !places.some((place) => Math.abs(place.x - px) < 20 && Math.abs(place.y - py) < 11));
      const distance = ([px, py]: readonly [number, number]) => (px - middle[0]) ** 2 + (py - middle[1]) ** 2;
      const spot = spots.reduce<readonly [number, number] | null>(
        (found, one) => (!found || distance(one) < distance(found) ? one : found),
        null,
      );
      if (!spot || !levels.includes(shape.value) || !within(spot, hull)) return [];
      const text = words.tick(axis.column, shape.value, digits);
      return [
        el(
          'text',
          {
            x: spot[0],
            y: spot[1] + 4,
            'text-anchor': 'middle',
            'font-weight': 600,
            fill: '#111',
            stroke: '#fff',
            'stroke-width': 3,
            'paint-order': 'stroke',
            'font-size': 11,
          },
          text,
        ),
      ];
    }),
    el('path', { d: `${pathThrough(hull)}Z`, fill: 'none', stroke: dim, 'stroke-dasharray': '3 3', 'stroke-opacity': 0.7 }),
  ];
}

/** Is the point to the same side of every edge? */
function within([px, py]: readonly [number, number], hull: readonly (readonly [number, number])[]): boolean {
  const sides = hull.map(([ax, ay], at) => {
    const [bx, by] = hull[(at + 1) % hull.length]!;
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax);
  });
  return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
}

export interface ParallelPicture {
  title: string;
  axes: readonly Axis[];
  rows: readonly number[];
  lit: (row: number) => boolean;
  colouring: Colouring;
  colourTitle: string;
}

/** Room that an axis takes; where the page is narrower, the picture scrolls. */
export const LEAST_AXIS_GAP = 96;
const PARALLEL = { side: 58, head: 40, foot: 14 };

/** Where axes and places lie in pixels. */
export function parallelFrame(count: number, { width, height }: Pick<PictureStyle, 'width' | 'height'>, legend: number) {
  const gap = (width - 2 * PARALLEL.side) / Math.max(1, count - 1);
  const [top, bottom] = [legend + PARALLEL.head, height - PARALLEL.foot];
  return { top, bottom, atX: (axis: number) => PARALLEL.side + axis * gap, atY: (place: number) => bottom - place * (bottom - top) };
}

/** A line a run over all axes; it is broken where the run has no value. */
export function parallelPicture(given: ParallelPicture, style: PictureStyle): Drawn & { frame: ReturnType<typeof parallelFrame> } {
  const { title, axes, rows, lit, colouring, colourTitle } = given;
  const { width, fontSize, paper } = style;
  const ink = paper ? PAPER : SCREEN;
  const legend = colourTitle === '' ? { nodes: [], height: 0 } : legendOf(colourTitle, colouring, width - 24, fontSize, ink.dim);
  const frame = parallelFrame(axes.length, style, legend.height);
  const places: Placed[] = [];
  const pathOf = (row: number): string => {
    let d = '';
    let pen = 'M';
    axes.forEach((axis, at) => {
      const place = axis.place(axis.column.values[row] ?? null);
      if (place === null) {
        pen = 'M';
        return;
      }
      const [x, y] = [frame.atX(at), frame.atY(place)];
      places.push({ row, x, y });
      d += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = 'L';
    });
    return d;
  };
  const paths = rows.map((row) => ({ row, d: pathOf(row) }));
  const dull = paths.flatMap(({ row, d }) => (lit(row) ? [] : [d])).join('');
  const shown = paths.filter(({ row }) => lit(row));
  const gap = axes.length > 1 ? frame.atX(1) - frame.atX(0) : width;
  return {
    ...{ places, frame },
    picture: root(title, style, [
      el('g', { transform: 'translate(12 0)' }, legend.nodes),
      // All that are not chosen as one path: there may be hundreds, and none of them is told apart.
      ...(dull === '' ? [] : [el('path', { d: dull, fill: 'none', stroke: ink.grid, 'stroke-width': 1 })]),
      el(
        'g',
        { fill: 'none', 'stroke-width': shown.length > 60 ? 1 : 1.6, 'stroke-opacity': shown.length > 200 ? 0.55 : 0.85 },
        shown.map(({ row, d }) => el('path', { d, stroke: colouring.mark(row).colour })),
      ),
      ...axes.flatMap((axis, at) => [
        el('line', { x1: frame.atX(at), x2: frame.atX(at), y1: frame.top, y2: frame.bottom, stroke: ink.dim, 'stroke-width': 1.2 }),
        ...axis.ticks.map((tick) =>
          el(
            'text',
            {
              x: frame.atX(at) + 6,
              y: frame.atY(tick.at) + 4,
              fill: ink.ink,
              stroke: paper ? '#fff' : 'var(--panel)',
              'stroke-width': 3,
              'paint-order': 'stroke',
              'font-size': fontSize - 1,
            },
            tick.text,
          ),
        ),
        ...wrapped(axis.title, Math.min(gap - 10, 2 * PARALLEL.side), fontSize).map((text, row, all) =>
          label(frame.atX(at), frame.top - 10 - (all.length - 1 - row) * 14, text, { colour: ink.ink, anchor: 'middle' }),
        ),
      ]),
    ]),
  };
}

/** A title in at most two lines. */
function wrapped(text: string, width: number, fontSize: number): string[] {
  const most = Math.max(6, Math.floor(width / (fontSize * (/[\u2e80-\uffff]/.test(text) ? 1 : 0.58))));
  const characters = [...text];
  if (characters.length <= most) return [text];
  const space = characters.slice(0, most + 1).lastIndexOf(' ');
  const cut = space > most / 3 ? space : most;
  return [characters.slice(0, cut).join(''), shortened(characters.slice(cut).join('').trim(), most)];
}
