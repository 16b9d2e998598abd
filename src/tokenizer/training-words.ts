/** What a tokenizer was trained with, in one line. */
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { TokenizerTraining } from '../contract/tokenizer';
import { useFormat } from '../i18n/format';
import { useCorpusName } from './corpus-name';
import { useTokenizers } from './store';

export function useTrainingWords(): (training: TokenizerTraining) => string {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const corpusName = useCorpusName();
  const corpora = useTokenizers((state) => state.corpora);
  return useCallback(
    ({ channels, options, report }) => {
      const parts = channels.map(({ corpus, weight }, at) => {
        const record = corpora.find(({ id }) => id === corpus);
        const name = record ? corpusName(record) : corpus;
        const factor = weight === 1 ? '' : ` × ${format.decimal(weight, Number.isInteger(weight) ? 0 : 2)}`;
        return `${name}${factor} (${format.bytes(report.bytes[at] ?? 0)})`;
      });
      const settings = [t('list.asked', { formatted: format.count(options.vocabularySize) })];
      if ('minFrequency' in options) settings.push(t('list.minFrequency', { formatted: format.count(options.minFrequency) }));
      settings.push(options.specialTokens.join(' '));
      return `${parts.join(', ')} · ${settings.join(' · ')} · ${format.duration(report.milliseconds / 1000)}`;
    },
    [t, format, corpusName, corpora],
  );
}
