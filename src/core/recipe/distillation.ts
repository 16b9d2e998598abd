/** A recipe's distillation: how a step is taught, which model teaches, and what is said of it. */
import type { ModelConfig } from '../model/config';
import { referenceKind } from './objective';
import { EMA_TEACHER, type Distillation, type Recipe, type WeightAveraging } from './schema';

/** Weights of a taught token's terms in the loss of a step. */
export interface TeachingWeights {
  crossEntropy: number;
  /** Of T² · KL of the predictions. */
  logits: number;
  /** Of the mean squared difference of hidden states. */
  hidden: number;
  /** Hidden states of every layer are compared, else those after the final norm. */
  allLayers: boolean;
  attention: number;
}

/** As the drawer switches it on. */
export const USUAL_DISTILLATION: Distillation = { rows: 'general', alpha: 0.5, temperature: 2, warmup: 0 };
export const USUAL_STATES = { last: 1, all: 0, attention: 0, hiddenWeight: 1, attentionWeight: 1 };

/** Before step `step`, 0-based, of a run of so many. */
export function teachingAt({ alpha, warmup, states }: Distillation, step: number, steps: number): TeachingWeights {
  const beta = step >= warmup ? 1 : step / warmup;
  const logits = beta * (1 - alpha);
  const none = { crossEntropy: 1 - logits, logits, hidden: 0, allLayers: false, attention: 0 };
  if (!states) return none;
  const { last, all, attention, hiddenWeight, attentionWeight } = states;
  // Sums of shares are off by a rounding, which must not make a stage of it.
  const [first, second] = [Math.round(last * steps), Math.round((last + all) * steps)];
  if (step < first || (all === 0 && attention === 0)) return { ...none, hidden: beta * hiddenWeight };
  if (step < second || attention === 0) return { ...none, hidden: beta * hiddenWeight, allLayers: true };
  return { ...none, attention: beta * attentionWeight };
}

/** As the drawer switches an average on: torch's own decay, from the first step on. */
export const USUAL_AVERAGE: WeightAveraging = { decay: 0.999, start: 0, every: 1 };

/** In the names of the literature, the same in every language. */
export const averageLine = ({ decay, start, every }: WeightAveraging): string =>
  [`EMA, decay ${decay}`, start > 0 && `from step ${start}`, every > 1 && `every ${every} steps`].filter(Boolean).join(' · ');

/** By index: are the rows of the channel taught? */
export function taughtChannels({ channels, regularisation }: Pick<Recipe, 'channels' | 'regularisation'>): boolean[] {
  const rows = regularisation?.distillation?.rows;
  return channels.map(({ role }) => rows === 'all' || rows === role);
}

/** Where the teacher lies: with an adapter beside frozen weights the base is the model without it. */
export function teacherKind({
  base,
  method,
  regularisation,
}: Pick<Recipe, 'base' | 'method' | 'regularisation'>): 'none' | 'itself' | 'base' | 'average' | 'other' {
  const { distillation } = regularisation ?? {};
  if (!distillation) return 'none';
  if (distillation.teacher === EMA_TEACHER) return 'average';
  if (distillation.teacher !== undefined && distillation.teacher !== base) return 'other';
  return method?.kind === 'lora' && method.modulesToSave.length === 0 ? 'itself' : 'base';
}

const anchored = ({ regularisation }: Pick<Recipe, 'regularisation'>): boolean =>
  Boolean(regularisation?.l2sp ?? regularisation?.ewc ?? regularisation?.decayTowards);

/** Does an anchor read the base beside the run, a teacher that is no adapter's base, or an objective that refers to it? */
export function keepsBase(recipe: Pick<Recipe, 'base' | 'channels' | 'method' | 'regularisation'>): boolean {
  return anchored(recipe) || (recipe.method?.kind !== 'lora' && teacherKind(recipe) === 'base') || referenceKind(recipe) === 'base';
}

/** Models that are kept as teachers and for nothing else. */
export function teachersKept(recipe: Pick<Recipe, 'base' | 'method' | 'regularisation'>): number {
  const kind = teacherKind(recipe);
  if (kind === 'other') return 1;
  return kind === 'base' && (recipe.method?.kind === 'lora' || !anchored(recipe)) ? 1 : 0;
}

/** Are hidden states compared in any stage? They are mapped where the teacher's have another width. */
export const comparesHidden = ({ states }: Distillation): boolean => states !== undefined && states.last + states.all > 0;

/** What of a teacher does not fit the model that is taught: field, value, what would be accepted; null where all does. */
export function teacherFault(
  { states }: Distillation,
  model: ModelConfig,
  teacher: ModelConfig,
): { field: 'vocabulary' | 'layers' | 'heads'; value: number; accepted: number } | null {
  const fields = [
    'vocabulary' as const,
    ...(states && states.all + states.attention > 0 ? ['layers' as const] : []),
    ...(states && states.attention > 0 ? ['heads' as const] : []),
  ];
  const field = fields.find((name) => teacher[name] !== model[name]);
  return field ? { field, value: teacher[field], accepted: model[field] } : null;
}

/** In the names of the literature, the same in every language. */
export function distillationLine({ teacher, alpha, temperature, warmup, states }: Distillation): string {
  const percent = (value: number) => `${Number((100 * value).toPrecision(3))} %`;
  const stages = states && [
    states.last > 0 && `last hidden ${percent(states.last)} × ${states.hiddenWeight}`,
    states.all > 0 && `all hidden ${percent(states.all)} × ${states.hiddenWeight}`,
    states.attention > 0 && `attention ${percent(states.attention)} × ${states.attentionWeight}`,
  ];
  return [`α ${alpha}`, `T ${temperature}`, warmup > 0 && `warmup ${warmup}`, teacher, ...(stages ?? [])].filter(Boolean).join(' · ');
}
