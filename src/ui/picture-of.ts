/**
 * A chart as it stands on the page, as an SVG document of its own: its drawings with the colours and fonts that they have here, and the words
 * and swatches around them. Controls are left out: fields, menus, and what is marked with `data-no-picture`.
 */

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Of a drawing, what a style sheet may have set. */
const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'paint-order',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
  'dominant-baseline',
  'visibility',
  'clip-path',
] as const;

const LEFT_OUT = 'select, input, textarea, [data-no-picture], [role="tooltip"], [role="status"]';
/** Pixels around the chart. */
const MARGIN = 14;

function make(tag: string, attributes: Readonly<Record<string, string | number>>, text?: string): SVGElement {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** A drawing with its computed styles in its attributes, so that no style sheet is needed. */
function drawingOf(source: SVGSVGElement, left: number, top: number): SVGElement {
  const copy = source.cloneNode(true) as SVGSVGElement;
  const [from, to] = [
    [source, ...source.querySelectorAll<SVGElement>('*')],
    [copy, ...copy.querySelectorAll<SVGElement>('*')],
  ];
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      // What refers to a part of the drawing is right as it is written.
      if (value !== '' && !value.includes('url(')) to[at]!.setAttribute(name, value);
    }
    to[at]!.removeAttribute('class');
    to[at]!.removeAttribute('style');
  });
  const box = source.getBoundingClientRect();
  for (const [name, value] of Object.entries({ x: box.left - left, y: box.top - top, width: box.width, height: box.height }))
    copy.setAttribute(name, value.toFixed(1));
  copy.setAttribute('overflow', getComputedStyle(source).overflow === 'visible' ? 'visible' : 'hidden');
  return copy;
}

/** A canvas as it is painted, scaled without smoothing where it is on the page. */
function imageOf(canvas: HTMLCanvasElement, left: number, top: number): SVGElement {
  const box = canvas.getBoundingClientRect();
  return make('image', {
    ...{ x: (box.left - left).toFixed(1), y: (box.top - top).toFixed(1), width: box.width.toFixed(1), height: box.height.toFixed(1) },
    ...{ href: canvas.toDataURL('image/png'), preserveAspectRatio: 'none', 'image-rendering': getComputedStyle(canvas).imageRendering },
  });
}

/** A run of words as it stands on the page. */
function wordsOf(node: Text, left: number, top: number): SVGElement[] {
  const text = node.data.replace(/\s+/g, ' ').trim();
  const range = document.createRange();
  range.selectNodeContents(node);
  const [box] = range.getClientRects();
  if (text === '' || !box || box.width < 2 || box.height < 2) return [];
  const style = getComputedStyle(node.parentElement!);
  const size = Number.parseFloat(style.fontSize);
  return [
    make(
      'text',
      {
        ...{ x: (box.left - left).toFixed(1), y: (box.top - top + box.height / 2 + size * 0.35).toFixed(1) },
        ...{ fill: style.color, 'font-size': size, 'font-family': style.fontFamily, 'font-weight': style.fontWeight },
      },
      text,
    ),
  ];
}

const TRANSPARENT = /^rgba\(.*,\s*0\)$|\/ 0\)$|^transparent$/;

function boxOf(element: HTMLElement, left: number, top: number): SVGElement[] {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  if (TRANSPARENT.test(style.backgroundColor) || box.width < 1 || box.height < 1) return [];
  return [
    make('rect', {
      ...{ x: (box.left - left).toFixed(1), y: (box.top - top).toFixed(1), width: box.width.toFixed(1), height: box.height.toFixed(1) },
      ...{ rx: Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, box.height / 2), fill: style.backgroundColor },
    }),
  ];
}

/** @param title stands above the chart */
export function pictureOf(chart: HTMLElement, title: string): string {
  const bounds = chart.getBoundingClientRect();
  const head = MARGIN + 20;
  const [left, top] = [bounds.left - MARGIN, bounds.top - MARGIN - head];
  const [width, height] = [Math.ceil(bounds.width + 2 * MARGIN), Math.ceil(bounds.height + 2 * MARGIN + head)];
  const page = getComputedStyle(document.documentElement);
  const root = make('svg', { xmlns: NAMESPACE, width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title });
  root.append(make('rect', { width, height, fill: page.getPropertyValue('--panel').trim() || '#ffffff' }));
  root.append(
    make(
      'text',
      {
        ...{ x: MARGIN, y: MARGIN + 14, 'font-size': 14, 'font-weight': 600 },
        ...{ 'font-family': getComputedStyle(chart).fontFamily, fill: page.getPropertyValue('--ink').trim() || '#000000' },
      },
      title,
    ),
  );
  const walk = (node: Node) => {
    if (node instanceof Text) return root.append(...wordsOf(node, left, top));
    if (!(node instanceof Element) || node.matches(LEFT_OUT)) return;
    // What is in front of others for a screen reader alone, or closed, is not seen.
    const style = getComputedStyle(node);
    if (style.display === 'none' || style.visibility === 'hidden') return;
    if (node instanceof SVGSVGElement) return root.append(drawingOf(node, left, top));
    if (node instanceof HTMLCanvasElement) return root.append(imageOf(node, left, top));
    if (node instanceof HTMLElement) root.append(...boxOf(node, left, top));
    node.childNodes.forEach(walk);
  };
  chart.childNodes.forEach(walk);
  return new XMLSerializer().serializeToString(root);
}
