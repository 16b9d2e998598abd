/** What the transport can do now, and why it cannot. Buttons and keyboard use the same. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { errorRecord } from '../core/errors';
import { parseRecipe } from '../core/recipe/parse';
import type { RunSnapshot } from '../core/run/types';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { useDevice } from '../lab/device-store';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';

export interface TransportState {
  main: 'run' | 'pause' | 'resume';
  active: boolean;
  starting: boolean;
  preparing: boolean;
  /** Why Run is disabled, in words; null when it is not. */
  blocked: string | null;
  /** A shown run that can go on from its last checkpoint. */
  resumable: { runId: string; step: number } | null;
  toggle(): void;
  step(): void;
  stop(): void;
  save(): void;
  resume(): void;
}

function resumableRun(snapshot: RunSnapshot | null): TransportState['resumable'] {
  if (!snapshot || isActive(snapshot) || snapshot.state === 'finished' || snapshot.step >= snapshot.steps) return null;
  const step = Math.max(-1, ...snapshot.checkpoints.map((checkpoint) => checkpoint.step));
  return step < 0 ? null : { runId: snapshot.runId, step };
}

export function useTransport(): TransportState {
  const { t, i18n } = useTranslation('desk');
  const errorText = useErrorText();
  const format = useFormat();
  const recipe = useRecipe((state) => state.recipe);
  const title = useRecipe((state) => state.presets.find(({ id }) => id === state.presetId)?.title);
  // A snapshot comes four times a second, the state of the transport changes rarely.
  const { state, starting, resumableRunId, resumableStep } = useRun(
    useShallow((run) => {
      // The banner of an interrupted run has its own button.
      const resumable = run.starting || run.interrupted ? null : resumableRun(run.snapshot);
      return {
        state: run.snapshot?.state ?? null,
        starting: run.starting,
        resumableRunId: resumable?.runId ?? null,
        resumableStep: resumable?.step ?? 0,
      };
    }),
  );
  const run = useRun.getState();
  const { keepChange } = useRecipe.getState();
  const preparing = state === 'preparing';
  const active = preparing || state === 'running' || state === 'paused';
  const main = preparing || state === 'running' ? 'pause' : state === 'paused' ? 'resume' : 'run';
  const noEngine = useDevice((state) => state.device.kind === 'failed');
  const problem = useMemo(() => {
    if (!recipe) return null;
    try {
      parseRecipe(recipe);
      return null;
    } catch (error) {
      return errorRecord(error);
    }
  }, [recipe]);
  const blocked = active
    ? preparing
      ? t('transport.preparing')
      : null
    : !recipe
      ? t('loading')
      : !recipe.runnable
        ? t('transport.notRunnable')
        : problem
          ? errorText(problem).what
          : noEngine
            ? t('transport.noEngine')
            : null;
  // Runs of one preset are told apart by when they began; a recipe of one's own has the name its author gave it.
  const name = () => (title ? `${title[i18n.language === 'zh' ? 'zh' : 'en']} · ${format.moment(Date.now())}` : (recipe?.name ?? ''));

  return {
    main,
    active,
    starting,
    preparing,
    blocked,
    resumable: resumableRunId === null ? null : { runId: resumableRunId, step: resumableStep },
    toggle() {
      if (blocked !== null || starting) return;
      if (main === 'pause') void run.pause();
      else if (main === 'resume') void run.unpause();
      else if (recipe) {
        keepChange();
        void run.start(recipe, name());
      }
    },
    step() {
      if (blocked !== null || starting || main === 'pause') return;
      if (main === 'resume') void run.step();
      else if (recipe) {
        keepChange();
        void run.startAndStep(recipe, name());
      }
    },
    stop: () => void run.stop(),
    save: () => void run.save(),
    resume() {
      if (resumableRunId !== null) void run.resume(resumableRunId);
    },
  };
}
