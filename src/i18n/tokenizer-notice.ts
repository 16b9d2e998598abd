/** What the import of a tokenizer told, as a sentence: on the Models page for a model's, on the Tokenizer page for one by itself. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenizerNotice } from '../core/model/notices';
import { useFormat } from './format';

export function useTokenizerNotice(): (notice: TokenizerNotice) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return useCallback(
    (notice) => {
      if (notice.kind === 'tokenizer-made') return t('tokenizerNotice.made');
      if (notice.kind === 'tokenizer-class') return t('tokenizerNotice.class', notice);
      const { count } = notice;
      const names = notice.names.join(', ') + (count > notice.names.length ? ', …' : '');
      const values = { count, formatted: format.count(count), names };
      if (notice.kind === 'special-pieces') return t('tokenizerNotice.pieces', values);
      if (notice.kind === 'tokens-renumbered') return t('tokenizerNotice.renumbered', values);
      return t('tokenizerNotice.beyond', { ...values, rows: format.count(notice.rows) });
    },
    [t, format],
  );
}
