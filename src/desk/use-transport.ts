/** What the transport can do now, and why it cannot. Buttons and keyboard use the same. */
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useChannelTag } from '../channels/channel';
import { errorRecord } from '../core/errors';
import { parseRecipe } from '../core/recipe/parse';
import type { RunView } from '../core/run/view';
import { useErrorText } from '../i18n/error-text';
import { useFormat } from '../i18n/format';
import { useDevice, useTrainerSweep } from '../lab/device-store';
import { useRecipe } from './recipe-store';
import { useHeld } from './live-settings';
import { isActive, useRun } from './run-store';

export interface TransportState {
  main: 'run' | 'pause' | 'resume';
  active: boolean;
  starting: boolean;
  preparing: boolean;
  /** Why Run is disabled, in words; null when it is not. */
  blocked: string | null;
  /** Stop and Save cannot be given: the run is trained elsewhere, where no hand reaches it. */
  held: boolean;
  /** A shown run that can go on from its last checkpoint. */
  resumable: { runId: string; step: number } | null;
  toggle(): void;
  step(): void;
  stop(): void;
  save(): void;
  resume(): void;
}

function resumableRun(run: RunView | null): TransportState['resumable'] {
  if (!run || run.remote || isActive(run) || run.state === 'finished' || run.step >= run.steps) return null;
  const step = Math.max(-1, ...run.checkpoints.map((checkpoint) => checkpoint.step));
  return step < 0 ? null : { runId: run.runId, step };
}

export function useTransport(): TransportState {
  const { t, i18n } = useTranslation('desk');
  const errorText = useErrorText(useChannelTag());
  const format = useFormat();
  const recipe = useRecipe((state) => state.recipe);
  const title = useRecipe((state) => state.presets.find(({ id }) => id === state.presetId)?.title);
  // The run changes four times a second, the state of the transport rarely.
  const held = useHeld();
  const { state, starting, remote, resumableRunId, resumableStep } = useRun(
    useShallow(({ run, starting, interrupted, remote }) => {
      // The banner of an interrupted run has its own button.
      const resumable = starting || interrupted ? null : resumableRun(run);
      return {
        state: run?.state ?? null,
        starting,
        remote: remote !== null,
        resumableRunId: resumable?.runId ?? null,
        resumableStep: resumable?.step ?? 0,
      };
    }),
  );
  const commands = useRun.getState();
  const { keepChange } = useRecipe.getState();
  const preparing = state === 'preparing';
  const active = preparing || state === 'running' || state === 'paused';
  const main = preparing || state === 'running' ? 'pause' : state === 'paused' ? 'resume' : 'run';
  const sweeping = useTrainerSweep(({ sweep }) => sweep !== null);
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
    ? remote
      ? t('transport.remote')
      : preparing
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
            : sweeping
              ? t('transport.sweep')
              : null;
  // Runs of one preset are told apart by when they began; a recipe of one's own has the name its author gave it.
  const name = () => (title ? `${title[i18n.language === 'zh' ? 'zh' : 'en']} · ${format.moment(Date.now())}` : (recipe?.name ?? ''));

  const begin = (command: typeof commands.start) => {
    const { fork, leaveFork } = useRecipe.getState();
    // A fork that was refused stays one, so that its recipe can be mended.
    if (recipe) void command(recipe, name(), fork).then(() => useRun.getState().error ?? leaveFork());
  };

  return {
    main,
    active,
    starting,
    preparing,
    blocked,
    held,
    resumable: resumableRunId === null ? null : { runId: resumableRunId, step: resumableStep },
    toggle() {
      if (blocked !== null || starting) return;
      if (main === 'pause') void commands.pause();
      else if (main === 'resume') void commands.unpause();
      else if (recipe) {
        keepChange();
        begin(commands.start);
      }
    },
    step() {
      if (blocked !== null || starting || main === 'pause') return;
      if (main === 'resume') void commands.step();
      else if (recipe) {
        keepChange();
        begin(commands.startAndStep);
      }
    },
    stop: () => void commands.stop(),
    save: () => void commands.save(),
    resume() {
      if (resumableRunId !== null) void commands.resume(resumableRunId);
    },
  };
}
