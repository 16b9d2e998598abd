/** A colour and a shape for each run: neither alone has to tell two runs apart. */

import type { ChannelColour } from '../../report/palette';

/** Neighbours are far apart. */
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

/** The two cycles have no common divisor: 40 marks before the first comes back. */
export function runMark(index: number): RunMark {
  return { colour: COLOURS[index % COLOURS.length]!, shape: SHAPES[index % SHAPES.length]! };
}
