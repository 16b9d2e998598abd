/** What the import of a tokenizer told, as a sentence: on the Models page for a model's, on the Tokenizer page for one by itself. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenizerNotice } from '../core/model/notices';
import { useFormat } from './format';

export function useTokenizerNotice(): (notice: TokenizerNotice) => string {
  const { t } = useTranslation('notices');
  const format = useFormat();
  return useCallback(
    (notice) => {
      if (notice.kind === 'tokenizer-made') return t('made');
      if (notice.kind === 'tokenizer-class') return t('class', notice);
      const { count } = notice;
      const names = notice.names.join(', ') + (count > notice.names.length ? ', …' : '');
      const values = { count, formatted: format.count(count), names };
      if (notice.kind === 'special-pieces') return t('pieces', values);
      if (notice.kind === 'tokens-renumbered') return t('renumbered', values);
      return t('beyond', { ...values, rows: format.count(notice.rows) });
    },
    [t, format],
  );
}
