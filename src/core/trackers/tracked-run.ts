/**
 * A run as trackers know it: named series of numbers over steps. One of the studio is turned into it for export; a log from elsewhere is read
 * as it, and `figureOf` says which of the studio's figures a series is, by the names that trainers give them.
 */
import { interpolated } from '../metrics/smoothing';
import type { Recipe } from '../recipe/schema';
import type { EvaluationRow, MetricRow, RunRecord } from '../run/types';

/** What a log was written by, as far as it shows. */
export type LogFormat =
  'trainer-state' | 'llama-factory' | 'ms-swift' | 'wandb' | 'jsonl' | 'csv' | 'trackio' | 'tensorboard' | 'crossfade';

/** Trackers that a run's log is written for. */
export const TRACKER_FORMATS = ['tensorboard', 'wandb', 'trackio'] as const;
export type TrackerFormat = (typeof TRACKER_FORMATS)[number];

export const isTrackerFormat = (type: string): type is TrackerFormat => TRACKER_FORMATS.some((format) => format === type);

/** One number of a series. */
export interface Point {
  step: number;
  /** NaN or infinite where that is what was logged. */
  value: number;
  /** Epoch milliseconds; 0 where the log has none. */
  time: number;
}

export interface TrackedRun {
  name: string;
  /** Settings that the log holds; null where it has none. */
  config: Readonly<Record<string, unknown>> | null;
  /** Tag → points in the order of their steps. */
  series: Map<string, Point[]>;
  /** Steps that it is to make, where the log says so. */
  steps?: number;
}

/** What a series is. Losses are nats per token. */
export interface TrackedFigure {
  kind: 'train' | 'heldOut' | 'retention' | 'lr' | 'gradNorm' | 'tokens' | 'other';
  /** null: of all channels together. */
  channel: string | null;
}

/** A series per channel and figure; windows and evaluations have no clock of their own, so their time is the run's start and its steps' times. */
export function trackedRun(
  { name, createdAt, recipe }: Pick<RunRecord, 'name' | 'createdAt' | 'recipe'>,
  rows: readonly MetricRow[],
  evaluations: readonly EvaluationRow[],
): TrackedRun {
  const series = new Map<string, Point[]>();
  const timeOf = clockOf(createdAt, rows);
  const add = (tag: string, step: number, value: number | string | null | undefined) => {
    if (value === null || value === undefined) return;
    const points = series.get(tag) ?? [];
    points.push({ step, value: Number(value), time: timeOf(step) });
    series.set(tag, points);
  };
  const ids = recipe.channels.map(({ id }) => id);
  const addFigures = (split: string, step: number, figures: NonNullable<MetricRow['figures']>) => {
    for (const [id, said] of Object.entries(figures))
      for (const [figure, value] of Object.entries(said)) add(`${split}/${figure}/${id}`, step, value);
  };
  for (const row of rows) {
    const { step } = row;
    add('train/loss', step, row.total ?? row.notFinite?.['total']);
    for (const id of ids) add(`train/loss/${id}`, step, row.loss[id] ?? row.notFinite?.[id]);
    add('train/learning_rate', step, row.lr);
    add('train/grad_norm', step, row.gradNorm);
    add('train/tokens', step, row.tokens);
    add('train/step_ms', step, row.stepMs);
    const counted = ids.reduce((sum, id) => sum + (row.count[id] ?? 0), 0);
    // The share that a channel had of the window's tokens.
    for (const id of ids) if (counted > 0) add(`mixture/${id}`, step, (row.count[id] ?? 0) / counted);
    addFigures('train', step, row.figures ?? {});
    add('train/loss_scale', step, row.lossScale);
    add('train/skipped_steps', step, row.skippedSteps);
  }
  for (const evaluation of evaluations) {
    for (const id of ids) add(`eval/loss/${id}`, evaluation.step, evaluation.channels[id]?.loss);
    for (const id of ids) addFigures('eval', evaluation.step, { [id]: evaluation.channels[id]?.figures ?? {} });
    add('eval/retention', evaluation.step, evaluation.retention);
    add('eval/forgetting_risk', evaluation.step, evaluation.probes?.risk?.value);
  }
  return { name, config: flatConfig(recipe), series };
}

/** Step → epoch milliseconds, by the windows' mean time of a step. */
function clockOf(createdAt: number, rows: readonly MetricRow[]): (step: number) => number {
  let [time, last] = [createdAt, 0];
  const times = rows.map(({ step, stepMs }) => {
    time += Math.max(0, step - last) * stepMs;
    last = step;
    return time;
  });
  const clock = { x: rows.map(({ step }) => step), y: times };
  return (step) => Math.round(interpolated(clock, step, { x: 0, y: createdAt }));
}

