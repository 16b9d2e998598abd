/** Colours of pictures that leave the page: the light values of the studio's tokens (src/app/tokens.css, held to them by a test). */
import type { Ink } from './svg';

export const PAPER: Ink = { ink: '#1d2126', dim: '#5c626b', grid: '#dfd9cd', bad: '#b3261e' };
/** Of their words: fonts that systems have, Chinese ones among them. */
export const PAPER_FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
/** Colours on a page, in its theme. */
export const SCREEN: Ink = { ink: 'var(--ink)', dim: 'var(--dim)', grid: 'var(--line)', bad: 'var(--bad)' };

/** Of channels, by the name of their token. */
export const CHANNEL_COLOURS = {
  zh: '#bc3a33',
  en: '#1b6aa8',
  code: '#1a7440',
  domain: '#935a00',
  'domain-legal': '#8a3fa0',
  'extra-0': '#0f6f78',
  'extra-1': '#a03468',
  'extra-2': '#5d6a10',
  'extra-3': '#5a52b5',
  total: '#343a42',
} as const;

export type ChannelColour = keyof typeof CHANNEL_COLOURS;

export function isChannelColour(name: string): name is ChannelColour {
  return name in CHANNEL_COLOURS;
}

/** Of the sets of weights A, B and C. */
export const WEIGHTS_COLOURS = ['#5c626b', '#4a4fc4', '#0f6f78'] as const;

/** Colours of runs; neighbours in the list differ clearly. */
const COLOURS = ['extra-0', 'extra-1', 'domain', 'extra-3', 'code', 'zh', 'en', 'extra-2'] as const satisfies readonly ChannelColour[];
type MarkColour = (typeof COLOURS)[number];

/** Within a circle of radius 1 around the origin, of about the same area. */
const SHAPES = [
  'M-0.9 0A0.9 0.9 0 1 1 0.9 0A0.9 0.9 0 1 1 -0.9 0Z',
  'M-0.8 -0.8H0.8V0.8H-0.8Z',
  'M0 -1.05L1.05 0.8H-1.05Z',
  'M0 -1.15L1.15 0L0 1.15L-1.15 0Z',
  'M0 1.05L1.05 -0.8H-1.05Z',
] as const;

export interface RunMark {
  /** Name of a colour token: `--channel-<colour>`. */
  colour: MarkColour;
  /** SVG path of the shape. */
  shape: string;
}

/** A colour and a shape for each run, so that neither alone has to tell two runs apart. The cycles of 8 and 5 make 40 marks. */
export function runMark(index: number): RunMark {
  return { colour: COLOURS[index % COLOURS.length]!, shape: SHAPES[index % SHAPES.length]! };
}
