/** The master strip: learning rate, warmup, schedule with its curve, and mean general retention. */
import { memo, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { phaseAt, phaseSpans, plannedRate, scheduleSpan } from '../core/recipe/phases';
import { warmupSteps } from '../core/schedule/schedule';
import type { Recipe, Schedule } from '../core/recipe/schema';
import { pathThrough } from '../charts/svg';
import { useFormat } from '../i18n/format';
import { SegmentedControl } from '@mantine/core';
import { RETENTION_LINE } from '../core/metrics/loss';
import { usePart } from '../ui/hash-location';
import { HorizontalSlider } from '../ui/Slider';
import { HIGHEST_LR, lrAt, lrPosition, steppedLr, changeSchedule, useActive, useHeld, useSchedule } from './live-settings';
import { useRecipe } from './recipe-store';
import { isActive, useRun } from './run-store';
import styles from './MasterStrip.module.css';

const WIDTH = 400;
const HEIGHT = 84;
const TOP = 14;
const BASE = HEIGHT - 6;
const SAMPLES = 160;

interface Props {
  recipe: Recipe;
  /** Of the present phase; the others' are the recipe's. */
  schedule: Schedule;
  /** Null before a run. */
  step: number | null;
  /** A schedule that a click would set: drawn dashed from the present step on. */
  offered: Schedule | null;
}

/** Of a learning rate in the picture; the peak touches TOP. */
const height = (lr: number, peak: number) => (peak === 0 ? BASE : BASE - (lr / peak) * (BASE - TOP));

/** The rates from a step on as a path over the picture; `peak` is at its top. */
function ratePath(rateAt: (step: number) => number, first: number, steps: number, peak: number): string {
  const last = Math.max(1, steps - 1);
  const count = Math.min(SAMPLES, Math.max(1, steps - first));
  return pathThrough(
    Array.from({ length: count + 1 }, (_, at) => {
      const here = Math.min(steps - 1, Math.round(first + (at / count) * (steps - first)));
      return [(here / last) * WIDTH, height(rateAt(here), peak)] as const;
    }),
  );
}

const ScheduleCurve = memo(function ScheduleCurve({ recipe, schedule, step, offered }: Props) {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const { steps } = recipe.budget;
  const present = step === null ? null : Math.min(step, steps - 1);
  const peak = Math.max(schedule.peakLr, ...(recipe.phases ?? []).map((phase) => phase.schedule?.peakLr ?? 0));
  const { start } = phaseAt(recipe, present ?? 0);
  const rateAt = useMemo(() => plannedRate(recipe, schedule, start), [recipe, schedule, start]);
  const path = useMemo(() => ratePath(rateAt, 0, steps, peak), [rateAt, steps, peak]);
  const now = present === null ? null : rateAt(present);
  const xOf = (at: number) => (at / Math.max(1, steps - 1)) * WIDTH;
  const x = xOf(present ?? 0);
  const end = rateAt(steps - 1);
  const offeredAt = offered && plannedRate(recipe, offered, present ?? 0);
  const words =
    offered && offeredAt
      ? t('schedule.offered', {
          kind: t(`schedule.${offered.kind}`),
          now: format.lr(offeredAt(present ?? 0)),
          end: format.lr(offeredAt(steps - 1)),
        })
      : t('schedule.words', { kind: t(`schedule.${schedule.kind}`), peak: format.lr(peak), end: format.lr(end) });
  return (
    <figure className={styles.curve}>
      <div className={styles.curveHead}>
        <span>{words}</span>
        {now !== null && <b>{t('schedule.now', { lr: format.lr(now) })}</b>}
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
        <path d={`M0 ${BASE}H${WIDTH}`} stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
        <path d={`${path}L${WIDTH} ${BASE}L0 ${BASE}Z`} fill="var(--accent)" fillOpacity="0.1" />
        <path d={path} fill="none" stroke="var(--ink)" strokeWidth="1.8" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
        {phaseSpans(recipe)
          .slice(1)
          .map(({ start }) => (
            <path
              key={start}
              d={`M${xOf(start)} 2V${BASE}`}
              stroke="var(--line-strong)"
              strokeDasharray="2 3"
              vectorEffect="non-scaling-stroke"
            />
          ))}
        {offeredAt && (
          <path
            d={ratePath(offeredAt, present ?? 0, steps, peak)}
            fill="none"
            stroke="var(--accent)"
            strokeWidth="1.8"
            strokeDasharray="4 4"
            vectorEffect="non-scaling-stroke"
            data-testid="offered-schedule"
          />
        )}
        {now !== null && (
          <>
            <path d={`M${x} 2V${BASE}`} stroke="var(--accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
            <path
              d={`M${x} ${height(now, peak)}h0.01`}
              stroke="var(--accent)"
              strokeWidth="9"
              strokeLinecap="round"
              vectorEffect="non-scaling-stroke"
            />
          </>
        )}
      </svg>
    </figure>
  );
});

/** Warmup beyond half of the run is no warmup. */
const MOST_WARMUP = 0.5;
const KINDS = ['constant', 'linear', 'cosine', 'wsd'] as const satisfies readonly Schedule['kind'][];

function warmupAt(schedule: Schedule, steps: number, position: number): Schedule['warmup'] {
  const ratio = Math.round(position * MOST_WARMUP * 200) / 200;
  return schedule.warmup.unit === 'steps' ? { unit: 'steps', value: Math.round(ratio * steps) } : { unit: 'ratio', value: ratio };
}

function MasterRetention() {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const retention = useRun((state) => state.run?.retention ?? null);
  return (
    <div className={styles.retention} data-low={(retention !== null && retention < RETENTION_LINE) || undefined}>
      <span>{t('retention.short')}</span>
      <b>{format.retention(retention)}</b>
    </div>
  );
}

/** Where the recipe's precision is f16: what the loss is multiplied by, and how many steps that cost. */
function LossScaling() {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const scaling = useRun((state) => state.run?.lossScaling ?? null);
  if (!scaling) return null;
  return (
    <p className={styles.value} data-testid="loss-scaling">
      <span>{t('lossScale')}</span>
      <b>
        {format.count(scaling.scale)} · {t('skippedSteps', { count: scaling.skipped })}
      </b>
    </p>
  );
}

function PresentCurve(props: Omit<Props, 'step'>) {
  const step = useRun((state) => (isActive(state.run) ? (state.run?.step ?? null) : null));
  return <ScheduleCurve {...props} step={step} />;
}

export const MasterStrip = memo(function MasterStrip() {
  const { t } = useTranslation('desk');
  const format = useFormat();
  const active = useActive();
  const held = useHeld();
  const schedule = useSchedule();
  const running = useRun(({ run }) => run?.recipe ?? null);
  const own = useRecipe((state) => state.recipe);
  // The step at which the present schedule's own steps begin: it moves only where a phase does.
  const start = useRun(({ run }) => (run && isActive(run) ? phaseAt(run.recipe, run.step).start : 0));
  const [pointed, setPointed] = useState<Schedule['kind'] | null>(null);
  const parts = { lr: usePart('lr'), warmup: usePart('warmup'), schedule: usePart('schedule') };
  const recipe = active ? running : own;
  if (!schedule || !recipe || Object.values(parts).every(({ hidden }) => hidden)) return null;
  const { steps } = scheduleSpan(recipe, start);
  const warm = warmupSteps(schedule, steps);
  const warmRatio = steps > 0 ? warm / steps : 0;
  const warmWords = t('warmupValue', { percent: format.percent(warmRatio), count: warm });
  const lrWords = schedule.peakLr === 0 ? t('lrZero') : format.lr(schedule.peakLr);
  return (
    <section className={styles.master} aria-label={t('master')} data-testid="master">
      <div className={styles.head}>
        <div>
          <h3>{t('master')}</h3>
          <p>{t(held ? 'masterHeld' : active ? 'masterLive' : 'masterBefore')}</p>
        </div>
        <MasterRetention />
      </div>
      <div className={styles.sliders}>
        <div {...parts.lr} inert={held || parts.lr.inert}>
          <div className={styles.value}>
            <span>{t('learningRate')}</span>
            <b>{lrWords}</b>
          </div>
          <HorizontalSlider
            label={t('learningRate')}
            position={lrPosition(schedule.peakLr)}
            valueNow={schedule.peakLr}
            valueMin={0}
            valueMax={HIGHEST_LR}
            valueText={lrWords}
            onKey={(way, grain) => changeSchedule({ peakLr: steppedLr(schedule.peakLr, way, grain) }, true)}
            onMove={(position, final) => changeSchedule({ peakLr: lrAt(position) }, final)}
          />
        </div>
        <div {...parts.warmup} inert={held || parts.warmup.inert}>
          <div className={styles.value}>
            <span>{t('warmup')}</span>
            <b>{warmWords}</b>
          </div>
          <HorizontalSlider
            label={t('warmup')}
            position={Math.min(1, warmRatio / MOST_WARMUP)}
            valueNow={Math.round(warmRatio * 1000) / 10}
            valueMin={0}
            valueMax={MOST_WARMUP * 100}
            valueText={warmWords}
            step={0.02}
            onMove={(position, final) => changeSchedule({ warmup: warmupAt(schedule, steps, position) }, final)}
          />
        </div>
      </div>
      <SegmentedControl
        {...parts.schedule}
        disabled={held}
        fullWidth
        size="xs"
        aria-label={t('schedule.label')}
        value={schedule.kind}
        onChange={(kind) => changeSchedule({ kind }, true)}
        data={KINDS.map((kind) => ({
          value: kind,
          label: (
            <span className={styles.kind} onPointerEnter={() => setPointed(kind)} onPointerLeave={() => setPointed(null)}>
              {t(`schedule.${kind}`)}
            </span>
          ),
        }))}
      />
      <LossScaling />
      {!parts.schedule.hidden && (
        <PresentCurve
          recipe={recipe}
          schedule={schedule}
          offered={pointed !== null && pointed !== schedule.kind ? { ...schedule, kind: pointed } : null}
        />
      )}
    </section>
  );
});
