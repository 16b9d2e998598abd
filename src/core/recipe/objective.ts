/** What follows from a channel's objective. No schema: pages that read no recipe load it too. */
import type { Objective } from './objective-schema';
import type { Recipe } from './schema';

export type ObjectiveKind = Objective['kind'];
export const OBJECTIVE_KINDS: readonly ObjectiveKind[] = [
  'mlm',
  'plm',
  'contrastive',
  'sft',
  'classification',
  'reward',
  'dpo',
  'ppo',
  'grpo',
];

/** Objectives whose losses are those of a text's tokens, so that perplexity and retention have a meaning. */
const OF_TEXT: readonly ObjectiveKind[] = ['mlm', 'plm', 'sft'];

/** Does a channel's loss say how well the model knows its text? */
export const predictsText = ({ objective }: { objective?: { kind: ObjectiveKind } | undefined }): boolean =>
  objective === undefined || OF_TEXT.includes(objective.kind);

/** Heads beside the model's own, by their parameters' names: maps [outputs, hidden] of the hidden states, named as transformers names them. */
export const HEAD_NAMES = ['score.weight', 'value.weight'] as const;

export const isHead = (parameter: string): boolean => (HEAD_NAMES as readonly string[]).includes(parameter);

/** Heads that the recipe's objectives train, with their outputs. */
export function headsOf({ channels }: { channels: readonly { objective?: Objective | undefined }[] }): Map<string, number> {
  const heads = new Map<string, number>();
  for (const { objective } of channels) {
    if (objective?.kind === 'classification') heads.set('score.weight', objective.labels.length);
    if (objective?.kind === 'reward') heads.set('score.weight', 1);
    if (objective?.kind === 'ppo') heads.set('value.weight', 1);
  }
  return heads;
}

/** Objectives that set the model against the weights that the run began with. */
const REFERRING: readonly ObjectiveKind[] = ['dpo', 'ppo', 'grpo'];

/** Where those weights lie: in the model without what is trained beside it, or in a copy of the base. */
export function referenceKind({ channels, method }: Pick<Recipe, 'channels' | 'method'>): 'none' | 'itself' | 'base' {
  if (!channels.some(({ objective }) => objective && REFERRING.includes(objective.kind))) return 'none';
  if (!method || method.kind === 'partial') return 'base';
  return method.kind === 'lora' && method.modulesToSave.length > 0 ? 'base' : 'itself';
}
