/** Names and colours of a person's own corpora, as the pages that list corpora met them; a channel has a corpus's id. */
import { create } from 'zustand';
import type { CorpusRecord } from '../contract/corpus';

export interface OwnChannel {
  name: string;
  /** Name of a colour token; null: one that the id gives. */
  colour: string | null;
}

export const useOwnChannels = create<Readonly<Record<string, OwnChannel>>>(() => ({}));

/** Called with every list of corpora that is read. */
export function meetCorpora(corpora: readonly CorpusRecord[]): void {
  const own = corpora.filter(({ bundled }) => !bundled);
  useOwnChannels.setState(Object.fromEntries(own.map(({ id, name, colour }) => [id, { name, colour: colour ?? null }])), true);
}
