/** Charts as SVG text: lines with their names at their ends, and bars from zero with their intervals. No script, no outside font. */
import type { BarChart, Line, LineChart } from './document';
import { escapeHtml } from './escape';

const INK = '#1d2126';
const DIM = '#5c626b';
const GRID = '#dfd9cd';
const BAD = '#b3261e';
/** Pixels of a label's letter at 12 px in a wide font: Latin, and everything wider; bold letters take more. */
const LETTER = 6.9;
const WIDE = 12.5;
const BOLD = 1.16;
const LABEL_GAP = 14;

const WIDTH = 460;
const LINES = { top: 12, bottom: 40, left: 44, height: 262 };

const number = (value: number) => String(Number(value.toFixed(1)));

function textWidth(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter.codePointAt(0)! > 0x2e80 ? WIDE : LETTER), 0);
}

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them. */
function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** Places moved apart to at least `gap` within [low, high], in their order. */
function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, at) => at).sort((one, other) => wanted[one]! - wanted[other]!);
  const placed: number[] = [];
  for (const at of order) placed.push(Math.max(placed.length === 0 ? low : placed.at(-1)! + gap, wanted[at]!));
  for (let at = placed.length - 1, limit = high; at >= 0; at--, limit = placed[at + 1]! - gap) placed[at] = Math.min(limit, placed[at]!);
  const result = new Array<number>(wanted.length);
  order.forEach((original, at) => (result[original] = placed[at]!));
  return result;
}

const finite = (values: readonly (number | null)[]) => values.filter((value): value is number => value !== null && Number.isFinite(value));

export function lineChart(chart: LineChart, format: (value: number, digits: number) => string): string {
  const named = chart.lines.filter(({ faint }) => !faint);
  const right = 14 + Math.min(170, Math.max(0, ...named.map((line) => BOLD * textWidth(endLabel(line, chart.digits, format)))));
  const values = chart.lines.flatMap(({ y }) => finite(y));
  const xs = chart.lines.flatMap(({ x }) => x);
  if (chart.level) values.push(chart.level.value);
  const [low, high] = bounds(Math.min(...values), Math.max(...values));
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const bottom = LINES.height - LINES.bottom;
  const place = {
    x: (x: number) => LINES.left + ((x - first) / (last - first || 1)) * (WIDTH - LINES.left - right),
    y: (y: number) => bottom - ((y - low) / (high - low)) * (bottom - LINES.top),
  };
  const parts: string[] = [];
  const ticks = roundTicks(low, high, 5);
  // Enough digits to tell the ticks apart.
  const digits = Math.max(0, -Math.floor(Math.log10((ticks[1] ?? high) - (ticks[0] ?? low)) + 1e-9));
  for (const tick of ticks) {
    const y = number(place.y(tick));
    parts.push(`<line x1="${LINES.left}" x2="${number(WIDTH - right)}" y1="${y}" y2="${y}" stroke="${GRID}"/>`);
    parts.push(text(LINES.left - 6, place.y(tick) + 4, format(tick, digits), { anchor: 'end', colour: DIM }));
  }
  for (const tick of chart.ticks ?? roundTicks(first, last, 5))
    parts.push(text(place.x(tick), bottom + 17, chart.tick(tick), { anchor: 'middle', colour: DIM }));
  parts.push(text((LINES.left + WIDTH - right) / 2, LINES.height - 6, chart.xTitle, { anchor: 'middle', colour: DIM }));
  if (chart.level) {
    const y = number(place.y(chart.level.value));
    parts.push(
      `<line x1="${LINES.left}" x2="${number(WIDTH - right)}" y1="${y}" y2="${y}" stroke="${BAD}" stroke-width="1.2" stroke-dasharray="5 4"/>`,
    );
    parts.push(text(LINES.left + 4, place.y(chart.level.value) - 5, chart.level.label, { colour: BAD }));
  }
  for (const line of chart.lines) parts.push(path(line, place));
  parts.push(...endLabels(named, chart.digits, place, { x: WIDTH - right + 8, low: LINES.top + 4, high: bottom }, format));
  return svg(chart.title, LINES.height, parts);
}

const endLabel = ({ name, y }: Line, digits: number, format: (value: number, digits: number) => string) =>
  `${name} ${format(finite(y).at(-1) ?? Number.NaN, digits)}`;

