/** A run opened: its curves, its history, its checkpoints, its recipe and what sets it apart from the default. */
import { Columns2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/ErrorBanner';
import { Skeleton } from '../ui/Skeleton';
import { History } from './History';
import { RecipeChanges } from './RecipeChanges';
import { RunCurves } from './RunCurves';
import { RunDiagnosis } from './RunDiagnosis';
import { comparePath } from './compare-path';
import { useRuns } from './store';
import styles from './Detail.module.css';

export function RunDetail({ run, checkpoints }: { run: RunRecord; checkpoints: CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const { t: diagnosis } = useTranslation('diagnosis');
  const opened = useRuns((state) => state.opened);
  const open = useRuns((state) => state.open);
  if (!opened || opened.state === 'loading') return <Skeleton lines={6} />;
  if (opened.state === 'failed') return <ErrorBanner error={opened.error} onRetry={() => void open(run.id)} />;
  return (
    <div className={styles.detail}>
      <section className={styles.curves} aria-label={t('detail.curves')}>
        <h3>{t('detail.curves')}</h3>
        {opened.snapshot && <RunCurves snapshot={opened.snapshot} />}
      </section>
      <section className={styles.history} aria-label={t('detail.history')}>
        <h3>{t('detail.history')}</h3>
        <History run={run} evaluations={opened.evaluations} checkpoints={checkpoints} />
      </section>
      {opened.snapshot && (
        <section className={styles.diagnosis} aria-label={diagnosis('title')} data-testid="diagnosis">
          <h3>{diagnosis('title')}</h3>
          <RunDiagnosis snapshot={opened.snapshot} />
        </section>
      )}
      <section className={styles.part} aria-label={t('detail.checkpoints')}>
        <h3>{t('detail.checkpoints')}</h3>
        <Checkpoints run={run} checkpoints={checkpoints} />
      </section>
      <section className={styles.part}>
        <RecipeChanges recipe={run.recipe} />
      </section>
      <details className={styles.json}>
        <summary>{t('detail.json')}</summary>
        <pre tabIndex={0} role="region" aria-label={t('detail.json')}>
          {JSON.stringify(run.recipe, null, 2)}
        </pre>
      </details>
    </div>
  );
}

function Checkpoints({ run, checkpoints }: { run: RunRecord; checkpoints: CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  if (checkpoints.length === 0) return <p className={styles.dim}>{t('detail.noCheckpoints')}</p>;
  return (
    <ul className={styles.checkpoints}>
      {[...checkpoints]
        .sort((one, other) => other.step - one.step)
        .map(({ step, at, bytes, reason, evaluation }) => (
          <li key={step}>
            <b>{t('detail.kept', { step: format.count(step) })}</b>
            <span className={styles.dim}>
              {t(`reason.${reason}`)} · {format.dateTime(at)} · {format.bytes(bytes)}
              {evaluation && evaluation.retention !== null && ` · ${t('retention.title')} ${format.retention(evaluation.retention)}`}
            </span>
            <Link href={comparePath(run, step)} aria-label={t('detail.compareWithBase', { step: format.count(step) })}>
              <Columns2 size={13} aria-hidden /> {t('action.compare')}
            </Link>
          </li>
        ))}
    </ul>
  );
}
