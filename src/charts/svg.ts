/**
 * SVG elements as data, for still pictures: the report, the study's charts, the saved scatter plot and small charts of a page are
 * described once; `svgMarkup` writes the description as text for a file and `Picture` (Picture.tsx) shows it on a page.
 */
import { line } from 'd3-shape';

export interface SvgNode {
  tag: string;
  /** By their names in SVG ("stroke-width"). Numbers are user units. What is undefined is left out. */
  attributes: Readonly<Record<string, string | number | undefined>>;
  children: readonly (SvgNode | string)[];
}

type Child = SvgNode | string | false | null | undefined | readonly Child[];

/** An element. Children that are false, null or empty text are left out. */
export function el(tag: string, attributes: SvgNode['attributes'] = {}, ...children: readonly Child[]): SvgNode {
  const flat = (all: readonly Child[]): (SvgNode | string)[] =>
    all.flatMap((child) => (Array.isArray(child) ? flat(child as readonly Child[]) : child ? [child as SvgNode | string] : []));
  return { tag, attributes, children: flat(children) };
}

/** Colours of a picture's frame and words. */
export interface Ink {
  ink: string;
  dim: string;
  grid: string;
  bad: string;
}

interface LabelStyle {
  colour: string;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
  size?: number;
}

/** A line of text whose baseline is at y. */
export const label = (x: number, y: number, text: string, { colour, anchor, bold, size }: LabelStyle): SvgNode =>
  el('text', { x, y, 'text-anchor': anchor, fill: colour, 'font-weight': bold ? 600 : undefined, 'font-size': size }, text);

export const horizontal = (x1: number, x2: number, y: number, stroke: string, more: SvgNode['attributes'] = {}): SvgNode =>
  el('line', { x1, x2, y1: y, y2: y, stroke, ...more });

const path = line().digits(1);
/** A path through points, as the `d` of an SVG path; empty without a point. */
export const pathThrough = (points: readonly (readonly [x: number, y: number])[]): string => path(points as [number, number][]) ?? '';

/** Two digits after the point are less than a printer's dot. */
export const rounded = (value: number): number => Number(value.toFixed(2));

/** The element as SVG text. Texts and attributes are escaped: nothing in them becomes markup. */
export function svgMarkup({ tag, attributes, children }: SvgNode): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? rounded(value) : escapeHtml(value!)}"`)
    .join('');
  const content = children.map((child) => (typeof child === 'string' ? escapeHtml(child) : svgMarkup(child))).join('');
  return content === '' ? `<${tag}${written}/>` : `<${tag}${written}>${content}</${tag}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For HTML and SVG, in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
