/**
 * Before a run: how long it will take on this device, what memory and disk it takes, and what it changes against the last one. Time is told
 * from runs that were trained here, or from half a second that is measured when a person asks for it.
 */
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { useDifferenceWords } from '../channels/recipe-words';
import type { RunDemand } from '../core/model/memory';
import { expectedSeconds } from '../core/recipe/before-run';
import { diffRecipes } from '../core/recipe/diff';
import type { Recipe } from '../core/recipe/schema';
import { checkpointDemand } from '../core/run/disk';
import { useFormat } from '../i18n/format';
import { useDevice, useTrainerSweep } from '../lab/device-store';
import { lab } from '../lab/lab';
import { measuredSpeeds, speedKind } from '../lab/run-end';
import { useRecipe } from './recipe-store';
import { useRun } from './run-store';
import styles from './RunProgress.module.css';

/** What a run of the desk's recipe takes, as its checks have it (RunChecks); null before the library has answered. */
export const useDemand = create<{ demand: RunDemand | null }>(() => ({ demand: null }));

/** Differences that are told in the line; the rest are counted, and all are in the tooltip. */
const TOLD = 2;

/** Each field of the recipe on the desk that differs from the run that is shown, in words; null without a run. */
function useChanges(): string[] | null {
  const words = useDifferenceWords();
  const recipe = useDeferredValue(useRecipe((state) => state.recipe));
  const last = useRun((state) => state.run?.recipe ?? null);
  return useMemo(() => {
    if (!recipe || !last) return null;
    return diffRecipes(last, recipe).map((difference) => {
      const { field, from, to } = words(difference);
      return `${field} ${from} → ${to}`;
    });
  }, [recipe, last, words]);
}

/** Tokens per second measured in this visit, by what counts for speed. */
const useMeasured = create<{ speeds: Readonly<Record<string, number>>; measuring: boolean }>(() => ({ speeds: {}, measuring: false }));

async function measure(recipe: Recipe): Promise<void> {
  useMeasured.setState({ measuring: true });
  try {
    const speed = await lab.trainer.measureSpeed(recipe, () => undefined);
    useMeasured.setState(({ speeds }) => ({ speeds: { ...speeds, [speedKind(recipe)]: speed } }));
  } catch (error) {
    useRun.getState().report(error);
  } finally {
    useMeasured.setState({ measuring: false });
  }
}

const median = (values: readonly number[]): number | null => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;

/** Tokens per second of runs like the recipe's: those that were trained here, else what was measured; undefined until it is known whether. */
function useSpeed(recipe: Recipe | null): number | null | undefined {
  const device = useDevice((state) => (state.device.kind === 'open' ? state.device.info : null));
  const kind = recipe && speedKind(recipe);
  // Asked again when a run has ended.
  const ended = useRun(({ run }) => (run ? `${run.runId} ${run.state}` : ''));
  const own = useMeasured(({ speeds }) => (kind === null ? undefined : speeds[kind]));
  const [found, setFound] = useState<{ asked: string; speed: number | null } | null>(null);
  const label = device && (device.threads > 1 ? `${device.backend} · ${device.threads} threads` : device.backend);
  const asked = `${kind} ${label} ${ended}`;
  useEffect(() => {
    let shown = true;
    if (recipe && label)
      measuredSpeeds(recipe, [], device.backend === 'webgpu' ? null : label).then(
        (speeds) => shown && setFound({ asked, speed: median(speeds) }),
        () => undefined,
      );
    return () => {
      shown = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `asked` says all of recipe and device that counts
  }, [asked]);
  return own ?? (found?.asked === asked ? found.speed : undefined);
}

export default function NextRun({ className }: { className: string | undefined }) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const recipe = useRecipe((state) => (state.recipe?.runnable ? state.recipe : null));
  const demand = useDemand((state) => state.demand);
  const speed = useSpeed(recipe);
  const measuring = useMeasured((state) => state.measuring);
  const open = useDevice((state) => state.device.kind === 'open');
  const sweeping = useTrainerSweep((state) => state.sweep !== null);
  const changes = useChanges();
  if (!recipe) return null;
  const disk = demand && !demand.fault ? checkpointDemand(demand.checkpoint.stored, recipe, demand.checkpoint.held).total : null;
  const parts = [
    speed ? t('next.time', { time: format.duration(expectedSeconds(recipe, speed)) }) : null,
    demand?.memory ? t('next.memory', { bytes: format.bytes(demand.memory.total) }) : null,
    disk === null ? null : t('next.checkpoints', { bytes: format.bytes(disk) }),
    demand?.fits === false ? t('next.tooLarge') : null,
  ].filter((part) => part !== null);
  const changed =
    changes === null || changes.length === 0
      ? null
      : changes.length > TOLD
        ? t('next.changed', { count: changes.length })
        : t('next.changedTo', { changes: changes.join('; ') });
  const all = [...parts, ...(changes?.length ? [t('next.changedTo', { changes: changes.join('; ') })] : [])].join(' · ');
  return (
    <div className={className} data-testid="next-run">
      {speed === null && open && !sweeping && (
        <button
          type="button"
          className={styles.measure}
          disabled={measuring}
          title={t('next.measureHelp')}
          onClick={() => void measure(recipe)}
        >
          {t(measuring ? 'next.measuring' : 'next.measure')}
        </button>
      )}
      {all !== '' && (
        <Tooltip label={all} events={{ hover: true, focus: true, touch: true }}>
          <span tabIndex={0}>
            {changed && <b>{changed}</b>} {parts.join(' · ')}
          </span>
        </Tooltip>
      )}
    </div>
  );
}
