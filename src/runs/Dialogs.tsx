/**
 * The dialogs of a run: a checkpoint as a zip or a folder that transformers loads, more steps for a run that has ended, and a fork that goes on from a
 * checkpoint by a recipe of its own, each with its learning rate drawn before the click.
 */
import { useState } from 'react';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RunExportType } from '../contract/run';
import { TRACKER_FORMATS } from '../core/trackers/tracked-run';
import { useFormat } from '../i18n/format';
import { ErrorBanner } from '../ui/Banner';
import { Dialog } from '../ui/Dialog';
import { FileDrop } from '../ui/FileDrop';
import { ExportForm, WHOLE_WEIGHTS } from '../ui/ExportForm';
import { useRunExport, useRuns } from './store';
import { useLocation } from 'wouter';
import { isSoft } from '../core/model/soft-prompt';
import { plannedRate, rateAt, scheduleSpan, withSteps } from '../core/recipe/phases';
import type { Recipe, Schedule } from '../core/recipe/schema';
import { decayFrom } from '../core/run/lifelong';
import { settingsAt, withSettings } from '../core/run/live-changes';
import type { CheckpointRecord, RunRecord } from '../core/run/types';
import { decayStart } from '../core/schedule/schedule';
import { RUN_FILE } from '../core/text/file-name';
import { handToDesk } from '../lab/desk-recipes';
import { ChoiceField, NumberField, SwitchField, TextField } from '../ui/fields';
import styles from './Runs.module.css';

export default function Dialogs() {
  return (
    <>
      <ExportDialog />
      <ExtendDialog />
      <ForkDialog />
      <ImportDialog />
      <MarkDialog />
    </>
  );
}

function ExportDialog() {
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
  const method = useRuns((state) => state.runs.find(({ id }) => id === run)?.recipe.method);
  const adapter = isSoft(method) ? 'alone' : method?.kind === 'lora' ? 'beside' : undefined;
  const types: readonly RunExportType[] = adapter === 'alone' ? ['PEFT'] : adapter ? [...WHOLE_WEIGHTS, 'PEFT'] : WHOLE_WEIGHTS;
  const saved = useRuns((state) => state.checkpoints.get(run));
  const steps = [...(saved ?? [])].sort((one, other) => other.step - one.step);
  const [step, setStep] = useState(steps[0]?.step ?? null);
  const [wanted, setAverage] = useState(false);
  if (step === null) return <p>{t('export.none')}</p>;
  const averaged = steps.some((checkpoint) => checkpoint.step === step && checkpoint.average);
  const average = averaged && wanted;
  return (
    <ExportForm<{ step: number; average: boolean; dtype: RunExportType }, RunExportType>
      exporting={exporting}
      types={types}
      type={types[0]!}
      logs={{ label: t('export.log'), types: TRACKER_FORMATS }}
      note={adapter === 'alone' ? t('export.unmergeable') : undefined}
      optionsOf={(dtype) => ({ step, average, dtype })}
    >
      {adapter !== 'alone' && <p className={styles.facts}>{t('export.text')}</p>}
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
      {averaged && <SwitchField label={t('export.average')} help={t('export.averageHelp')} checked={average} onChange={setAverage} />}
    </ExportForm>
  );
}

const LOG_FILES = `${RUN_FILE},.json,.jsonl,.csv,.tsv,.txt,.log,.parquet,.tfevents`;

function ImportDialog() {
  const { t } = useTranslation('runs');
  const importing = useRuns((state) => state.importing);
  const importLogs = useRuns((state) => state.importLogs);
  return (
    <Dialog opened={importing !== null} onClose={() => useRuns.setState({ importing: null })} title={t('import.title')}>
      <p className={styles.facts}>{t('import.text')}</p>
      {importing?.error && (
        <div className={styles.dialogError}>
          <ErrorBanner error={importing.error} />
        </div>
      )}
      <FileDrop
        title={t('import.drop')}
        hint={t('import.formats')}
        pick={t('import.pick')}
        pickFolder={t('import.pickFolder')}
        accept={LOG_FILES}
        disabled={importing?.busy === true}
        onFiles={(_, { files }) => void importLogs(files.map(({ file, path }) => ({ file, path })))}
      />
    </Dialog>
  );
}

function MarkDialog() {
  const { t } = useTranslation('runs');
  const run = useRuns((state) => state.runs.find(({ id }) => id === state.marking));
  return (
    <Dialog
      opened={run !== undefined}
      onClose={() => useRuns.setState({ marking: null })}
      title={t('mark.title', { name: run?.name ?? '' })}
    >
      {run && <MarkForm key={run.id} run={run} />}
    </Dialog>
  );
}

