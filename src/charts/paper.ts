/** Colours of channels on paper: the light values of the studio's tokens (src/app/tokens.css, held to them by a test). */
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
