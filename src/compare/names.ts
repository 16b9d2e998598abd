/** Weights in words: "nano, base", "golden ratio · step 1,200". */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import type { WeightsSource } from './sources';

export function useSourceName(): (source: WeightsSource) => string {
  const { t } = useTranslation('compare');
  const format = useFormat();
  return useCallback(
    ({ name, step }) => (step === null ? t('source.base', { name }) : t('source.step', { name, step: format.count(step) })),
    [t, format],
  );
}
