/** A channel's shown name: translated for bundled corpora, its own for a person's, the id for one that is gone. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useOwnChannels } from './own-channels';

const BUNDLED = ['zh', 'en', 'code', 'domain', 'domain-legal'] as const;

export function useChannelName(): (id: string) => string {
  const { t } = useTranslation();
  const own = useOwnChannels();
  return useCallback(
    (id) => {
      const bundled = BUNDLED.find((known) => known === id);
      return bundled ? t(`channels.${bundled}`) : (own[id]?.name ?? id);
    },
    [t, own],
  );
}

/** The short form that strips, lines and badges bear: the id of a bundled corpus, the name of a person's own. */
export function useChannelTag(): (id: string) => string {
  const own = useOwnChannels();
  return useCallback((id) => own[id]?.name ?? id, [own]);
}
