/** A run opened: its curves, its history, its diagnosis, its checkpoints, its recipe and what sets it apart from the default. */
import {
  CircleStop,
  CircleX,
  Columns2,
  Flag,
  Gauge,
  GitFork,
  Layers,
  ListPlus,
  Pause,
  Play,
  Save,
  Server,
  SkipForward,
  SlidersVertical,
  TrendingUp,
  Unplug,
  type LucideIcon,
} from 'lucide-react';
import { Button } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useEventWords } from '../charts/chart-events';
import { LossChart } from '../charts/LossChart';
import { joinDrags, type RunEvent } from '../core/run/events';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import type { RunView } from '../core/run/view';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { handToDesk } from '../lab/desk-recipes';
import { ErrorBanner } from '../ui/Banner';
import { Skeleton } from '../ui/Card';
import { RecipeChanges } from './Recipe';
import { comparePath } from './run-facts';
import { useRuns } from './store';
import styles from './RunDetail.module.css';

const Diagnosis = lazy(() => import('../diagnosis/Diagnosis'));
const ClusterDialog = lazyWithTexts(['cluster'], () => import('../ui/ClusterDialog'));
const RunPrediction = lazyWithTexts(['learn'], async () => ({ default: (await import('../charts/Prediction')).RunPrediction }));
const RunFollow = lazyWithTexts(['follow'], async () => ({ default: (await import('./Follow')).RunFollow }));
const Weights = lazyWithTexts(['follow', 'models'], () => import('./Weights'));
const WrittenTexts = lazy(() => import('../charts/WrittenTexts'));
const AttentionHeat = lazy(() => import('../charts/AttentionHeat'));
const AdversarialLines = lazy(async () => ({ default: (await import('../charts/AttentionHeat')).AdversarialLines }));

