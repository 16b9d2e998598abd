/** Weights and channels in words. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useChannelName, useChannelTag } from '../channels/channel';
import { useFormat } from '../i18n/format';
import type { ComparedChannel } from './figures';
import type { WeightsSource } from './sources';

/** "nano, base", "golden ratio · step 1,200" */
export function useSourceName(): (source: WeightsSource) => string {
  const { t } = useTranslation('compare');
  const format = useFormat();
  return useCallback(
    ({ name, step }) => (step === null ? t('source.base', { name }) : t('source.step', { name, step: format.count(step) })),
    [t, format],
  );
}

/** Names of a channel: `tag` is the short one that stands in its colour, `name` the full one. */
export function useComparedName(): (channel: ComparedChannel) => { tag: string; name: string } {
  const channelName = useChannelName();
  const channelTag = useChannelTag();
  return useCallback(({ id, corpus }) => ({ tag: channelTag(id), name: channelName(corpus) }), [channelName, channelTag]);
}
