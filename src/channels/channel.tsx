/** How a channel is shown: its name, its short tag and its colour; a person's own corpora have names and colours of their own. */
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import styles from './channel.module.css';

interface OwnChannel {
  name: string;
  /** Name of a colour token; null: one that the id gives. */
  colour: string | null;
}

const useOwnChannels = create<Readonly<Record<string, OwnChannel>>>(() => ({}));

/** Called with every list of corpora that is read. */
export function meetCorpora(corpora: readonly CorpusRecord[]): void {
  const own = corpora.filter(({ bundled }) => !bundled);
  useOwnChannels.setState(Object.fromEntries(own.map(({ id, name, colour }) => [id, { name, colour: colour ?? null }])), true);
}

/** A channel's shown name: translated for bundled corpora, its own for a person's; never an id that a program made up. */
const BUNDLED = [
  ...(['zh', 'en', 'code', 'domain', 'domain-legal', 'domain-short'] as const),
  ...(['domain-instructions', 'domain-preferences', 'domain-labels', 'echo'] as const),
];

/** Is it an id that the corpus worker made for a person's corpus? Other ids were written by people, and read as words. */
export function isOwnId(id: string): boolean {
  return /^(?:[cw]-[0-9a-f]{8}-[0-9a-f]{4}-|echo-[0-9a-f]{16}$)/.test(id);
}

export function useChannelName(): (id: string) => string {
  const { t } = useTranslation();
  const tag = useChannelTag();
  return useCallback(
    (id) => {
      const bundled = BUNDLED.find((known) => known === id);
      return bundled ? t(`channels.${bundled}`) : tag(id);
    },
    [t, tag],
  );
}

/** The short form that strips, lines and badges bear: the id of a bundled corpus, the name of a person's own. */
export function useChannelTag(): (id: string) => string {
  const { t } = useTranslation();
  const own = useOwnChannels();
  return useCallback((id) => own[id]?.name ?? (isOwnId(id) ? t('removedChannel') : id), [t, own]);
}

/** A corpus's shown name: translated for bundled ones, its own for imported ones. */
export function useCorpusName(): (corpus: Pick<CorpusRecord, 'id' | 'name' | 'bundled'>) => string {
  const channelName = useChannelName();
  return useCallback((corpus) => (corpus.bundled ? channelName(corpus.id) : corpus.name), [channelName]);
}

/** A channel's colour: the same in every strip, line, table and badge; the person's choice, else stable by the corpus's id. */
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

/** A channel's short name in its colour, with a swatch. */
export function ChannelTag({ id, corpus = id }: { id: string; corpus?: string }) {
  const tag = useChannelTag();
  return (
    <span className={styles.tag} style={{ color: channelColour(corpus) }}>
      <i aria-hidden />
      {tag(id)}
    </span>
  );
}
