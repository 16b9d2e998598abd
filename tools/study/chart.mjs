// @ts-check
/** Charts of the report as SVG: points with intervals over evenly spaced categories. Readable on light and dark grounds alike. */

/**
 * @typedef {{ y: number, low?: number | null, high?: number | null }} Point
 * @typedef {{ name: string, colour: string, points: (Point | null)[] }} Series
 */

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 16;
const TOP = 44;
const BOTTOM = 52;
/** Grey that stands out from white and from black. */
const INK = '#767676';

/**
 * @param {{ title: string, x: string, y: string, categories: string[], series: Series[], line?: { y: number, name: string } }} chart
 * @returns {string}
 */
export function categoryChart({ title, x, y, categories, series, line }) {
  const values = series.flatMap(({ points }) =>
    points.flatMap((point) => (point ? [point.y, point.low ?? point.y, point.high ?? point.y] : [])),
  );
  if (line) values.push(line.y);
  const scale = niceScale(Math.min(...values), Math.max(...values));
  const step = (WIDTH - LEFT - RIGHT) / categories.length;
  const atX = (/** @type {number} */ index, offset = 0) => round(LEFT + step * (index + 0.5) + offset);
  const atY = (/** @type {number} */ value) => round(TOP + ((scale.high - value) / (scale.high - scale.low)) * (HEIGHT - TOP - BOTTOM));
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    `<text x="${LEFT}" y="16" font-weight="600">${escaped(title)}</text>`,
    `<text x="${LEFT}" y="${HEIGHT - 8}">${escaped(x)}</text>`,
    `<text transform="translate(14 ${HEIGHT - BOTTOM}) rotate(-90)">${escaped(y)}</text>`,
  ];
  for (const tick of scale.ticks) {
    out.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(tick)}" y2="${atY(tick)}" stroke="${INK}" stroke-opacity="0.25"/>`);
    out.push(`<text x="${LEFT - 8}" y="${atY(tick) + 4}" text-anchor="end">${Number(tick.toFixed(6))}</text>`);
  }
  categories.forEach((name, index) =>
    out.push(`<text x="${atX(index)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${escaped(name)}</text>`),
  );
  if (line) {
    out.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(line.y)}" y2="${atY(line.y)}" stroke="${INK}" stroke-dasharray="5 4"/>`);
    out.push(`<text x="${WIDTH - RIGHT}" y="${atY(line.y) - 5}" text-anchor="end">${escaped(line.name)}</text>`);
  }
  let legend = LEFT;
  series.forEach(({ name, colour, points }, at) => {
    // Side by side, so that intervals do not cover one another.
    const offset = (at - (series.length - 1) / 2) * 8;
    const path = points.flatMap((point, index) => (point ? [`${atX(index, offset)},${atY(point.y)}`] : []));
    out.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
    points.forEach((point, index) => {
      if (!point) return;
      const place = atX(index, offset);
      if (point.low != null && point.high != null)
        out.push(
          `<line x1="${place}" x2="${place}" y1="${atY(point.low)}" y2="${atY(point.high)}" stroke="${colour}" stroke-width="2" stroke-opacity="0.5"/>`,
        );
      out.push(`<circle cx="${place}" cy="${atY(point.y)}" r="3.5" fill="${colour}"/>`);
    });
    out.push(`<circle cx="${legend + 5}" cy="30" r="4" fill="${colour}"/><text x="${legend + 14}" y="34">${escaped(name)}</text>`);
    legend += 30 + name.length * 7;
  });
  return `${out.join('\n')}\n</svg>\n`;
}

/** Round ticks that hold both ends. @param {number} least @param {number} most */
export function niceScale(least, most) {
  const span = most - least || Math.abs(most) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const low = Math.floor(least / step) * step;
  const high = Math.max(low + step, Math.ceil(most / step) * step);
  const ticks = [];
  for (let tick = low; tick <= high + step / 1e6; tick += step) ticks.push(tick);
  return { low, high, ticks };
}

const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
const escaped = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
