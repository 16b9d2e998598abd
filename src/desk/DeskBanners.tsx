/** News above the desk: faults, a run that was interrupted, a recipe that is only for reading. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { BookOpen, History } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { beforeRun } from '../core/recipe/before-run';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { useTrainerSweep } from '../lab/device-store';
import { useFollows } from '../lab/follow-store';
import { Banner, ErrorBanner } from '../ui/Banner';
import { navigate } from '../ui/hash-location';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';
import { useTextLengths } from './text-lengths';
import styles from './Page.module.css';

const NOTHING = {};
/** Read when there is something to say. */
const BeforeRun = lazyWithTexts(['before'], () => import('./BeforeRun'));

const ChangedRecipe = lazy(async () => ({ default: (await import('./BeforeRun')).ChangedRecipe }));

const SweepNotice = lazyWithTexts(['before'], async () => ({ default: (await import('./BeforeRun')).SweepNotice }));

const ForkNotice = lazy(async () => ({ default: (await import('./BeforeRun')).ForkNotice }));

const FollowPanel = lazyWithTexts(['follow'], () => import('../ui/FollowPanel'));

/** Of a run that is trained elsewhere: how its log stands, and whether the faders reach it. */
function Followed({ run }: { run: string }) {
  const { t } = useTranslation('desk');
  const status = useFollows((state) => state.follows[run]);
  const { leave, allow } = useFollows.getState();
  const state = useRun((store) => store.run?.state ?? 'interrupted');
  return (
    <FollowPanel
      status={status ?? null}
      run={{ state }}
      onGoOn={() => navigate(`/runs?shown=${run}`)}
      onLeave={() => void leave(run)}
      onAllow={() => void allow(run)}
    >
      <Button
        size="compact-xs"
        variant="default"
        onClick={() =>
          void useRun
            .getState()
            .takeOff()
            .then(() => navigate('/desk'))
        }
      >
        {t('offDesk')}
      </Button>
    </FollowPanel>
  );
}

function BeforeRunNotices() {
  const active = useRun((state) => isActive(state.run));
  const recipe = useRecipe((state) => state.recipe);
  const lengths = useTextLengths();
  const tokens = lengths.base === recipe?.base ? lengths.train : NOTHING;
  const records = lengths.base === recipe?.base ? lengths.records : NOTHING;
  const found = useMemo(() => (recipe?.runnable ? beforeRun(recipe, tokens, records) : []), [recipe, tokens, records]);
  if (active || found.length === 0) return null;
  return (
    <Suspense>
      <BeforeRun found={found} />
    </Suspense>
  );
}

export function DeskBanners() {
  const { t } = useTranslation('desk');
  const { t: common } = useTranslation();
  const format = useFormat();
  const error = useRun((state) => state.error);
  // DiskCheck tells it, with ways out.
  const full = useRun(({ run, error: shown }) => run?.state === 'paused' && run.error?.code === 'quota' && shown?.code === 'quota');
  const interrupted = useRun((state) => state.interrupted);
  const { dismiss, resume, dismissInterrupted } = useRun.getState();
  const active = useRun((state) => isActive(state.run));
  const remote = useRun((state) => state.remote);
  const sweeping = useTrainerSweep((state) => state.sweep !== null);
  const { problem, recipe, changed, fork, dismiss: dismissProblem } = useRecipe();
  return (
    <>
      {error && !full && <ErrorBanner error={error} onDismiss={dismiss} />}
      {remote !== null && (
        <div className={styles.followed}>
          <Suspense>
            <Followed run={remote} />
          </Suspense>
        </div>
      )}
      {problem && <ErrorBanner error={problem} onDismiss={dismissProblem} />}
      {sweeping && (
        <Suspense>
          <SweepNotice />
        </Suspense>
      )}
      {changed && (
        <Suspense>
          <ChangedRecipe />
        </Suspense>
      )}
      {fork && (
        <Suspense>
          <ForkNotice />
        </Suspense>
      )}
      <BeforeRunNotices />
      {interrupted && !active && (
        <Banner tone="warn" icon={History}>
          <span>
            {t('interrupted', {
              name: interrupted.name,
              step: format.count(interrupted.step),
              steps: format.count(interrupted.recipe.budget.steps),
            })}
          </span>
          <Button size="xs" onClick={() => void resume(interrupted.id)}>
            {t('resume')}
          </Button>
          <Button size="xs" variant="default" onClick={dismissInterrupted}>
            {common('dismiss')}
          </Button>
        </Banner>
      )}
      {recipe && !recipe.runnable && (
        <Banner tone="plain" icon={BookOpen}>
          <span>{t('transport.notRunnable')}</span>
        </Banner>
      )}
    </>
  );
}
