/** News above the desk: faults, a run that was interrupted, a recipe that is only for reading. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { BookOpen, History, SlidersVertical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { beforeRun } from '../core/recipe/before-run';
import { useFormat } from '../i18n/format';
import { loadTexts } from '../i18n/start';
import { Banner, ErrorBanner } from '../ui/Banner';
import { useDifferenceWords } from '../channels/recipe-words';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';
import { useTextLengths } from './text-lengths';

const NOTHING = {};
/** Read when there is something to say. */
const BeforeRun = lazy(async () => {
  const [notices] = await Promise.all([import('./BeforeRun'), loadTexts(['recipe'])]);
  return notices;
});

/** A recipe that a diagnosis changed: what was changed, and the way back. */
function ChangedRecipe() {
  const { t } = useTranslation('diagnosis');
  const { t: common } = useTranslation();
  const words = useDifferenceWords();
  const active = useRun((state) => isActive(state.run));
  const changed = useRecipe((state) => state.changed);
  const { putBack, keepChange } = useRecipe.getState();
  if (!changed) return null;
  const changes = changed.changes.map((change) => {
    const { field, from, to } = words(change);
    return `${field} ${from} → ${to}`;
  });
  return (
    <Banner tone="good" icon={SlidersVertical}>
      <span data-testid="changed-recipe">
        {t(active ? 'appliedLater' : 'applied', { changes: changes.join('; ') })} {changed.former && t('kept')}
      </span>
      {changed.former && (
        <Button size="xs" variant="default" onClick={putBack}>
          {t('undo')}
        </Button>
      )}
      <Button size="xs" variant="subtle" onClick={keepChange}>
        {common('dismiss')}
      </Button>
    </Banner>
  );
}

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
  const { problem, recipe, dismiss: dismissProblem } = useRecipe();
  return (
    <>
      {error && !full && <ErrorBanner error={error} onDismiss={dismiss} />}
      {problem && <ErrorBanner error={problem} onDismiss={dismissProblem} />}
      <ChangedRecipe />
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
