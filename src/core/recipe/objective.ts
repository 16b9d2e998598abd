/** What follows from a channel's objective. No schema: pages that read no recipe load it too. */
import type { Objective } from './objective-schema';
import type { Recipe } from './schema';

export type ObjectiveKind = Objective['kind'];

/** Objectives whose losses are those of a text's tokens, so that perplexity and retention have a meaning. */
const OF_TEXT: readonly ObjectiveKind[] = ['mlm', 'plm', 'sft'];

/** Does a channel's loss say how well the model knows its text? */
export const predictsText = ({ objective }: { objective?: { kind: ObjectiveKind } | undefined }): boolean =>
  objective === undefined || OF_TEXT.includes(objective.kind);

/** Objectives whose rows are texts, before which a prefix can stand. */
const PREFIXED: readonly ObjectiveKind[] = ['mlm', 'plm', 'contrastive'];
/** Objectives for which tokens see those behind them too. */
const BOTH_WAYS: readonly ObjectiveKind[] = ['mlm', 'plm'];
/** What an encoder can be trained on: it tells no next token. */
const OF_ENCODERS: readonly ObjectiveKind[] = ['mlm', 'plm', 'contrastive', 'classification'];

/** What of the channels' objectives does not go with a model or with the method; null where all does. */
export function objectiveFault(
  recipe: Pick<Recipe, 'channels' | 'method' | 'evaluation' | 'dropout' | 'batchSize' | 'gradientAccumulationSteps'>,
  encoder: boolean,
): { field: string; value: string; accepted: string } | null {
  const { channels, method, evaluation, dropout, batchSize, gradientAccumulationSteps } = recipe;
  for (const { id, objective, share, prefix } of channels) {
    const field = `channels.${id}.objective`;
    if (prefix !== undefined && objective && !PREFIXED.some((one) => one === objective.kind))
      return { field: `channels.${id}.prefix`, value: prefix, accepted: `none (${objective.kind}: rows are records)` };
    const { kind } = objective ?? { kind: 'next-token' };
    if (encoder && !OF_ENCODERS.some((one) => one === kind))
      return { field, value: kind, accepted: `${OF_ENCODERS.join(', ')} (an encoder)` };
    if (objective?.kind === 'mlm' && encoder && objective.clmWeight > 0)
      return { field: `${field}.clmWeight`, value: String(objective.clmWeight), accepted: '0 (an encoder)' };
    // A text alone in its micro-batch lies apart from nothing.
    const each = objective?.kind === 'contrastive' && objective.negatives !== 'none' ? 3 : 2;
    const texts = share * batchSize * gradientAccumulationSteps;
    if (objective?.kind === 'contrastive' && share > 0 && (batchSize < 2 * each || texts < 2)) {
      const least = Math.max(2 * each, Math.ceil(2 / (share * gradientAccumulationSteps)));
      return { field: 'batchSize', value: String(batchSize), accepted: `≥ ${least} (two texts of ${id} at once)` };
    }
    if (objective?.kind === 'contrastive' && dropout === 0)
      return { field: 'dropout', value: '0', accepted: '> 0 (contrastive: its two views)' };
    const soft = method && (method.kind === 'prefix' || method.kind === 'prompt' || method.kind === 'llama-adapter');
    if (soft && BOTH_WAYS.some((one) => one === kind)) return { field, value: kind, accepted: `next-token (method ${method.kind})` };
  }
  if (encoder && evaluation.prompts) return { field: 'evaluation.prompts', value: 'texts', accepted: 'none (an encoder writes no text)' };
  return null;
}

/** Heads beside the model's own, by their parameters' names: maps [outputs, hidden] of the hidden states, named as transformers names them. */
const HEAD_NAMES = ['score.weight', 'value.weight'] as const;

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
