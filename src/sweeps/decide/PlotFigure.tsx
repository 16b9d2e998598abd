/**
 * Charts of fits and recommendations as still pictures: curves with bands, measured points (hollow where no fit read them), intervals both
 * ways. One description serves the page and the file that is saved of it.
 */
import { useElementSize } from '@mantine/hooks';
import { Picture } from '../../charts/Picture';
import { el, horizontal, label, pathThrough, svgMarkup, type Ink, type SvgNode } from '../../charts/svg';
import { linearScale, outerTicks, roundTicks } from '../../charts/ticks';
import { CHANNEL_COLOURS, isChannelColour, PAPER, SCREEN, PAPER_FONT } from '../../charts/paper';
import { textWidth } from '../../charts/labels';
import type { Interval } from '../../core/metrics/statistics';
import { SaveChart } from '../../ui/SaveChart';
import styles from './Decide.module.css';

export interface Plot {
  title: string;
  xTitle: string;
  yTitle: string;
  bands?: { colour: string; x: readonly number[]; low: readonly (number | null)[]; high: readonly (number | null)[] }[];
  lines: { colour: string; x: readonly number[]; y: readonly number[]; dash?: string }[];
  dots: {
    x: number;
    y: number;
    colour: string;
    /** Not read by any fit. */
    hollow?: boolean;
    /** What stands out: larger, with a ring. */
    chosen?: boolean;
    name: string;
    /** Interval of y, and of x. */
    up?: Interval | null;
    across?: Interval | null;
  }[];
  /** Vertical lines with a name at their top. */
  marks?: { x: number; name: string; colour: string }[];
  levels?: { y: number; name: string }[];
  xTick(value: number, digits: number): string;
  yTick(value: number, digits: number): string;
  /** Explains what is drawn, under a saved picture. */
  legend: string;
}

interface PlotStyle {
  ink: Ink;
  width: number;
  height: number;
  fontSize: number;
  /** A colour as the picture's place has it. */
  colour(token: string): string;
}

const EDGE = { left: 58, right: 16, top: 22, bottom: 42 };

function plotPicture(plot: Plot, { ink, width, height, fontSize, colour }: PlotStyle): SvgNode {
  const { bands = [], lines, dots, marks = [], levels = [] } = plot;
  const xs = [...lines.flatMap(({ x }) => x), ...dots.flatMap(({ x, across }) => [x, ...endsOf(across)]), ...marks.map(({ x }) => x)];
  const ys = [
    ...lines.flatMap(({ y }) => y),
    ...bands.flatMap(({ low, high }) => [...low, ...high].filter((value) => value !== null)),
    ...dots.flatMap(({ y, up }) => [y, ...endsOf(up)]),
    ...levels.map(({ y }) => y),
  ].filter(Number.isFinite);
  const [left, right] = padded(xs);
  const scaleY = outerTicks(...padded(ys), 5);
  const x = linearScale([left, right], [EDGE.left, width - EDGE.right]);
  const y = linearScale([scaleY.low, scaleY.high], [height - EDGE.bottom, EDGE.top]);
  const ticksX = roundTicks(left, right, width < 480 ? 4 : 7);
  const bottom = height - EDGE.bottom;
  return el(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': plot.title, 'font-size': fontSize },
    scaleY.ticks.map((tick) => [
      horizontal(EDGE.left, width - EDGE.right, y(tick), ink.grid),
      label(EDGE.left - 7, y(tick) + 4, plot.yTick(tick, scaleY.digits), { anchor: 'end', colour: ink.dim }),
    ]),
    ticksX.ticks.map((tick) => label(x(tick), bottom + 16, plot.xTick(tick, ticksX.digits), { anchor: 'middle', colour: ink.dim })),
    horizontal(EDGE.left, width - EDGE.right, bottom, ink.dim),
    label((EDGE.left + width - EDGE.right) / 2, height - 7, plot.xTitle, { anchor: 'middle', colour: ink.dim }),
    label(6, 13, plot.yTitle, { colour: ink.dim }),
    bands.map((band) => el('path', { d: bandPath(band, x, y), fill: colour(band.colour), 'fill-opacity': 0.16 })),
    levels.map(({ y: at, name }) => [
      horizontal(EDGE.left, width - EDGE.right, y(at), ink.bad, { 'stroke-dasharray': '4 4' }),
      label(width - EDGE.right, y(at) - 5, name, { anchor: 'end', colour: ink.bad }),
    ]),
    marks.map(({ x: at, name, colour: stroke }) => {
      const beside = x(at) + 5 + textWidth(name, fontSize) > width - EDGE.right;
      return [
        el('line', { x1: x(at), x2: x(at), y1: EDGE.top, y2: bottom, stroke: colour(stroke), 'stroke-dasharray': '2 3' }),
        label(x(at) + (beside ? -5 : 5), EDGE.top + 10, name, { anchor: beside ? 'end' : 'start', colour: colour(stroke) }),
      ];
    }),
    lines.map((line) =>
      el('path', {
        d: pathThrough(line.x.map((at, index) => [x(at), y(line.y[index]!)])),
        ...{ fill: 'none', stroke: colour(line.colour), 'stroke-width': 2, 'stroke-dasharray': line.dash, 'stroke-linejoin': 'round' },
      }),
    ),
    dots.map((dot) => {
      const stroke = colour(dot.colour);
      const [cx, cy] = [x(dot.x), y(dot.y)];
      return el(
        'g',
        {},
        el('title', {}, dot.name),
        dot.up && el('line', { x1: cx, x2: cx, y1: y(dot.up.low), y2: y(dot.up.high), stroke, 'stroke-width': 1.5 }),
        dot.across && el('line', { x1: x(dot.across.low), x2: x(dot.across.high), y1: cy, y2: cy, stroke, 'stroke-width': 1.5 }),
        el('circle', { cx, cy, r: dot.chosen ? 5.5 : 3.5, fill: dot.hollow ? colour('panel') : stroke, stroke, 'stroke-width': 1.6 }),
        dot.chosen && el('circle', { cx, cy, r: 9, fill: 'none', stroke, 'stroke-width': 1.5 }),
      );
    }),
  );
}

