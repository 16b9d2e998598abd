/** A channel's shown name: translated for bundled corpora, the id for a person's own. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

const BUNDLED = ['zh', 'en', 'code', 'domain', 'domain-legal'] as const;

export function useChannelName(): (id: string) => string {
  const { t } = useTranslation();
  return useCallback(
    (id) => {
      const bundled = BUNDLED.find((known) => known === id);
      return bundled ? t(`channels.${bundled}`) : id;
    },
    [t],
  );
}
