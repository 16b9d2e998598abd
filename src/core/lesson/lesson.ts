/**
 * A lesson: one JSON document in both languages. Its steps tell something, show or hide parts of the desk, leave some controls free, set a
 * recipe to run, and name what its figures must be for the next step to open. A prediction may come before a run; it is scored after it.
 */
import * as z from 'zod/mini';
import { StudioError } from '../errors';
import { DESK_CONTROLS, DESK_PARTS } from './address';
import { retainedChannels } from '../metrics/loss';
import { acceptedBy, describeValue, parseRecipe } from '../recipe/parse';
import type { Recipe } from '../recipe/schema';
import { recipeOf } from '../sweep/plan';
import type { Prediction } from '../run/types';
import type { RunView } from '../run/view';
import type { CurvePoint } from '../metrics/merge-curve';

const count = (low: number, high: number) => z.int().check(z.gte(low), z.lte(high));
const orElse = z._default;
const identifier = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,47}$/));

/** Figures of a run that a condition can name. Losses in nats per token, held-out unless said otherwise; changes are against the base. */
const FIGURES = [
  /** Finished steps. */
  'steps',
  'generalLoss',
  'generalChange',
  /** The highest that it was at any evaluation. */
  'worstGeneralChange',
  'domainLoss',
  'domainChange',
  /** Of the last logged window. */
  'domainTrainLoss',
  'retention',
  'epochs',
  /** Positions that the merge fader has measured, and what the one at λ = 0.5 keeps and gains (bits per byte). */
  'mergePositions',
  'halfMergeRetention',
  'halfMergeGain',
] as const;
export type FigureName = (typeof FIGURES)[number];
export type RunFigures = Readonly<Record<FigureName, number | null>>;

const text = z.string().check(z.minLength(1), z.maxLength(4000));
const words = z.strictObject({ en: text, zh: text });
const setting = z.record(z.string().check(z.regex(/^[a-zA-Z][\w.-]{0,119}$/)), z.union([z.number(), z.string(), z.boolean(), z.null()]));

const conditionSchema = z.strictObject({
  figure: z.enum(FIGURES),
  is: z.enum(['above', 'below', 'within']),
  /** A number, or what the run of an earlier step ended with. */
  than: z.union([z.number(), z.strictObject({ step: identifier, figure: z.optional(z.enum(FIGURES)) })]),
  /** Distance that counts: so far above or below at least, or within so much of it. */
  by: orElse(z.number().check(z.gte(0)), 0),
});

const stepSchema = z.strictObject({
  id: identifier,
  title: words,
  /** Paragraphs, apart by an empty line. */
  text: words,
  task: z.optional(words),
  hide: orElse(z.array(z.enum(DESK_PARTS)), []),
  free: orElse(z.array(z.enum(DESK_CONTROLS)), []),
  /** What the lesson's recipe is changed by, fields as in a sweep's axes; absent: the step is read, and nothing is trained. */
  set: z.optional(setting),
  /** What is foretold before the run: the loss at its end, or at so many places of it. */
  predict: z.optional(
    z.strictObject({
      of: z.enum(['general', 'domain']),
      points: count(1, 8),
      /** Loss of the base, where the drawing begins, and how far the axis goes above and below it, nats. */
      base: z.number().check(z.gt(0), z.lte(20)),
      span: orElse(z.number().check(z.gte(0.05), z.lte(10)), 1),
    }),
  ),
  /** All must hold of the ended run for the next step to open. */
  opens: orElse(z.array(conditionSchema).check(z.maxLength(6)), []),
  /** Told once the conditions hold, and while a run has ended and they do not. */
  after: z.optional(words),
  otherwise: z.optional(words),
  /** Where a control is free: a setting that fulfils the task, for teachers and tests. */
  answer: z.optional(setting),
});

const lessonSchema = z.strictObject({
  format: z.literal('crossfade-lesson'),
  version: z.literal(1),
  id: identifier,
  title: words,
  summary: words,
  /** Of a whole lesson on two cores, with reading. */
  minutes: count(1, 120),
  /** Read as a recipe by itself, so that older ones are lifted. */
  recipe: z.unknown(),
  steps: z.array(stepSchema).check(z.minLength(1), z.maxLength(24)),
});

export type LessonStep = z.infer<typeof stepSchema>;
export type Condition = z.infer<typeof conditionSchema>;
export type Lesson = Omit<z.infer<typeof lessonSchema>, 'recipe'> & { recipe: Recipe };

