/** The picture as a file: the SVG as it is, or painted at twice its size. */
import { saveFile } from '../../ui/save-file';
import { escapeHtml } from '../../report/escape';
import { CHANNEL_COLOURS } from '../../charts/paper';
import { textWidth } from '../../charts/label-places';
import { layoutPareto, type ParetoLayout } from './layout';
import type { ParetoPoint, ParetoRun, RunMark } from './points';

const SCALE = 2;

export async function savePicture(svg: string, format: 'svg' | 'png', name: string): Promise<void> {
  const drawing = new Blob([svg], { type: 'image/svg+xml' });
  saveFile(format === 'svg' ? drawing : await painted(drawing), `${name}.${format}`);
}

async function painted(drawing: Blob): Promise<Blob> {
  const url = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser made no PNG of the picture'))), 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** The trade as an SVG file for slides and reports: title, axes, legend and the front in one picture, on white. */
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
const HEAD = 92;
const FONT = 15;
const RADIUS = 7;
const LEGEND_ROW = 26;
const INK = '#1d2126';
const DIM = '#5c626b';
const GRID = '#e6e3dc';
const FRONT = '#4a4fc4';
const BAD = '#b3261e';
const LOST = '#f9dfda';
const FAMILY =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

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
  });
  const legend = legendOf(picture);
  const height = HEAD + PLOT.height + legend.height + 20;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="${escapeHtml(FAMILY)}" font-size="${FONT}">`,
    `<title>${escapeHtml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(PLOT.edge.left, 42, title, INK, 'font-size="24" font-weight="600"'),
    text(PLOT.edge.left, 70, subtitle, DIM),
    `<g transform="translate(0 ${HEAD})">`,
    frame(layout, picture),
    ...layout.paths.map(
      (path, at) =>
        `<path d="${path}" fill="none" stroke="${CHANNEL_COLOURS[runs[at]!.mark.colour]}" stroke-width="1.5" stroke-opacity="0.55"/>`,
    ),
    layout.front && `<path d="${layout.front}" fill="none" stroke="${FRONT}" stroke-width="2.5" stroke-dasharray="7 4"/>`,
    `<circle cx="${layout.base.x}" cy="${layout.base.y}" r="${RADIUS - 1}" fill="#fff" stroke="${INK}" stroke-width="2"/>`,
    ...marks(layout, runs),
    ...layout.labels.map((label) => text(label.x, label.y + FONT * 0.36, label.text, INK, 'font-weight="600"')),
    '</g>',
    `<g transform="translate(${PLOT.edge.left} ${HEAD + PLOT.height})">${legend.content}</g>`,
    '</svg>',
  ].join('\n');
}

function frame({ x, y, line }: ParetoLayout, picture: ParetoPicture): string {
  const { left, right, top, bottom } = PLOT.edge;
  const foot = PLOT.height - bottom;
  return [
    `<rect x="${left}" y="${line}" width="${WIDTH - left - right}" height="${Math.max(0, foot - line)}" fill="${LOST}" fill-opacity="0.4"/>`,
    ...x.ticks.map(({ at, value }) => {
      const words = text(at, foot + 22, picture.number(value, x.digits), DIM, 'text-anchor="middle"');
      return `<path d="M${at} ${top}V${foot}" stroke="${GRID}"/>${words}`;
    }),
    ...y.ticks.map(({ at, value }) => {
      const words = text(left - 10, at + 5, picture.number(value, y.digits), DIM, 'text-anchor="end"');
      return `<path d="M${left} ${at}H${WIDTH - right}" stroke="${GRID}"/>${words}`;
    }),
    `<path d="M${left} ${top}V${foot}H${WIDTH - right}" fill="none" stroke="${DIM}"/>`,
    `<path d="M${left} ${line}H${WIDTH - right}" stroke="${BAD}" stroke-width="1.5" stroke-dasharray="4 4"/>`,
    text(WIDTH - right - 8, line + 19, picture.line, BAD, 'text-anchor="end" font-weight="600"'),
    text((left + WIDTH - right) / 2, PLOT.height - 12, picture.x, INK, 'text-anchor="middle"'),
    `<g transform="translate(24 ${(top + foot) / 2}) rotate(-90)">${text(0, 0, picture.y, INK, 'text-anchor="middle"')}</g>`,
  ].join('');
}

function marks(layout: ParetoLayout, runs: ParetoPicture['runs']): string[] {
  const markOf = new Map(runs.map(({ run, mark }) => [run.id, mark]));
  return layout.marks.map(({ point, x, y }) => {
    const { colour, shape } = markOf.get(point.run.id)!;
    return `<path d="${shape}" transform="translate(${x} ${y}) scale(${RADIUS})" fill="${CHANNEL_COLOURS[colour]}" stroke="#fff" stroke-width="0.25"/>`;
  });
}

/** In rows as wide as the picture. */
function legendOf({ runs, front }: ParetoPicture): { content: string; height: number } {
  const parts: string[] = [];
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
    parts.push(
      `<path d="${mark.shape}" transform="translate(${at + RADIUS} ${y}) scale(${RADIUS})" fill="${CHANNEL_COLOURS[mark.colour]}"/>`,
    );
    parts.push(text(at + 22, y + FONT * 0.36, run.name, INK));
  }
  const at = place(textWidth(front, FONT) + 60);
  parts.push(`<path d="M${at} ${y}h30" stroke="${FRONT}" stroke-width="2.5" stroke-dasharray="7 4"/>`);
  parts.push(text(at + 38, y + FONT * 0.36, front, INK));
  return { content: parts.join(''), height: y + 12 };
}

function text(x: number, y: number, content: string, colour: string, more = ''): string {
  return `<text x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}" fill="${colour}" ${more}>${escapeHtml(content)}</text>`;
}
