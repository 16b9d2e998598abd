/** Colours of pictures that leave the page: the light values of the studio's tokens (src/app/tokens.css, held to them by a test). */
import type { Ink } from './svg';

export const PAPER: Ink = { ink: '#1d2126', dim: '#5c626b', grid: '#dfd9cd', bad: '#b3261e' };
/** The same on a page, in its theme. */
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
