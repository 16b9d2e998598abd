/** A short label for an event on the chart. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { mainMove, type EventGroup } from './event-groups';

export function useEventWords(): (group: EventGroup) => string {
  const { t } = useTranslation('desk');
  const format = useFormat();
  return useCallback(
    ({ kind, detail }) => {
      if (kind === 'shares') return mainMove(detail);
      const shown = kind === 'lr' ? detail.replace(/[\d.]+(?:e[-+]?\d+)?/g, (number) => format.lr(Number(number))) : detail;
      return t(`event.${kind}`, { detail: shown });
    },
    [t, format],
  );
}
