/** Channels in words: bundled ones translated, imported ones by the name that their corpus was given. */
import { useCallback } from 'react';
import { useChannelName } from '../channels/channel-name';
import { useCompare } from './store';
import type { ComparedChannel } from './summary';

/** `tag` stands in the channel's colour, `name` explains it. */
export function useComparedName(): (channel: ComparedChannel) => { tag: string; name: string } {
  const channelName = useChannelName();
  const corpora = useCompare((state) => state.corpora);
  return useCallback(
    ({ id, corpus }) => {
      const imported = corpora.find((record) => record.id === corpus && !record.bundled);
      const name = imported?.name ?? channelName(corpus);
      return { tag: id === corpus && imported ? name : id, name };
    },
    [channelName, corpora],
  );
}
