/** First documents of a split. They are text from files: shown as text, never as HTML. */
import { useState } from 'react';
import { CloseButton, SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Card } from '../ui/Card';
import { ErrorBanner } from '../ui/ErrorBanner';
import { Skeleton } from '../ui/Skeleton';
import { useCorpusName } from './corpus-name';
import { useCorpora } from './store';
import styles from './Sample.module.css';

/** Shown of a document before it is opened. */
const EXCERPT = { characters: 700, lines: 14 };

function excerpt(text: string): string {
  return text.split('\n', EXCERPT.lines).join('\n').slice(0, EXCERPT.characters);
}

export function Sample() {
  const { t } = useTranslation('corpus');
  const corpusName = useCorpusName();
  const { look, corpora, lookInto, endLook } = useCorpora();
  const corpus = corpora.find(({ id }) => id === look?.corpus);
  if (!look || !corpus) return null;
  return (
    <Card
      title={t('sample.title', { name: corpusName(corpus) })}
      aside={
        <div className={styles.tools}>
          <SegmentedControl
            size="xs"
            aria-label={t('sample.split')}
            value={look.split}
            onChange={(split) => void lookInto(corpus.id, split)}
            data={[
              { value: 'train', label: t('sample.train') },
              { value: 'heldOut', label: t('sample.heldOut') },
            ]}
          />
          <CloseButton aria-label={t('endLook')} onClick={endLook} />
        </div>
      }
    >
      {look.state === 'loading' && <Skeleton lines={5} />}
      {look.state === 'failed' && <ErrorBanner error={look.error} onRetry={() => void lookInto(corpus.id, look.split)} />}
      {look.state === 'ready' &&
        (look.documents.length === 0 ? (
          <p className={styles.note}>{t('sample.none')}</p>
        ) : (
          <>
            <p className={styles.note}>{t('sample.note')}</p>
            <ol className={styles.documents}>
              {look.documents.map((text, at) => (
                <Document key={at} text={text} number={at + 1} />
              ))}
            </ol>
          </>
        ))}
    </Card>
  );
}

function Document({ text, number }: { text: string; number: number }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const [whole, setWhole] = useState(false);
  const begin = excerpt(text);
  const long = begin.length < text.length;
  return (
    <li>
      <div className={styles.head}>
        <span>{t('sample.document', { number, characters: format.count([...text].length) })}</span>
        {long && (
          <button type="button" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {t(whole ? 'sample.less' : 'sample.more')}
          </button>
        )}
      </div>
      <pre tabIndex={whole ? 0 : undefined} data-whole={whole}>
        {whole || !long ? text : `${begin} …`}
      </pre>
    </li>
  );
}