function endLabels(
  lines: readonly Line[],
  digits: number,
  place: { y(value: number): number },
  room: { x: number; low: number; high: number },
  format: (value: number, digits: number) => string,
): string[] {
  const ended = lines.filter(({ y }) => finite(y).length > 0);
  const wanted = ended.map(({ y }) => place.y(finite(y).at(-1)!));
  const places = spread(wanted, LABEL_GAP, room.low, room.high);
  return ended.map((line, at) => text(room.x, places[at]! + 4, endLabel(line, digits, format), { colour: line.colour, bold: true }));
}

/** A gap parts a line; a point between two gaps is drawn as a dot. */
function path({ x, y, colour, faint }: Line, place: { x(value: number): number; y(value: number): number }): string {
  const runs: string[][] = [[]];
  y.forEach((value, at) => {
    if (value === null || !Number.isFinite(value)) {
      if (runs.at(-1)!.length > 0) runs.push([]);
    } else runs.at(-1)!.push(`${number(place.x(x[at]!))} ${number(place.y(value))}`);
  });
  const style = faint ? 'stroke-width="1" stroke-opacity="0.35"' : 'stroke-width="2"';
  const drawn = runs.filter((run) => run.length > 1).map((run) => `M${run.join('L')}`);
  const dots = runs.filter((run) => run.length === 1).map((run) => `M${run[0]}h0`);
  const out: string[] = [];
  if (drawn.length > 0) out.push(`<path d="${drawn.join('')}" fill="none" stroke="${colour}" ${style} stroke-linejoin="round"/>`);
  if (dots.length > 0) out.push(`<path d="${dots.join('')}" fill="none" stroke="${colour}" stroke-width="4" stroke-linecap="round"/>`);
  return out.join('');
}

const BAR = { top: 8, row: 26, thick: 12 };

export function barChart(chart: BarChart): string {
  const names = 12 + Math.min(190, BOLD * Math.max(0, ...chart.bars.map(({ name }) => textWidth(name))));
  const figures = 12 + Math.max(0, ...chart.bars.map(({ text: figure }) => textWidth(figure)));
  const ends = chart.bars
    .flatMap(({ value, interval }) => [value, interval?.low ?? value, interval?.high ?? value])
    .filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const place = (value: number) => names + ((value - low) / (high - low || 1)) * (WIDTH - names - figures);
  const foot = chart.sides ? 22 : 6;
  const height = BAR.top + chart.bars.length * BAR.row + foot;
  const parts: string[] = [];
  chart.bars.forEach(({ name, colour, value, interval, text: figure }, at) => {
    const middle = BAR.top + (at + 0.5) * BAR.row;
    const [from, to] = [Math.min(place(0), place(value)), Math.max(place(0), place(value))];
    parts.push(text(names - 10, middle + 4, name, { anchor: 'end', colour, bold: true }));
    parts.push(
      `<rect x="${number(from)}" y="${number(middle - BAR.thick / 2)}" width="${number(Math.max(0.5, to - from))}" height="${BAR.thick}" rx="2" fill="${colour}" fill-opacity="0.75"/>`,
    );
    if (interval) {
      const [a, b] = [number(place(interval.low)), number(place(interval.high))];
      parts.push(
        `<path d="M${a} ${number(middle)}H${b}M${a} ${number(middle - 4)}v8M${b} ${number(middle - 4)}v8" stroke="${INK}" stroke-width="1.2" fill="none"/>`,
      );
    }
    parts.push(text(WIDTH - figures + 8, middle + 4, figure, { colour: INK }));
  });
  const zero = number(place(0));
  parts.push(`<line x1="${zero}" x2="${zero}" y1="${BAR.top}" y2="${height - foot}" stroke="${DIM}"/>`);
  if (chart.sides) {
    parts.push(text(place(0) - 6, height - 5, `← ${chart.sides.left}`, { anchor: 'end', colour: DIM }));
    parts.push(text(place(0) + 6, height - 5, `${chart.sides.right} →`, { colour: DIM }));
  }
  return svg(chart.title, height, parts);
}

function bounds(low: number, high: number): [number, number] {
  if (!Number.isFinite(low)) return [0, 1];
  const room = (high - low || Math.abs(high) * 0.1 || 1) * 0.06;
  return [low - room, high + room];
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor = 'start', colour, bold = false }: { anchor?: 'start' | 'middle' | 'end'; colour: string; bold?: boolean },
): string {
  return `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}" fill="${colour}"${bold ? ' font-weight="600"' : ''}>${escapeHtml(content)}</text>`;
}

const svg = (title: string, height: number, parts: readonly string[]) =>
  `<svg viewBox="0 0 ${WIDTH} ${number(height)}" role="img" aria-label="${escapeHtml(title)}" font-size="12">${parts.join('')}</svg>`;