function MarkForm({ run }: { run: RunRecord }) {
  const { t } = useTranslation('runs');
  const mark = useRuns((state) => state.mark);
  const known = useRuns((state) => state.runs).flatMap(({ tags }) => tags ?? []);
  const [note, setNote] = useState(run.note ?? '');
  const [typed, setTyped] = useState((run.tags ?? []).join(', '));
  const tags = typed.split(/[,，、]/).flatMap((tag) => tag.trim().replace(/^#/, '') || []);
  const others = [...new Set(known)].filter((tag) => !tags.includes(tag));
  const keep = () => {
    void mark(run.id, { note: note.trim(), tags: [...new Set(tags)] });
    useRuns.setState({ marking: null });
  };
  return (
    <form
      className={styles.extend}
      onSubmit={(event) => {
        event.preventDefault();
        keep();
      }}
    >
      <Textarea
        label={t('mark.note')}
        value={note}
        minRows={3}
        maxLength={4000}
        data-autofocus
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <TextInput
        label={t('mark.tags')}
        description={t('mark.tagsHelp')}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {others.length > 0 && (
        <div className={styles.marks} role="group" aria-label={t('mark.known')}>
          {others.slice(0, 12).map((tag) => (
            <button key={tag} type="button" className={styles.tag} onClick={() => setTyped([...tags, tag].join(', '))}>
              #{tag}
            </button>
          ))}
        </div>
      )}
      <Button type="submit">{t('mark.save')}</Button>
    </form>
  );
}

function ExtendDialog() {
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
  const newest = newestFirst(saved);
  const { schedule } = settingsAt(run.recipe, run.changes, before);
  const span = scheduleSpan(run.recipe, before);
  const [steps, setSteps] = useState(Math.min(before * 2, MOST_STEPS));
  const [from, setFrom] = useState(newest[0]?.step ?? 0);
  const chosen = newest.find(({ step }) => step === from);
  const was = plannedRate(run.recipe, schedule, before);
  const will = plannedRate(withSteps(run.recipe, steps), schedule, before);
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
      <CheckpointField checkpoints={newest} value={from} onChange={setFrom} />
      <RatePicture label={t('extend.curve')} before={before} steps={steps} from={from} was={was} will={will} />
      <p className={styles.facts}>
        {t('extend.rate', {
          was: format.lr(was(Math.max(0, from - 1))),
          step: format.count(from + 1),
          now: format.lr(will(from)),
          end: format.lr(will(steps - 1)),
        })}
      </p>
      {schedule.kind === 'wsd' && (
        <p className={styles.facts}>{t('extend.decay', { step: format.count(span.start + decayStart(schedule, span.steps)) })}</p>
      )}
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

const newestFirst = (saved: readonly CheckpointRecord[]) => [...saved].sort((one, other) => other.step - one.step);

interface CheckpointFieldProps {
  checkpoints: readonly CheckpointRecord[];
  value: number;
  onChange(step: number): void;
}

function CheckpointField({ checkpoints, value, onChange }: CheckpointFieldProps) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  return (
    <NativeSelect
      size="xs"
      label={t('extend.from')}
      value={String(value)}
      onChange={(event) => onChange(Number(event.currentTarget.value))}
      data={checkpoints.map(({ step, at }) => ({
        value: String(step),
        label: t('export.checkpointOption', { step: format.count(step), date: format.dateTime(at) }),
      }))}
    />
  );
}

function ForkDialog() {
  const { t } = useTranslation('runs');
  const forking = useRuns((state) => state.forking);
  const run = useRuns((state) => state.runs.find(({ id }) => id === forking?.run));
  const saved = useRuns((state) => state.checkpoints.get(forking?.run ?? ''));
  return (
    <Dialog
      opened={run !== undefined}
      onClose={() => useRuns.setState({ forking: null })}
      title={t('fork.title', { name: run?.name ?? '' })}
    >
      {run && forking && <ForkForm key={run.id} run={run} first={forking.step} saved={saved ?? []} />}
    </Dialog>
  );
}

const KINDS = ['decay', 'same', 'desk'] as const;
const SHAPES = ['linear', 'cosine', 'sqrt', 'exponential'] as const;
/** Steps of a decay, as a share of those made so far: MiniCPM (arXiv 2404.06395) finds a tenth to be enough. */
const DECAY_PART = 0.1;

function ForkForm({ run, first, saved }: { run: RunRecord; first: number; saved: readonly CheckpointRecord[] }) {
  const { t } = useTranslation('runs');
  const format = useFormat();
  const [, navigate] = useLocation();
  const fork = useRuns((state) => state.fork);
  const [from, setFrom] = useState(first);
  const [kind, setKind] = useState<(typeof KINDS)[number]>('decay');
  const [shape, setShape] = useState<Schedule['decayShape']>('linear');
  const [decay, setDecay] = useState(Math.max(1, Math.round(first * DECAY_PART)));
  const [all, setAll] = useState<number | null>(null);
  const [named, setName] = useState<string | null>(null);
  const before = run.recipe.budget.steps;
  const name = named ?? t('fork.named', { name: run.name, step: format.count(from) });
  const chosen = saved.find(({ step }) => step === from);
  // A fork from the very end has as many steps again, unless it says otherwise.
  const steps = Math.max(from + 1, all ?? (from < before ? before : 2 * before));
  const settings = settingsAt(run.recipe, run.changes, Math.min(from, before - 1));
  const here = withSettings(run.recipe, settings, Math.min(from, before - 1));
  const rate = rateAt(run.recipe, settings.schedule, Math.min(from, before - 1));
  const next: Recipe = kind === 'decay' ? decayFrom(here, from, decay, rate, shape) : withSteps(here, steps);
  const was = plannedRate(run.recipe, settings.schedule, Math.min(from, before - 1));
  const last = next.budget.steps - 1;
  const will = (step: number) => rateAt(next, settingsAt(next, [], step).schedule, step);
  const edit = () => {
    handToDesk({ recipe: next, changes: [], fork: { run: run.id, step: from, name: run.name } });
    useRuns.setState({ forking: null });
    navigate('/desk');
  };
  return (
    <div className={styles.extend}>
      <p className={styles.facts}>{t('fork.text')}</p>
      <CheckpointField checkpoints={newestFirst(saved)} value={from} onChange={setFrom} />
      <ChoiceField<(typeof KINDS)[number]>
        label={t('fork.kind')}
        value={kind}
        choices={KINDS}
        words={(one) => t(`fork.kinds.${one}`)}
        onChange={setKind}
      />
      {kind === 'decay' && (
        <>
          <NumberField label={t('fork.steps')} value={decay} min={1} max={MOST_STEPS} integer onChange={setDecay} />
          <ChoiceField<Schedule['decayShape']>
            label={t('fork.shape')}
            value={shape}
            choices={SHAPES}
            words={(one) => t(`fork.shapes.${one}`)}
            onChange={setShape}
          />
        </>
      )}
      {kind !== 'decay' && <NumberField label={t('fork.all')} value={steps} min={from + 1} max={MOST_STEPS} integer onChange={setAll} />}
      <RatePicture label={t('fork.curve')} before={before} steps={next.budget.steps} from={from} was={was} will={will} />
      <p className={styles.facts}>
        {t('fork.rate', {
          now: format.lr(will(from)),
          step: format.count(from + 1),
          end: format.lr(will(last)),
          steps: format.count(last + 1),
        })}{' '}
        {t(chosen?.moments === false ? 'extend.noMoments' : 'extend.moments')}
      </p>
      {kind === 'desk' ? (
        <>
          <p className={styles.facts}>{t('fork.deskText')}</p>
          <Button disabled={!chosen} onClick={edit}>
            {t('fork.edit')}
          </Button>
        </>
      ) : (
        <>
          <TextField label={t('fork.name')} value={name} onChange={setName} />
          <Button
            disabled={!chosen || name.trim() === ''}
            onClick={() => void fork({ run: run.id, step: from }, next, name.trim()).then((trains) => trains && navigate('/desk'))}
          >
            {t('fork.start')}
          </Button>
        </>
      )}
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
  /** Learning rate of a step, as it was and as it will be. */
  was(step: number): number;
  will(step: number): number;
}

/** The learning rate as it was, dashed, and as it will be from the checkpoint on. */
function RatePicture({ label, before, steps, from, was, will }: RatePictureProps) {
  const most = Math.max(before, steps);
  const points = (first: number, last: number, rateOf: (step: number) => number) =>
    Array.from({ length: POINTS + 1 }, (_, at) => {
      const step = first + ((last - first) * at) / POINTS;
      return [step, rateOf(step)] as const;
    });
  const former = points(0, before, was);
  const next = points(from, steps, will);
  const peak = Math.max(Number.MIN_VALUE, ...[...former, ...next].map(([, rate]) => rate));
  const path = (line: typeof former) =>
    line
      .map(
        ([step, rate], at) =>
          `${at ? 'L' : 'M'}${((step / most) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (rate / peak) * (HEIGHT - 4)).toFixed(1)}`,
      )
      .join('');
  return (
    <svg className={styles.rate} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <path d={path(former)} data-line="was" />
      <path d={path(next)} data-line="will" />
    </svg>
  );
}
