/** What follows from a channel's objective. No schema: pages that read no recipe load it too. */
import type { Objective } from './objective-schema';

export type ObjectiveKind = Objective['kind'];
export const OBJECTIVE_KINDS: readonly ObjectiveKind[] = ['mlm', 'plm', 'contrastive', 'sft', 'classification', 'reward', 'dpo'];

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
  }
  return heads;
}
