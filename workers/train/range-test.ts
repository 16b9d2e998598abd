/**
 * The learning-rate range test (Smith, 1506.01186): some steps of a recipe whose rate rises from step to step. The model is read from the base
 * for it and let go after it, so that there is nothing to put back.
 */
import type { OnProgress } from '../../src/contract/progress';
import type { RangeTestResult } from '../../src/contract/sweep';
import { effectiveShares } from '../../src/core/mixture/mixture';
import type { Recipe } from '../../src/core/recipe/schema';
import { settingsAt } from '../../src/core/run/live-changes';
import { rangeTestRates, refuseSweep, suggestRange, type RangeTest } from '../../src/core/sweep/schema';
import { prepareRun, type Studio } from './run-setup';

/** Steps of which a range can be told, and those that anybody waits for. */
const FEWEST_STEPS = 5;
const MOST_STEPS = 10_000;

function check({ low, high, steps }: RangeTest): void {
  const refuse = (field: keyof RangeTest, value: number, accepted: string) => refuseSweep(`rangeTest.${field}`, String(value), accepted);
  if (!(Number.isInteger(steps) && steps >= FEWEST_STEPS && steps <= MOST_STEPS)) refuse('steps', steps, `${FEWEST_STEPS} … ${MOST_STEPS}`);
  if (!(low > 0 && Number.isFinite(low))) refuse('low', low, '> 0');
  if (!(high > low && Number.isFinite(high))) refuse('high', high, `> ${low}`);
}

/**
 * Ends where the loss is no number: a higher rate would say nothing.
 * @throws StudioError `sweep-invalid`, `cancelled`, and those of `prepareRun`
 */
export async function testRange(recipe: Recipe, range: RangeTest, onProgress: OnProgress, studio: Studio): Promise<RangeTestResult> {
  check(range);
  const { signal } = studio.work;
  const { recipe: checked, sampler, trained } = await prepareRun(recipe, onProgress, studio);
  const { model } = trained;
  const { dropout: rate, seed, batchSize, gradientAccumulationSteps } = checked;
  const settings = settingsAt(checked, [], 0);
  const weights = settings.weights && checked.channels.map(({ id }) => settings.weights![id]!);
  const rates = rangeTestRates(range);
  const losses: number[] = [];
  try {
    for (const [step, lr] of rates.entries()) {
      signal.throwIfAborted();
      // The mixture of the run's beginning, whatever its phases plan later on.
      const shares = effectiveShares(checked, settings.shares, 0);
      const loss = await studio.lock.run(async () => {
        const batches = sampler.next(step, shares, batchSize, gradientAccumulationSteps);
        const [sums] = await model.read([model.step(batches, { lr, weights, dropout: { rate, seed, step } })]);
        return total(sums!.nll) / total(sums!.tokens);
      });
      if (!Number.isFinite(loss)) break;
      losses.push(loss);
      onProgress({ phase: 'train', item: checked.base, done: step + 1, total: rates.length });
      await studio.clock.yield();
    }
  } finally {
    model.dispose();
  }
  // One loss that is none tells the suggestion where training broke.
  const told = losses.length < rates.length ? [...losses, NaN] : losses;
  return { rates, losses, range: suggestRange(rates, told) };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