/** Characters of a lesson's file. */
export const LARGEST_LESSON = 256 * 1024;

/** @param source its file or address. @throws StudioError `lesson-invalid` with field, value and what is accepted; `file-too-large` */
export function parseLesson(source: string, json: string): Lesson {
  if (json.length > LARGEST_LESSON)
    throw new StudioError('file-too-large', `${source} has ${json.length} characters`, {
      file: source,
      bytes: json.length,
      limit: LARGEST_LESSON,
    });
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (error) {
    return refuse(source, 'lesson', error instanceof Error ? error.message : String(error), 'JSON');
  }
  const result = lessonSchema.safeParse(given);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
    const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], given);
    return refuse(source, path.map(String).join('.') || 'lesson', describeValue(value), acceptedBy(issue));
  }
  const lesson: Lesson = { ...result.data, recipe: nested(source, 'recipe', () => parseRecipe(result.data.recipe)) };
  check(source, lesson);
  return lesson;
}

function refuse(source: string, field: string, value: string, accepted: string): never {
  throw new StudioError('lesson-invalid', `Lesson ${source}: ${field} is ${value}; accepted: ${accepted}`, {
    file: source,
    field,
    value,
    accepted,
  });
}

/** A recipe's fault as the lesson's. */
function nested<T>(source: string, field: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const { field: inner = '', value = '', accepted = '' } = error.values;
    return refuse(source, [field, inner].filter(Boolean).join(' · '), String(value), String(accepted));
  }
}

function check(source: string, lesson: Lesson): void {
  const before = new Set<string>();
  lesson.steps.forEach((step, at) => {
    const where = `steps.${at}`;
    if (before.has(step.id)) refuse(source, `${where}.id`, step.id, 'id ≠ id');
    step.opens.forEach(({ than }, index) => {
      if (typeof than !== 'number' && !before.has(than.step))
        refuse(source, `${where}.opens.${index}.than.step`, than.step, [...before].join(' | ') || 'number');
    });
    if (!step.set && (step.opens.length > 0 || step.predict || step.answer))
      refuse(source, `${where}.set`, 'missing', '{ field: value } (opens, predict, answer)');
    const recipe = nested(source, `${where}.set`, () => stepRecipe(lesson, step));
    if (step.answer) nested(source, `${where}.answer`, () => stepRecipe(lesson, step, step.answer));
    const role = step.predict?.of;
    if (role && recipe && !recipe.channels.some((channel) => channel.role === role))
      refuse(source, `${where}.predict.of`, role, recipe.channels.map((channel) => channel.role).join(' | '));
    if (step.set) before.add(step.id);
  });
}

/** What the step trains; null where it is only read. @param more settings besides the step's own */
export function stepRecipe(lesson: Lesson, step: LessonStep, more: LessonStep['answer'] = {}): Recipe | null {
  return step.set ? recipeOf({ base: lesson.recipe }, { ...step.set, ...more }, lesson.recipe.seed) : null;
}

/** A run as conditions see it: losses by channel id. */
interface Measured {
  recipe: Pick<Recipe, 'channels'>;
  steps: number;
  base: Readonly<Record<string, number>>;
  /** In the order of their steps; the first is the base's where it was measured. */
  evaluations: readonly { step: number; losses: Readonly<Record<string, number | null>> }[];
  trainLoss: Readonly<Record<string, number | null>>;
  epochs: Readonly<Record<string, number>>;
  retention: number | null;
  merge: readonly CurvePoint[];
}

