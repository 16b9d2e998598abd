/** A checkpoint in words, short enough to stand beside its point: "golden ratio · 1,200". */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import type { TradePoint } from './points';

const LONGEST = 24;

/** A run's name without what would run over the picture. */
export function shortRunName(name: string): string {
  const characters = [...name];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join('')}…` : name;
}

export function usePointName(): (point: TradePoint) => string {
  const { t } = useTranslation('inside');
  const format = useFormat();
  return useCallback(({ run, step }) => t('trade.pointName', { run: shortRunName(run.name), step: format.count(step) }), [t, format]);
}
