/** The rows of a source as they were taken in, a few at a time. They are text from files: shown as text, never as HTML. */
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { SourceRecord, SourceRow } from '../../contract/corpus';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/ErrorBanner';
import { Skeleton } from '../../ui/Skeleton';
import styles from './Channels.module.css';

const PAGE = 10;
/** UTF-16 units of a row that are shown. */
const EXCERPT = 1200;

export function SourceRows({ source }: { source: SourceRecord }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const [start, setStart] = useState(0);
  const [rows, setRows] = useState<SourceRow[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    let current = true;
    lab.corpus.sourceRows(source.id, start, PAGE).then(
      (found) => current && setRows(found),
      (failed: unknown) => current && setError(failed),
    );
    return () => {
      current = false;
    };
  }, [source.id, start]);
  if (error) return <ErrorBanner error={error} />;
  if (!rows) return <Skeleton lines={4} />;
  const last = Math.min(start + PAGE, source.rows);
  return (
    <div className={styles.rows}>
      <ol start={start + 1}>
        {rows.map(({ index, text, path, line }) => (
          <li key={index}>
            <span className={styles.dim}>{line > 0 ? t('place', { path, line: format.count(line) }) : path}</span>
            <pre>{text.length > EXCERPT ? `${text.slice(0, EXCERPT)} …` : text}</pre>
          </li>
        ))}
      </ol>
      <div className={styles.pages}>
        <Button size="xs" variant="default" disabled={start === 0} onClick={() => setStart(Math.max(0, start - PAGE))}>
          {t('rows.before')}
        </Button>
        <span>{t('rows.range', { from: format.count(start + 1), to: format.count(last), total: format.count(source.rows) })}</span>
        <Button size="xs" variant="default" disabled={last >= source.rows} onClick={() => setStart(start + PAGE)}>
          {t('rows.after')}
        </Button>
      </div>
    </div>
  );
}
