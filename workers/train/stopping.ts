/** Stopping rules, METHOD 5: decided from the evaluations alone, so a resumed run decides as an uninterrupted one. */
import { meanRetention } from '../../src/core/metrics/loss';
import type { Recipe } from '../../src/core/recipe/schema';
import type { EvaluationRow, StopReason } from '../../src/core/run/types';

/**
 * The rule that ends a run after its last evaluation, if any.
 * @param evaluations in the order of their steps, the base's (step 0) first
 */
export function ruleToStop(
  recipe: Pick<Recipe, 'channels' | 'stopping'>,
  evaluations: readonly EvaluationRow[],
): Extract<StopReason, 'early-stop' | 'forgetting-stop'> | null {
  const [base] = evaluations;
  const latest = evaluations.at(-1);
  if (!base || !latest || latest === base) return null;
  const { forgetting, early } = recipe.stopping;
  if (forgetting) {
    const retention = meanRetention(base, latest, recipe.channels);
    if (retention !== null && retention < forgetting.retention) return 'forgetting-stop';
  }
  return early && evaluationsWithoutImprovement(recipe, evaluations, early.threshold) >= early.patience ? 'early-stop' : null;
}

/** Evaluations since the mean held-out loss of the domain channels last fell by more than `threshold` nats below its best. */
export function evaluationsWithoutImprovement(
  recipe: Pick<Recipe, 'channels'>,
  evaluations: readonly EvaluationRow[],
  threshold: number,
): number {
  let best = Infinity;
  let since = 0;
  for (const evaluation of evaluations) {
    const loss = meanDomainLoss(recipe, evaluation);
    if (loss === null) continue;
    if (best - loss > threshold) {
      best = loss;
      since = 0;
    } else since += 1;
  }
  return since;
}

/** Mean over the domain channels that were evaluated; null when there is none. */
function meanDomainLoss({ channels }: Pick<Recipe, 'channels'>, evaluation: EvaluationRow): number | null {
  const losses = channels.flatMap(({ id, role }) => (role === 'domain' && evaluation.channels[id] ? [evaluation.channels[id].loss] : []));
  return losses.length === 0 ? null : losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
