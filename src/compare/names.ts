/** Weights in words: "nano, base", "golden ratio · step 1,200". */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import type { WeightsSource } from './sources';
import { useChannelName } from '../channels/channel-name';
import { useCompare } from './store';
import type { ComparedChannel } from './figures';

export function useSourceName(): (source: WeightsSource) => string {
  const { t } = useTranslation('compare');
  const format = useFormat();
  return useCallback(
    ({ name, step }) => (step === null ? t('source.base', { name }) : t('source.step', { name, step: format.count(step) })),
    [t, format],
  );
}

/** Channels in words: bundled ones translated, imported ones by the name that their corpus was given. */
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
