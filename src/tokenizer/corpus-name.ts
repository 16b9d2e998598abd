/** A corpus by name: translated for bundled ones, its own for imported ones. */
import { useCallback } from 'react';
import type { CorpusRecord } from '../contract/corpus';
import { useChannelName } from '../channels/channel-name';

export function useCorpusName(): (corpus: Pick<CorpusRecord, 'id' | 'name' | 'bundled'>) => string {
  const channelName = useChannelName();
  return useCallback((corpus) => (corpus.bundled ? channelName(corpus.id) : corpus.name), [channelName]);
}
