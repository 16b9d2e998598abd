/**
 * The dialogs of a run: a checkpoint as a zip or a folder that transformers loads, and more steps for a run that has ended, with its learning rate
 * drawn before the click.
 */
import { useState } from 'react';
import { Button, NativeSelect } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Dialog } from '../ui/Dialog';
import { ExportForm } from '../ui/ExportForm';
import { useRunExport, useRuns } from './store';
import { useLocation } from 'wouter';
import { settingsAt } from '../core/run/live-changes';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { decayStart, learningRateAt } from '../core/schedule/schedule';
import { NumberField } from '../ui/fields';
import styles from './Runs.module.css';

export function ExportDialog() {
  const { t } = useTranslation('runs');
  const target = useRunExport((state) => state.target);
  const end = useRunExport((state) => state.end);
  const name = useRuns((state) => state.runs.find((run) => run.id === target)?.name ?? '');
  return (
    <Dialog opened={target !== null} onClose={end} title={t('export.title', { name })}>
      {target !== null && <RunExport key={target} run={target} />}
    </Dialog>
  );
}

function RunExport({ run }: { run: string }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const exporting = useRunExport();
  const adapter = useRuns((state) => state.runs.find(({ id }) => id === run)?.recipe.method?.kind === 'lora');
  const saved = useRuns((state) => state.checkpoints.get(run));
  const steps = [...(saved ?? [])].sort((one, other) => other.step - one.step);
  const [step, setStep] = useState(steps[0]?.step ?? null);
  if (step === null) return <p>{t('export.none')}</p>;
  return (
    <ExportForm exporting={exporting} type="F32" adapter={adapter} optionsOf={(dtype) => ({ step, dtype })}>
      <p className={styles.facts}>{t('export.text')}</p>
      <NativeSelect
        label={t('export.checkpoint')}
        value={String(step)}
        disabled={exporting.busy}
        onChange={(event) => setStep(Number(event.currentTarget.value))}
        data={steps.map((checkpoint) => ({
          value: String(checkpoint.step),
          label: t('export.checkpointOption', { step: format.count(checkpoint.step), date: format.dateTime(checkpoint.at) }),
        }))}
      />
    </ExportForm>
  );
}

export function ExtendDialog() {
  const { t } = useTranslation('runs');
  const run = useRuns((state) => state.runs.find(({ id }) => id === state.extending));
  const saved = useRuns((state) => state.checkpoints.get(state.extending ?? ''));
  return (
    <Dialog
      opened={run !== undefined}
      onClose={() => useRuns.setState({ extending: null })}
      title={t('extend.title', { name: run?.name ?? '' })}
    >
      {run && <ExtendForm key={run.id} run={run} saved={saved ?? []} />}
    </Dialog>
  );
}

const MOST_STEPS = 10_000_000;

function ExtendForm({ run, saved }: { run: RunRecord; saved: readonly CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const [, navigate] = useLocation();
  const resume = useRuns((state) => state.resume);
  const before = run.recipe.budget.steps;
  const newest = [...saved].sort((one, other) => other.step - one.step);
  const { schedule } = settingsAt(run.recipe, run.changes, before);
  const [steps, setSteps] = useState(Math.min(before * 2, MOST_STEPS));
  const [from, setFrom] = useState(newest[0]?.step ?? 0);
  const chosen = newest.find(({ step }) => step === from);
  const rate = (step: number, all: number) => format.lr(learningRateAt(schedule, step, all));
  return (
    <div className={styles.extend}>
      <NumberField
        label={t('extend.steps')}
        help={t('extend.stepsHint', { steps: format.count(before) })}
        value={steps}
        min={before + 1}
        max={MOST_STEPS}
        integer
        onChange={setSteps}
      />
      <NativeSelect
        size="xs"
        label={t('extend.from')}
        value={String(from)}
        onChange={(event) => setFrom(Number(event.currentTarget.value))}
        data={newest.map(({ step, at }) => ({
          value: String(step),
          label: t('export.checkpointOption', { step: format.count(step), date: format.dateTime(at) }),
        }))}
      />
      <RatePicture
        label={t('extend.curve')}
        before={before}
        steps={steps}
        from={from}
        rateAt={(step, all) => learningRateAt(schedule, step, all)}
      />
      <p className={styles.facts}>
        {t('extend.rate', {
          was: rate(Math.max(0, from - 1), before),
          step: format.count(from + 1),
          now: rate(from, steps),
          end: rate(steps - 1, steps),
        })}
      </p>
      {schedule.kind === 'wsd' && <p className={styles.facts}>{t('extend.decay', { step: format.count(decayStart(schedule, before)) })}</p>}
      <p className={styles.facts}>
        {t(chosen?.moments === false ? 'extend.noMoments' : 'extend.moments')}
        {from < run.step && ` ${t('extend.dropped', { step: format.count(from) })}`}
      </p>
      <Button disabled={!chosen} onClick={() => void resume(run.id, { steps, from }).then((trains) => trains && navigate('/desk'))}>
        {t('action.extend')}
      </Button>
    </div>
  );
}

const WIDTH = 320;
const HEIGHT = 64;
const POINTS = 160;

interface RatePictureProps {
  label: string;
  before: number;
  steps: number;
  from: number;
  rateAt(step: number, all: number): number;
}

/** The learning rate as it was, dashed, and as it will be from the checkpoint on. */
function RatePicture({ label, before, steps, from, rateAt }: RatePictureProps) {
  const points = (first: number, last: number, all: number) =>
    Array.from({ length: POINTS + 1 }, (_, at) => {
      const step = first + ((last - first) * at) / POINTS;
      return [step, rateAt(step, all)] as const;
    });
  const was = points(0, before, before);
  const will = points(from, steps, steps);
  const peak = Math.max(Number.MIN_VALUE, ...[...was, ...will].map(([, rate]) => rate));
  const path = (line: typeof was) =>
    line
      .map(
        ([step, rate], at) =>
          `${at ? 'L' : 'M'}${((step / steps) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (rate / peak) * (HEIGHT - 4)).toFixed(1)}`,
      )
      .join('');
  return (
    <svg className={styles.rate} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path d={path(was)} data-line="was" />
      <path d={path(will)} data-line="will" />
    </svg>
  );
}
