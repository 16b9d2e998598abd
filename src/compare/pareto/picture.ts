/** The picture of the Pareto front as a file for slides and reports: title, axes, legend and front on white, as SVG or PNG. */
import { textWidth } from '../../charts/labels';
import { CHANNEL_COLOURS, PAPER, type RunMark, PAPER_FONT } from '../../charts/paper';
import { el, horizontal, label, svgMarkup, type SvgNode } from '../../charts/svg';
import { layoutPareto, type ParetoLayout } from './layout';
import type { ParetoPoint, ParetoRun } from './points';

export interface ParetoPicture {
  title: string;
  /** Base, channels and how much was measured. */
  subtitle: string;
  x: string;
  y: string;
  line: string;
  front: string;
  base: string;
  runs: readonly (ParetoRun & { mark: RunMark })[];
  label: (point: ParetoPoint) => string;
  number: (value: number, digits: number) => string;
}

const WIDTH = 1200;
const PLOT = { height: 660, edge: { left: 84, right: 32, top: 16, bottom: 64 } };
/** Height of title and subtitle above the plot. */
const HEAD = 92;
const FONT = 15;
const RADIUS = 7;
const LEGEND_ROW = 26;
const { ink: INK, dim: DIM, bad: BAD } = PAPER;
const GRID = '#e6e3dc';
const LOST = '#f9dfda';
const FRONT = { stroke: '#4a4fc4', 'stroke-width': 2.5, 'stroke-dasharray': '7 4' };

/** A whole SVG document; it names no file outside itself. */
export function paretoPicture(picture: ParetoPicture): string {
  const { title, subtitle, runs } = picture;
  const layout = layoutPareto(runs, {
    width: WIDTH,
    height: PLOT.height,
    edge: PLOT.edge,
    fontSize: FONT,
    radius: RADIUS,
    label: picture.label,
    baseLabel: picture.base,
    lineLabel: picture.line,
  });
  const { base, front } = layout;
  const legend = legendOf(picture);
  const height = HEAD + PLOT.height + legend.height + 20;
  const document = el(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${height}`,
      width: WIDTH,
      height,
      'font-family': PAPER_FONT,
      'font-size': FONT,
    },
    el('title', {}, title),
    el('rect', { width: WIDTH, height, fill: '#fff' }),
    label(PLOT.edge.left, 42, title, { colour: INK, bold: true, size: 24 }),
    label(PLOT.edge.left, 70, subtitle, { colour: DIM }),
    el(
      'g',
      { transform: `translate(0 ${HEAD})` },
      frame(layout, picture),
      layout.paths.map((d, at) =>
        el('path', { d, fill: 'none', stroke: CHANNEL_COLOURS[runs[at]!.mark.colour], 'stroke-width': 1.5, 'stroke-opacity': 0.55 }),
      ),
      front !== '' && el('path', { d: front, fill: 'none', ...FRONT }),
      el('circle', { cx: base.x, cy: base.y, r: RADIUS - 1, fill: '#fff', stroke: INK, 'stroke-width': 2 }),
      marks(layout, runs),
      layout.labels.map(({ x, y, text }) => label(x, y + FONT * 0.36, text, { colour: INK, bold: true })),
    ),
    el('g', { transform: `translate(${PLOT.edge.left} ${HEAD + PLOT.height})` }, legend.content),
  );
  return svgMarkup(document);
}

function frame({ x, y, line, lineLabel }: ParetoLayout, picture: ParetoPicture): SvgNode[] {
  const { left, right, top, bottom } = PLOT.edge;
  const foot = PLOT.height - bottom;
  return [
    el('rect', { x: left, y: line, width: WIDTH - left - right, height: Math.max(0, foot - line), fill: LOST, 'fill-opacity': 0.4 }),
    ...x.ticks.flatMap(({ at, value }) => [
      el('line', { x1: at, x2: at, y1: top, y2: foot, stroke: GRID }),
      label(at, foot + 22, picture.number(value, x.digits), { colour: DIM, anchor: 'middle' }),
    ]),
    ...y.ticks.flatMap(({ at, value }) => [
      horizontal(left, WIDTH - right, at, GRID),
      label(left - 10, at + 5, picture.number(value, y.digits), { colour: DIM, anchor: 'end' }),
    ]),
    el('path', { d: `M${left} ${top}V${foot}H${WIDTH - right}`, fill: 'none', stroke: DIM }),
    horizontal(left, WIDTH - right, line, BAD, { 'stroke-width': 1.5, 'stroke-dasharray': '4 4' }),
    label(lineLabel.x, lineLabel.y + FONT * 0.36, lineLabel.text, { colour: BAD, anchor: lineLabel.anchor, bold: true }),
    label((left + WIDTH - right) / 2, PLOT.height - 12, picture.x, { colour: INK, anchor: 'middle' }),
    el('g', { transform: `translate(24 ${(top + foot) / 2}) rotate(-90)` }, label(0, 0, picture.y, { colour: INK, anchor: 'middle' })),
  ];
}

function marks(layout: ParetoLayout, runs: ParetoPicture['runs']): SvgNode[] {
  const markOf = new Map(runs.map(({ run, mark }) => [run.id, mark]));
  return layout.marks.map(({ point, x, y }) => {
    const { colour, shape } = markOf.get(point.run.id)!;
    const transform = `translate(${x} ${y}) scale(${RADIUS})`;
    return el('path', { d: shape, transform, fill: CHANNEL_COLOURS[colour], stroke: '#fff', 'stroke-width': 0.25 });
  });
}

/** Runs and the front, in rows as wide as the picture. */
function legendOf({ runs, front }: ParetoPicture): { content: SvgNode[]; height: number } {
  const content: SvgNode[] = [];
  let x = 0;
  let y = 18;
  const place = (width: number) => {
    if (x > 0 && x + width > WIDTH - PLOT.edge.left - PLOT.edge.right) {
      x = 0;
      y += LEGEND_ROW;
    }
    const at = x;
    x += width;
    return at;
  };
  for (const { run, mark } of runs) {
    const at = place(textWidth(run.name, FONT) + 44);
    const transform = `translate(${at + RADIUS} ${y}) scale(${RADIUS})`;
    content.push(el('path', { d: mark.shape, transform, fill: CHANNEL_COLOURS[mark.colour] }));
    content.push(label(at + 22, y + FONT * 0.36, run.name, { colour: INK }));
  }
  const at = place(textWidth(front, FONT) + 60);
  content.push(el('path', { d: `M${at} ${y}h30`, ...FRONT }));
  content.push(label(at + 38, y + FONT * 0.36, front, { colour: INK }));
  return { content, height: y + 12 };
}