/** @param merge what the merge fader has measured of its end, in ascending order of λ */
export function measuredRun({ recipe, step, base, heldOut, channels, retention }: RunView, merge: readonly CurvePoint[]): Measured {
  const [first] = recipe.channels;
  const own = Object.fromEntries(channels.map((channel) => [channel.id, channel]));
  const each = <T>(of: (id: string) => T) => Object.fromEntries(recipe.channels.map(({ id }) => [id, of(id)]));
  return {
    ...{ recipe, steps: step, base, retention, merge },
    evaluations: (heldOut[first!.id]?.x ?? []).map((at, index) => ({ step: at, losses: each((id) => heldOut[id]?.y[index] ?? null) })),
    trainLoss: each((id) => own[id]?.trainLoss ?? null),
    epochs: each((id) => own[id]?.epochs ?? 0),
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean loss over the general channels that people wrote, or over those of the domain. */
export function roleLoss(
  recipe: Pick<Recipe, 'channels'>,
  role: 'general' | 'domain',
  losses: Readonly<Record<string, number | null>>,
): number | null {
  const channels = role === 'general' ? retainedChannels(recipe.channels) : recipe.channels.filter((channel) => channel.role === 'domain');
  return mean(channels.flatMap(({ id }) => losses[id] ?? []));
}

export function figuresOf(run: Measured): RunFigures {
  const last = run.evaluations.at(-1)?.losses ?? {};
  const [general, domain] = (['general', 'domain'] as const).map((role) => {
    const at = (losses: Readonly<Record<string, number | null>>) => roleLoss(run.recipe, role, losses);
    const before = at(run.base);
    const changes = before === null ? [] : run.evaluations.flatMap(({ losses }) => (at(losses) ?? before) - before);
    return { loss: at(last), change: changes.at(-1) ?? null, worst: changes.length === 0 ? null : Math.max(...changes) };
  });
  const half = run.merge.find(({ factor }) => Math.abs(factor - 0.5) < 1e-9);
  return {
    steps: run.steps,
    generalLoss: general!.loss,
    generalChange: general!.change,
    worstGeneralChange: general!.worst,
    domainLoss: domain!.loss,
    domainChange: domain!.change,
    domainTrainLoss: roleLoss(run.recipe, 'domain', run.trainLoss),
    retention: run.retention,
    epochs: mean(run.recipe.channels.flatMap(({ id, role }) => (role === 'domain' ? (run.epochs[id] ?? []) : []))),
    mergePositions: run.merge.length,
    halfMergeRetention: half?.retention ?? null,
    halfMergeGain: half?.gain ?? null,
  };
}

/** Does it hold? A figure that is not known fulfils nothing. @param former of the ended runs of earlier steps */
export function holds({ figure, is, than, by }: Condition, now: RunFigures, former: Readonly<Record<string, RunFigures>>): boolean {
  const value = now[figure];
  const other = typeof than === 'number' ? than : (former[than.step]?.[than.figure ?? figure] ?? null);
  if (value === null || other === null) return false;
  if (is === 'above') return value > other + by;
  return is === 'below' ? value < other - by : Math.abs(value - other) <= by;
}

export interface PredictionScore {
  /** Mean distance from what was measured, nats. */
  error: number;
  /** 100 where nothing is missed, 0 where the error is as large as what happened. */
  points: number;
}

/** What happened less than this is as hard to foretell as this, nats. */
const LEAST_CHANGE = 0.1;

/** Place of the n-th point of a prediction, from 1. */
export const predictedStep = (steps: number, points: number, at: number): number => Math.round((steps * at) / points);

/** @param measured in ascending order, the base's at step 0 first; values between are read off straight lines. Null before the last is there */
export function scoreOf(prediction: Prediction, measured: readonly { step: number; loss: number }[]): PredictionScore | null {
  const errors = prediction.points.map(({ step, loss }) => {
    const after = measured.findIndex((point) => point.step >= step);
    const [low, high] = [measured[Math.max(0, after - 1)], measured[after]];
    if (!low || !high) return null;
    const share = high.step === low.step ? 1 : (step - low.step) / (high.step - low.step);
    return Math.abs(low.loss + share * (high.loss - low.loss) - loss);
  });
  if (errors.length === 0 || errors.includes(null)) return null;
  const error = mean(errors as number[])!;
  const first = measured[0]!.loss;
  const change = Math.max(LEAST_CHANGE, ...measured.map(({ loss }) => Math.abs(loss - first)));
  return { error, points: Math.round(100 * Math.max(0, 1 - error / change)) };
}

/** Held-out loss of general or domain text at every evaluation, the base's first. */
export function measuredLosses(
  { recipe, base, heldOut }: Pick<RunView, 'recipe' | 'base' | 'heldOut'>,
  of: Prediction['of'],
): { step: number; loss: number }[] {
  const steps = heldOut[recipe.channels[0]!.id]?.x ?? [];
  const before = roleLoss(recipe, of, base);
  const points = steps.flatMap((step, at) => {
    const loss = roleLoss(recipe, of, Object.fromEntries(recipe.channels.map(({ id }) => [id, heldOut[id]?.y[at] ?? null])));
    return loss === null ? [] : [{ step, loss }];
  });
  return before !== null && points[0]?.step !== 0 ? [{ step: 0, loss: before }, ...points] : points;
}