const endsOf = (interval: Interval | null | undefined): number[] => (interval ? [interval.low, interval.high] : []);

/** Ends of the values with a little room. */
function padded(values: readonly number[]): [low: number, high: number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.03;
  return [low - room, high + room];
}

function bandPath({ x: at, low, high }: NonNullable<Plot['bands']>[number], x: (v: number) => number, y: (v: number) => number): string {
  const known = at.flatMap((_, index) => (low[index] == null || high[index] == null ? [] : [index]));
  if (known.length < 2) return '';
  const over = known.map((index) => [x(at[index]!), y(high[index]!)] as const);
  const under = [...known].reverse().map((index) => [x(at[index]!), y(low[index]!)] as const);
  return `${pathThrough([...over, ...under])}Z`;
}

/** On the page, in its theme; a channel's colour comes as the CSS value that it has everywhere. */
const onScreen = (token: string): string => (/[(#]/.test(token) ? token : `var(--${token})`);

/** On white paper: the light values of the studio's colours. */
function onPaper(token: string): string {
  const channel = /--channel-([\w-]+)/.exec(token)?.[1];
  if (channel && isChannelColour(channel)) return CHANNEL_COLOURS[channel];
  return { panel: '#fff', accent: '#4a4fc4', dim: PAPER.dim, ink: PAPER.ink, good: '#1a7440', bad: PAPER.bad }[token] ?? PAPER.ink;
}

const PAGE = { width: 900, height: 520, head: 56, foot: 40, fontSize: 14 };

/** The chart as a document of its own, on white, with its title and legend. */
function plotFile(plot: Plot): string {
  const { width, height, head, foot, fontSize } = PAGE;
  const whole = head + height + foot;
  const chart = plotPicture(plot, { ink: PAPER, width, height, fontSize, colour: onPaper });
  return svgMarkup(
    el(
      'svg',
      {
        ...{ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${whole}`, width, height: whole },
        ...{ 'font-family': PAPER_FONT, 'font-size': fontSize },
      },
      el('title', {}, plot.title),
      el('rect', { width, height: whole, fill: '#fff' }),
      label(EDGE.left, 34, plot.title, { colour: PAPER.ink, bold: true, size: 20 }),
      el('g', { transform: `translate(0 ${head})` }, chart.children),
      label(EDGE.left, head + height + 22, plot.legend, { colour: PAPER.dim }),
    ),
  );
}

/** Its lines point by point, and its points with their intervals. */
const figuresOf = ({ lines, dots, xTitle, yTitle }: Plot) => ({
  columns: ['part', 'name', xTitle, yTitle, 'low', 'high'],
  rows: [
    ...lines.flatMap(({ x, y }, line) => x.map((at, index) => ['line', String(line + 1), at, y[index]!, null, null])),
    ...dots.map(({ name, x, y, up }) => ['point', name, x, y, up?.low ?? null, up?.high ?? null]),
  ],
});

/** The chart on the page, with a menu that saves it. @param name of the file */
export function PlotFigure({ plot, name }: { plot: Plot; name: string }) {
  const { ref, width } = useElementSize();
  const style = { ink: SCREEN, width: Math.max(280, Math.round(width)), height: 300, fontSize: 12, colour: onScreen };
  return (
    <figure className={styles.figure} ref={ref}>
      {width > 0 && <Picture picture={plotPicture(plot, style)} />}
      <figcaption>
        <span>{plot.legend}</span>
        <SaveChart title={plot.title} name={name} draw={() => plotFile(plot)} table={() => figuresOf(plot)} />
      </figcaption>
    </figure>
  );
}
