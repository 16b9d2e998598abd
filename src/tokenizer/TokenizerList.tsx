/** Tokenizers that were trained or imported: what each was trained with, and what can be done with it. */
import type { TokenizerRef, TokenizerTraining, TokenizerRecord } from '../contract/tokenizer';
import { lab } from '../lab/lab';
import { saveFile } from '../ui/save-file';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { useTokenizerNotice } from '../i18n/tokenizer-notice';
import { useCorpusName } from '../channels/channel';
import { useTokenizers } from './store';
import { Button } from '@mantine/core';
import { Boxes, Columns2, Download, Trash2 } from 'lucide-react';
import { Card } from '../ui/Card';
import { EditableName } from '../ui/LibraryPage';
import { useVocabulary } from './vocabulary';
import { tokenizerKey } from './refs';
import styles from './List.module.css';

/** @returns the class that the export does not name. @throws StudioError `file-missing` */
async function exportTokenizer(ref: TokenizerRef, name: string): Promise<string | null> {
  const { zip, replaced } = await lab.tokenizer.exportTokenizer(ref);
  saveFile(zip, `${name}.tokenizer.zip`);
  return replaced;
}

/** What a tokenizer was trained with, in one line. */
function useTrainingWords(): (training: TokenizerTraining) => string {
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
      const { normalizer } = options;
      if (normalizer !== undefined && normalizer !== 'none') settings.push(normalizer.toUpperCase());
      settings.push(options.specialTokens.join(' '));
      return `${parts.join(', ')} · ${settings.join(' · ')} · ${format.duration(report.milliseconds / 1000)}`;
    },
    [t, format, corpusName, corpora],
  );
}

export function TokenizerList({ onRemove }: { onRemove: (tokenizer: TokenizerRecord) => void }) {
  const { t } = useTranslation('tokenizer');
  const tokenizers = useTokenizers((state) => state.tokenizers);
  return (
    <Card title={t('list.title')}>
      {tokenizers.length === 0 ? (
        <p className={styles.dim}>{t('list.empty')}</p>
      ) : (
        <ul className={styles.list}>
          {[...tokenizers].reverse().map((tokenizer) => (
            <Item key={tokenizer.id} tokenizer={tokenizer} onRemove={onRemove} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Item({ tokenizer, onRemove }: { tokenizer: TokenizerRecord; onRemove: (tokenizer: TokenizerRecord) => void }) {
  const { t } = useTranslation('tokenizer');
  const format = useFormat();
  const trainingWords = useTrainingWords();
  const { choose, rename, report } = useTokenizers();
  const describe = useVocabulary((state) => state.describe);
  const extending = useVocabulary((state) => state.activity !== null);
  const noticeWords = useTokenizerNotice();
  const [replaced, setReplaced] = useState<string | null>(null);
  const { id, name, kind, size, training, notices, createdAt } = tokenizer;
  const useInModel = () => {
    describe({ kind: 'replace', tokenizer: tokenizerKey(id) });
    document.getElementById('extend-vocabulary')?.scrollIntoView({ block: 'start' });
  };
  return (
    <li data-testid="tokenizer" data-tokenizer={id}>
      <div className={styles.words}>
        <EditableName
          name={name}
          heading="h3"
          className={styles.name}
          label={t('name')}
          renameLabel={t('list.rename', { name })}
          maxLength={60}
          onRename={(typed) => typed.trim() !== '' && typed.trim() !== name && void rename(id, typed.trim())}
        />
        <p className={styles.dim}>
          {t(`kind.${kind}`)} · {t('ids', { formatted: format.count(size) })} ·{' '}
          {t(training ? 'list.trained' : 'list.imported', { date: format.dateTime(createdAt) })}
        </p>
        {training && <p className={styles.dim}>{trainingWords(training)}</p>}
        {notices?.map((notice) => (
          <p key={notice.kind} className={styles.dim}>
            {noticeWords(notice)}
          </p>
        ))}
        {replaced !== null && (
          <p className={styles.dim} role="status">
            {t('list.replacedClass', { found: replaced })}
          </p>
        )}
      </div>
      <div className={styles.actions}>
        <Button size="xs" variant="default" leftSection={<Columns2 size={13} />} onClick={() => choose('b', tokenizerKey(id))}>
          {t('list.look')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<Boxes size={13} />}
          aria-label={t('list.useInModelName', { name })}
          disabled={extending}
          onClick={useInModel}
        >
          {t('list.useInModel')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<Download size={13} />}
          aria-label={t('list.exportName', { name })}
          onClick={() => void exportTokenizer({ kind: 'tokenizer', tokenizer: id }, name).then(setReplaced, report)}
        >
          {t('list.export')}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<Trash2 size={13} />}
          aria-label={t('list.removeName', { name })}
          onClick={() => onRemove(tokenizer)}
        >
          {t('list.remove')}
        </Button>
      </div>
    </li>
  );
}
