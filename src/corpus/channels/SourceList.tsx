/** Sources of a channel with their sizes and rows; each can be moved to another channel or removed. Rows are shown as text, never as HTML. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button, ActionIcon, Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PseudoLabel, SourceRecord, SourceRow, WorkshopChannel } from '../../contract/corpus';
import { wilsonInterval } from '../../core/metrics/statistics';
import { useFormat } from '../../i18n/format';
import { lab } from '../../lab/lab';
import { ErrorBanner } from '../../ui/Banner';
import { Skeleton } from '../../ui/Card';
import { ArrowRightLeft, Eye, ListFilter, Trash2 } from 'lucide-react';
import { Confirm } from '../../ui/Dialog';
import { useChannelName } from '../../channels/channel';
import { Findings } from '../ingest/IngestOutcome';
import { useWorkshop } from './store';
import styles from './Channels.module.css';

const SortPanel = lazy(() => import('./SortPanel'));

const PAGE = 10;
/** UTF-16 units of a row that are shown. */
const EXCERPT = 1200;

function SourceRows({ source }: { source: SourceRecord }) {
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
            <span className={styles.dim}>{line > 0 ? t('location', { path, line: format.count(line) }) : path}</span>
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

/** Sources of a channel: what they are, how large, a look at their rows; each can go to another channel or be removed. */
export function SourceList({ channel, sources }: { channel: WorkshopChannel; sources: readonly SourceRecord[] }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const channelName = useChannelName();
  const { channels, moveSource, removeSource } = useWorkshop();
  const [looking, setLooking] = useState<string | null>(null);
  const [sorting, setSorting] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<SourceRecord | null>(null);
  if (sources.length === 0) return <p className={styles.dim}>{t('source.none')}</p>;
  const others = channels.filter(({ id }) => id !== channel.id);
  const pseudoWords = ({ threshold, judged }: PseudoLabel) => {
    const interval = judged.rows > 0 ? wilsonInterval(judged.right, judged.rows) : null;
    const score = format.decimal(threshold, 2);
    return interval
      ? t('source.pseudoJudged', {
          score,
          right: judged.right,
          count: judged.rows,
          low: format.percent(interval.low),
          high: format.percent(interval.high),
        })
      : t('source.pseudo', { score });
  };
  const nameOf = (source: SourceRecord) => (source.origin.kind === 'corpus' ? channelName(source.name) : source.name);
  return (
    <>
      <ul className={styles.sources} aria-label={t('source.list', { name: channel.name })}>
        {sources.map((source) => (
          <li key={source.id} data-testid="source">
            <div className={styles.source}>
              <span className={styles.sourceName}>{nameOf(source)}</span>
              <span className={styles.dim}>
                {t('rowsAndBytes', { count: source.rows, formatted: format.count(source.rows), bytes: format.bytes(source.bytes) })}
                {source.origin.kind === 'files' &&
                  ` · ${t('source.files', { count: source.origin.files.length, formatted: format.count(source.origin.files.length) })}`}
                {source.kind && ` · ${t(`recordKind.${source.kind}`)}`}
                {source.use === 'held-out' && ` · ${t('ingest.uses.held-out')}`}
                {source.pseudo && ` · ${pseudoWords(source.pseudo)}`}
              </span>
              <span className={styles.actions}>
                <ActionIcon
                  variant="subtle"
                  aria-label={t('source.look', { name: nameOf(source) })}
                  aria-pressed={looking === source.id}
                  onClick={() => setLooking(looking === source.id ? null : source.id)}
                >
                  <Eye size={15} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  aria-label={t('sort.open', { name: nameOf(source) })}
                  aria-pressed={sorting === source.id}
                  onClick={() => setSorting(sorting === source.id ? null : source.id)}
                >
                  <ListFilter size={15} />
                </ActionIcon>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon variant="subtle" aria-label={t('source.move', { name: nameOf(source) })} disabled={others.length === 0}>
                      <ArrowRightLeft size={15} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Label>{t('source.moveTo')}</Menu.Label>
                    {others.map(({ id, name }) => (
                      <Menu.Item key={id} onClick={() => void moveSource(source.id, id)}>
                        {name}
                      </Menu.Item>
                    ))}
                  </Menu.Dropdown>
                </Menu>
                <ActionIcon variant="subtle" aria-label={t('source.remove', { name: nameOf(source) })} onClick={() => setDoomed(source)}>
                  <Trash2 size={15} />
                </ActionIcon>
              </span>
            </div>
            {source.origin.kind === 'files' && source.origin.dataset && (
              <p className={styles.dim} data-testid="source-dataset">
                {t('source.dataset', {
                  host: new URL(source.origin.dataset.address).host,
                  commit: source.origin.dataset.commit?.slice(0, 12) ?? source.origin.dataset.revision,
                  fetched: format.bytes(source.origin.dataset.fetched),
                  budget: format.bytes(source.origin.dataset.budget),
                })}{' '}
                {source.origin.dataset.licence === null
                  ? t('dataset.noLicence')
                  : t('dataset.licence', { licence: source.origin.dataset.licence })}
              </p>
            )}
            <Findings findings={source.findings} />
            {looking === source.id && <SourceRows source={source} />}
            {sorting === source.id && (
              <Suspense fallback={<Skeleton lines={3} />}>
                <SortPanel source={source} onDone={() => setSorting(null)} />
              </Suspense>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        opened={doomed !== null}
        title={t('source.delete.title', { name: doomed ? nameOf(doomed) : '' })}
        confirm={t('source.delete.confirm')}
        onClose={() => setDoomed(null)}
        onConfirm={() => {
          if (doomed) void removeSource(doomed.id);
          setDoomed(null);
        }}
      >
        <p>
          {doomed?.origin.kind === 'corpus'
            ? t('source.delete.reference')
            : t('source.delete.lost', { rows: format.count(doomed?.rows ?? 0), bytes: format.bytes(doomed?.bytes ?? 0) })}
        </p>
      </Confirm>
    </>
  );
}
