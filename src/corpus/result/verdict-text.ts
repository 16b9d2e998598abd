/** A row's verdict in a few words. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { RowVerdict } from '../../core/corpus/ledger';

export function useVerdictText(): (verdict: RowVerdict) => string {
  const { t } = useTranslation('corpus');
  return useCallback(({ verdict }) => (verdict.kept ? t(`funnel.kept.${verdict.split}`) : t(`reason.${verdict.reason}`)), [t]);
}