export function RunDetail({ run, checkpoints }: { run: RunRecord; checkpoints: CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const { t: diagnosis } = useTranslation('diagnosis');
  const opened = useRuns((state) => state.opened);
  const open = useRuns((state) => state.open);
  const [, navigate] = useLocation();
  if (!opened || opened.state === 'loading') return <Skeleton lines={6} />;
  if (opened.state === 'failed') return <ErrorBanner error={opened.error} onRetry={() => void open(run.id)} />;
  const { view } = opened;
  return (
    <div className={styles.detail}>
      {run.followed && (
        <div className={styles.whole}>
          <Suspense fallback={<Skeleton lines={2} />}>
            <RunFollow run={run} />
          </Suspense>
        </div>
      )}
      <section className={styles.curves} aria-label={t('detail.curves')}>
        <h3>{t('detail.curves')}</h3>
        {view && <Curves view={view} />}
      </section>
      <section className={styles.history} aria-label={t('detail.history')}>
        <h3>{t('detail.history')}</h3>
        {view && <History events={view.events} />}
      </section>
      {view && run.lesson?.prediction && (
        <section className={styles.part} aria-label={t('detail.prediction')}>
          <h3>{t('detail.prediction')}</h3>
          <Suspense fallback={<Skeleton lines={3} />}>
            <RunPrediction run={view} prediction={run.lesson.prediction} />
          </Suspense>
        </section>
      )}
      {run.imported && run.imported.others.length > 0 && (
        <section className={styles.part}>
          <h3>{t('import.others')}</h3>
          <p className={styles.dim}>{run.imported.others.join(', ')}</p>
        </section>
      )}
      {view && view.remote?.recipe !== false && (
        <section className={styles.diagnosis} aria-label={diagnosis('title')} data-testid="diagnosis">
          <h3>{diagnosis('title')}</h3>
          <Suspense fallback={<Skeleton lines={3} />}>
            <Diagnosis
              run={view}
              onApply={(next) => {
                handToDesk(next);
                navigate('/desk');
              }}
            />
          </Suspense>
        </section>
      )}
      {run.imported && (
        <div className={styles.part}>
          <Suspense fallback={<Skeleton lines={3} />}>
            <Weights run={run} />
          </Suspense>
        </div>
      )}
      {!run.imported && <Kept run={run} checkpoints={checkpoints} />}
    </div>
  );
}

/** What of a run can be gone on from: its checkpoints and its recipe. */
function Kept({ run, checkpoints }: { run: RunRecord; checkpoints: CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const { t: common } = useTranslation();
  const [exporting, setExporting] = useState(false);
  return (
    <>
      <section className={styles.part} aria-label={t('detail.checkpoints')}>
        <h3>{t('detail.checkpoints')}</h3>
        <Checkpoints run={run} checkpoints={checkpoints} />
      </section>
      <section className={styles.part}>
        <RecipeChanges recipe={run.recipe} />
        <Button size="xs" variant="default" leftSection={<Server size={13} />} onClick={() => setExporting(true)}>
          {common('toCluster')}
        </Button>
        <Suspense>
          {exporting && (
            <ClusterDialog source={{ kind: 'recipe', recipe: run.recipe }} name={run.name} onClose={() => setExporting(false)} />
          )}
        </Suspense>
      </section>
      <details className={styles.json}>
        <summary>{t('detail.json')}</summary>
        <pre tabIndex={0} role="region" aria-label={t('detail.json')}>
          {JSON.stringify(run.recipe, null, 2)}
        </pre>
      </details>
    </>
  );
}

function Curves({ view }: { view: RunView }) {
  const { t } = useTranslation('runs');
  const hasPoints = [...Object.values(view.train), ...Object.values(view.heldOut)].some((series) => series.x.length > 0);
  if (!hasPoints) return <p className={styles.dim}>{t('detail.noPoints')}</p>;
  return (
    <>
      <div className={styles.chart}>
        <LossChart run={view} roomy />
      </div>
      <Suspense>
        {view.texts.length > 0 && view.recipe.evaluation.prompts && (
          <WrittenTexts prompts={view.recipe.evaluation.prompts.texts} evaluations={view.texts} />
        )}
      </Suspense>
      <Suspense>{view.attention.length > 0 && <AttentionHeat evaluations={view.attention} />}</Suspense>
      <Suspense>{view.adversarial.length > 0 && <AdversarialLines evaluations={view.adversarial} />}</Suspense>
    </>
  );
}

const ICONS: Record<RunEvent['type'], LucideIcon> = {
  started: Flag,
  mixture: SlidersVertical,
  objective: SlidersVertical,
  'learning-rate': TrendingUp,
  warmup: TrendingUp,
  schedule: TrendingUp,
  evaluation: Gauge,
  checkpoint: Save,
  'skipped-steps': SkipForward,
  phase: Layers,
  forked: GitFork,
  paused: Pause,
  resumed: Play,
  extended: ListPlus,
  unfrozen: Layers,
  stopped: CircleStop,
  failed: CircleX,
  interrupted: Unplug,
};
/** Steps within which moves of one fader are one drag. */
const ONE_DRAG = 5;

/** The run's events in the order of their steps, a line each. */
function History({ events }: { events: readonly RunEvent[] }) {
  const { t } = useTranslation('runs');
  const { t: desk } = useTranslation('desk');
  const format = useFormat();
  const words = useEventWords();
  const lines = useMemo(() => joinDrags(events, ONE_DRAG), [events]);
  return (
    <ol className={styles.events} tabIndex={0} aria-label={t('detail.history')}>
      {lines.map((event, at) => {
        const Icon = ICONS[event.type];
        return (
          <li key={at} data-kind={event.type} title={event.at === null ? undefined : format.dateTime(event.at)}>
            <Icon size={13} aria-hidden />
            <span className={styles.step}>{desk('happened.step', { step: format.count(event.step) })}</span>
            <span>{words(event)}</span>
          </li>
        );
      })}
    </ol>
  );
}

function Checkpoints({ run, checkpoints }: { run: RunRecord; checkpoints: CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const { t: desk } = useTranslation('desk');
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
              {desk(`saved.${reason}`)} · {format.dateTime(at)} · {format.bytes(bytes)}
              {evaluation && evaluation.retention !== null && ` · ${t('retention.title')} ${format.retention(evaluation.retention)}`}
            </span>
            <Link href={comparePath(run, step)} aria-label={t('detail.compareWithBase', { step: format.count(step) })}>
              <Columns2 size={13} aria-hidden /> {t('action.compare')}
            </Link>
            <Button
              size="compact-xs"
              variant="subtle"
              leftSection={<GitFork size={13} />}
              aria-label={t('action.forkStep', { step: format.count(step) })}
              onClick={() => useRuns.setState({ forking: { run: run.id, step } })}
            >
              {t('action.fork')}
            </Button>
          </li>
        ))}
    </ul>
  );
}
