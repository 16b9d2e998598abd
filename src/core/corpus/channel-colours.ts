/** Colour tokens that a channel of a person's own may have, in the order in which new channels get them. */
export const COLOURS = ['extra-0', 'extra-1', 'extra-2', 'extra-3', 'domain', 'domain-legal', 'zh', 'en', 'code'] as const;
export type Colour = (typeof COLOURS)[number];

/** The first that no channel has; they go round when all are taken. */
export function nextColour(channels: readonly { colour: string }[]): Colour {
  return COLOURS.find((colour) => !channels.some((channel) => channel.colour === colour)) ?? COLOURS[channels.length % COLOURS.length]!;
}
