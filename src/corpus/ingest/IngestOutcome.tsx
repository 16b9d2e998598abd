/** An ingest in progress, and what came of it: rows by channel, and what was left out with location and reason. */
import { useTranslation } from 'react-i18next';
import type { DocumentLoss, IngestFindings } from '../../contract/ingest';
import { useFormat } from '../../i18n/format';
import { CircleCheck } from 'lucide-react';
import { useWorkshop } from '../channels/store';
import { useIngest } from './store';
import { Button, Progress as ProgressBar } from '@mantine/core';
import styles from './Ingest.module.css';

const LOSSES = [
  ...(['pages', 'damaged', 'unmapped', 'images', 'ignored', 'rotated', 'tables'] as const),
  ...(['heads', 'hyphens', 'navigation', 'notes'] as const),
] satisfies DocumentLoss[];

export function Findings({ findings, open = false }: { findings: IngestFindings; open?: boolean }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const { badRows, badExamples, skipped, skippedExamples, undecodable, nuls = 0, losses, labels } = findings;
  if (badRows + skipped + undecodable + nuls === 0 && !losses && !labels) return null;
  return (
    <div className={styles.findings} data-testid="findings">
      {badRows > 0 && (
        <details open={open}>
          <summary>{t('ingest.badRows', { count: badRows, formatted: format.count(badRows) })}</summary>
          <ul>
            {badExamples.map(({ path, line, reason, detail }) => (
              <li key={`${path} ${line}`}>
                <strong>{t('location', { path, line: format.count(line) })}</strong> {t(`ingest.bad.${reason}`)}
                {detail !== '' && <code>{detail}</code>}
              </li>
            ))}
          </ul>
          {badRows > badExamples.length && <p>{t('ingest.moreBad', { formatted: format.count(badRows - badExamples.length) })}</p>}
        </details>
      )}
      {skipped > 0 && (
        <details open={open}>
          <summary>{t('ingest.skipped', { count: skipped, formatted: format.count(skipped) })}</summary>
          <ul>
            {skippedExamples.map(({ path, reason, detail }) => (
              <li key={path}>
                <strong>{path}</strong> {t(`ingest.skip.${reason}`)}
                {reason === 'unreadable' && detail !== '' && <code>{detail}</code>}
              </li>
            ))}
          </ul>
          {skipped > skippedExamples.length && <p>{t('ingest.moreBad', { formatted: format.count(skipped - skippedExamples.length) })}</p>}
        </details>
      )}
      {labels && <Labels labels={labels} />}
      {undecodable > 0 && <p>{t('ingest.undecodable', { count: undecodable, formatted: format.count(undecodable) })}</p>}
      {losses && (
        <details open={open}>
          <summary>{t('ingest.losses')}</summary>
          <ul>
            {LOSSES.filter((loss) => losses[loss]).map((loss) => (
              <li key={loss}>{t(`ingest.loss.${loss}`, { count: losses[loss]!, formatted: format.count(losses[loss]!) })}</li>
            ))}
          </ul>
        </details>
      )}
      {nuls > 0 && <p>{t('ingest.nuls', { count: nuls, formatted: format.count(nuls) })}</p>}
    </div>
  );
}

/** Labels that are shown by name. */
const LABELS = 20;

/** Labels with their rows, the most frequent first. */
function Labels({ labels }: { labels: Readonly<Record<string, number>> }) {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const counted = Object.entries(labels).sort((a, b) => b[1] - a[1]);
  const list = counted.slice(0, LABELS).map(([label, count]) => `${label} × ${format.count(count)}`);
  if (counted.length > LABELS) list.push(t('ingest.labelsMore', { formatted: format.count(counted.length - LABELS) }));
  return (
    <p>
      {t('ingest.labels', { list: list.join(' · ') })}
      {counted.length === 1 && <strong className={styles.bad}> {t('ingest.labelSingle', { label: counted[0]![0] })}</strong>}
    </p>
  );
}

/** What came of an ingest: rows by channel, and what was left out, by name. */
export function Ingested() {
  const { t } = useTranslation('corpus');
  const format = useFormat();
  const made = useIngest((state) => state.made);
  const channels = useWorkshop((state) => state.channels);
  return (
    <div className={styles.done} role="status" data-testid="ingested">
      {made.map((source) => (
        <div key={source.id}>
          <p className={styles.good}>
            <CircleCheck size={15} aria-hidden />
            {t('ingest.done', {
              count: source.rows,
              formatted: format.count(source.rows),
              bytes: format.bytes(source.bytes),
              name: source.name,
              channel: channels.find(({ id }) => id === source.channel)?.name ?? '',
            })}
          </p>
        </div>
      ))}
      {made[0] && <Findings findings={made[0].findings} open />}
    </div>
  );
}

/** An ingest under way: file, bytes, speed, rows, time left, and a way to stop it. */
export function ReadingProgress() {
  const { t } = useTranslation('corpus');
  const { t: common } = useTranslation();
  const format = useFormat();
  const progress = useIngest((state) => state.progress);
  const cancel = useIngest((state) => state.cancel);
  const ratio = progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
  const secondsLeft = progress && progress.bytesPerSecond > 0 ? (progress.total - progress.done) / progress.bytesPerSecond : null;
  return (
    <div className={styles.progress} data-testid="ingest-progress">
      <div className={styles.summary}>
        <strong role="status">
          {progress
            ? t('ingest.reading', { path: progress.path, file: progress.file, files: format.count(progress.files) })
            : common('loading')}
        </strong>
        <Button size="xs" variant="default" onClick={() => void cancel()}>
          {common('cancel')}
        </Button>
      </div>
      <ProgressBar.Root size={8} radius={9}>
        <ProgressBar.Section
          value={(ratio ?? 0.04) * 100}
          animated={ratio === null}
          striped={ratio === null}
          aria-label={t('ingest.progress')}
        />
      </ProgressBar.Root>
      {progress && (
        <p className={styles.facts}>
          <span>{t('ingest.bytes', { done: format.bytes(progress.done), total: format.bytes(progress.total) })}</span>
          <span>{t('ingest.speed', { speed: format.bytes(progress.bytesPerSecond) })}</span>
          <span data-testid="ingest-rows">{t('ingest.rows', { count: progress.rows, formatted: format.count(progress.rows) })}</span>
          {progress.badRows > 0 && (
            <span className={styles.bad}>
              {t('ingest.badRows', { count: progress.badRows, formatted: format.count(progress.badRows) })}
            </span>
          )}
          {secondsLeft !== null && <span>{common('timeLeft', { time: format.duration(secondsLeft) })}</span>}
        </p>
      )}
    </div>
  );
}