/** A recipe as trackers show settings: one level, `schedule.peakLr`, channels by id. */
function flatConfig(recipe: Recipe): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  const walk = (value: unknown, path: string) => {
    if (Array.isArray(value) && value.every((item: unknown) => typeof item === 'object' && item !== null && 'id' in item))
      for (const item of value as { id: string }[]) walk(item, `${path}.${item.id}`);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    else flat[path] = Array.isArray(value) ? value.join(', ') : value;
  };
  walk(recipe, '');
  return flat;
}

const HELD_OUT = '(?:eval|evaluation|val|valid|validation|test|held[_-]?out)';
const TRAIN = '(?:train|training)';
const SEPARATOR = '[/._ -]';

/**
 * Tags of trainers, most telling first. HF Trainer: loss, eval_loss, eval_<set>_loss, and with a callback train/loss, eval/<set>_loss;
 * LLaMA-Factory: loss, eval_loss, lr; ms-swift: loss_<channel>; Megatron-LM: "lm loss", "lm loss validation", "grad-norm"; NeMo: train_loss,
 * val_loss; levanter: train/loss, eval/<set>/loss; torchtitan: loss_metrics/global_avg_loss.
 */
const TAGS: readonly [RegExp, TrackedFigure['kind']][] = [
  [new RegExp(`^${HELD_OUT}${SEPARATOR}(?:lm[ _])?loss${SEPARATOR}(?<channel>.+)$`, 'i'), 'heldOut'],
  [new RegExp(`^${HELD_OUT}${SEPARATOR}(?<channel>.+?)${SEPARATOR}(?:lm[ _])?loss$`, 'i'), 'heldOut'],
  [new RegExp(`^loss${SEPARATOR}${HELD_OUT}${SEPARATOR}(?<channel>.+)$`, 'i'), 'heldOut'],
  [new RegExp(`^(?:${HELD_OUT}${SEPARATOR}(?:lm[ _])?loss|(?:lm[ _])?loss${SEPARATOR}${HELD_OUT})$`, 'i'), 'heldOut'],
  [/^held_out_loss_(?<channel>.+)$/i, 'heldOut'],
  // The exported train.py, whose train/<channel> is told apart by them (`sorted` of imported-run.ts).
  [/^held-out\/(?<channel>[^/]+)$/, 'heldOut'],
  [/^train\/total$/, 'train'],
  [new RegExp(`^(?:${HELD_OUT}${SEPARATOR})?(?:general_|mean_)?retention$`, 'i'), 'retention'],
  [new RegExp(`^(?:${TRAIN}${SEPARATOR})?(?:lr|learning[_ -]rate)(?:[/_-]?(?:group_?)?0)?$`, 'i'), 'lr'],
  [new RegExp(`^(?:${TRAIN}${SEPARATOR})?(?:grad(?:ient)?[_ -]?norm|global_grad_norm)$`, 'i'), 'gradNorm'],
  [
    new RegExp(
      `^(?:${TRAIN}${SEPARATOR})?(?:tokens|num_(?:input_)?tokens(?:_seen)?|total_tokens|consumed_tokens|throughput/total_tokens)$`,
      'i',
    ),
    'tokens',
  ],
  [
    new RegExp(
      `^(?:${TRAIN}${SEPARATOR})?(?:(?:lm[ _])?loss(?:_total)?|global_avg_loss|total_loss)$|^loss_metrics/global_avg_loss$|^loss${SEPARATOR}${TRAIN}$`,
      'i',
    ),
    'train',
  ],
  [new RegExp(`^(?:${TRAIN}${SEPARATOR})loss${SEPARATOR}(?<channel>.+)$`, 'i'), 'train'],
  [new RegExp(`^${TRAIN}${SEPARATOR}(?<channel>.+?)${SEPARATOR}loss$`, 'i'), 'train'],
  [/^loss[_/](?!scale$|metrics\/)(?<channel>.+)$/i, 'train'],
];

/** Which of the studio's figures a series is. */
export function figureOf(tag: string): TrackedFigure {
  for (const [pattern, kind] of TAGS) {
    const match = pattern.exec(tag.trim());
    if (match) return { kind, channel: match.groups?.['channel'] ?? null };
  }
  return { kind: 'other', channel: null };
}
