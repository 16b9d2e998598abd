/** News above the desk: faults, a run that was interrupted, a recipe that is only for reading. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { BookOpen, History } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { beforeRun } from '../core/recipe/before-run';
import { useFormat } from '../i18n/format';
import { lazyWithTexts } from '../i18n/start';
import { useTrainerSweep } from '../lab/device-store';
import { Banner, ErrorBanner } from '../ui/Banner';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';
import { useTextLengths } from './text-lengths';

const NOTHING = {};
/** Read when there is something to say. */
const BeforeRun = lazyWithTexts(['before'], () => import('./BeforeRun'));

const ChangedRecipe = lazy(async () => ({ default: (await import('./BeforeRun')).ChangedRecipe }));

const SweepNotice = lazyWithTexts(['before'], async () => ({ default: (await import('./BeforeRun')).SweepNotice }));

const ForkNotice = lazy(async () => ({ default: (await import('./BeforeRun')).ForkNotice }));

function BeforeRunNotices() {
  const active = useRun((state) => isActive(state.run));
  const recipe = useRecipe((state) => state.recipe);
  const lengths = useTextLengths();
  const tokens = lengths.base === recipe?.base ? lengths.train : NOTHING;
  const found = useMemo(() => (recipe?.runnable ? beforeRun(recipe, tokens) : []), [recipe, tokens]);
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
  const sweeping = useTrainerSweep((state) => state.sweep !== null);
  const { problem, recipe, changed, fork, dismiss: dismissProblem } = useRecipe();
  return (
    <>
      {error && !full && <ErrorBanner error={error} onDismiss={dismiss} />}
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
