/** How far the run is: a bar with step, time left, tokens a second and step time, or what the start is busy with. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useChannelName } from '../channels/channel';
import { useFormat } from '../i18n/format';
import { lab } from '../lab/lab';
import { isActive, useRun } from './run-store';
import styles from './RunProgress.module.css';

/** Milliseconds between two looks at the engine's memory. */
const LOOK_EVERY = 5000;

/** The most that the engine has taken, in bytes, while a run trains and after it; null where it was not looked at or does not tell. */
function usePeak(training: boolean): number | null {
  const [peak, setPeak] = useState<number | null>(null);
  useEffect(() => {
    if (!training) return undefined;
    // What is not told is not shown.
    const look = () =>
      void lab.trainer.memory().then(
        (memory) => setPeak(memory.peak),
        () => undefined,
      );
    look();
    const timer = setInterval(look, LOOK_EVERY);
    return () => {
      clearInterval(timer);
      look();
    };
  }, [training]);
  return peak;
}

/** What the next run takes and changes: a chunk of its own, in the bar's place while nothing runs. */
const NextRun = lazy(() => import('./NextRun'));

export function RunProgress() {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const channelName = useChannelName();
  const run = useRun(
    useShallow(({ run }) =>
      run
        ? {
            state: run.state,
            stopReason: run.stopReason,
            step: run.step,
            steps: run.steps,
            eta: run.etaSeconds,
            speed: run.tokensPerSecond,
            stepMs: run.stepMs,
            active: isActive(run),
            remote: run.remote !== undefined,
          }
        : null,
    ),
  );
  const starting = useRun((state) => state.starting);
  const progress = useRun((state) => state.progress);
  const peak = usePeak(run?.state === 'running' && !run.remote);
  const busy = starting || run?.state === 'preparing';
  const ratio = busy ? (progress && progress.total > 0 ? progress.done / progress.total : 0) : run ? run.step / Math.max(1, run.steps) : 0;
  const phase = progress ? common(`phase.${progress.phase}`, { item: channelName(progress.item) }) : common('state.preparing');
  const steps = run ? t('progress.step', { step: format.count(run.step), steps: format.count(run.steps) }) : '';
  const state = run && !run.active ? common(`state.${run.state}`) : run?.state === 'paused' ? common('state.paused') : null;
  const reason = run && !run.active && run.stopReason && run.stopReason !== 'budget' ? common(`stopReason.${run.stopReason}`) : null;
  const figures = run
    ? [
        run.active && run.eta !== null ? t('progress.left', { time: format.duration(run.eta) }) : null,
        run.speed !== null ? common('unit.tokensPerSecond', { value: format.count(run.speed) }) : null,
        run.stepMs !== null ? t('progress.stepTime', { time: format.milliseconds(run.stepMs) }) : null,
        peak !== null ? t('progress.memory', { bytes: format.bytes(peak) }) : null,
      ].filter((figure) => figure !== null)
    : [];
  return (
    <div
      className={styles.progress}
      data-testid="progress"
      data-state={busy ? 'preparing' : (run?.state ?? 'idle')}
      data-step={run?.step ?? 0}
    >
      <div className={styles.words}>
        {busy ? (
          <>
            <span>{phase} …</span>
            {(progress?.phase === 'fisher' || progress?.phase === 'change' || progress?.phase === 'write') && (
              <Button size="compact-xs" variant="default" onClick={() => void lab.trainer.cancel()}>
                {common('cancel')}
              </Button>
            )}
          </>
        ) : run ? (
          <>
            <b>{steps}</b>
            {run.state === 'running' && run.step === 0 && <span>{t('progress.base')}</span>}
            {state && <span className={styles.state}>{state}</span>}
            <span title={reason ?? undefined}>{reason ?? figures.join(' · ')}</span>
          </>
        ) : (
          <span>{t('progress.idle')}</span>
        )}
      </div>
      {busy || run?.active ? (
        <div
          className={styles.bar}
          role="progressbar"
          aria-label={t('progress.label')}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(ratio * 100)}
          aria-valuetext={busy ? phase : steps || t('progress.idle')}
        >
          <i style={{ transform: `scaleX(${ratio})` }} data-busy={busy || undefined} />
        </div>
      ) : (
        <Suspense>
          <NextRun className={styles.words} />
        </Suspense>
      )}
    </div>
  );
}
