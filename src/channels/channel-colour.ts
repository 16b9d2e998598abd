/** A channel's colour: the same in every strip, line, table and badge; the person's choice, else stable by the corpus's id. */
import { useOwnChannels } from './own-channels';

const OWN: ReadonlySet<string> = new Set(['zh', 'en', 'code', 'domain', 'domain-legal', 'total']);
const EXTRAS = 4;

/** @returns a CSS colour that follows the theme */
export function channelColour(corpus: string): string {
  if (OWN.has(corpus)) return `var(--channel-${corpus})`;
  const chosen = useOwnChannels.getState()[corpus]?.colour;
  if (chosen) return `var(--channel-${chosen})`;
  let hash = 0;
  for (const character of corpus) hash = (hash * 31 + character.codePointAt(0)!) >>> 0;
  return `var(--channel-extra-${hash % EXTRAS})`;
}
