/**
 * Some steps of a recipe before it runs: the learning-rate range test (Smith, 1506.01186), whose rate rises from step to step, and half a second
 * that says how fast it trains here. The model is read from the base for it and let go after it, so that there is nothing to put back.
 */
import type { OnProgress } from '../../src/contract/progress';
import type { RangeTestResult } from '../../src/contract/sweep';
import { effectiveShares } from '../../src/core/mixture/mixture';
import { stepTokens } from '../../src/core/recipe/before-run';
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

/** Milliseconds over which speed is measured; and the most of its steps, which a tiny model is done with sooner. */
const MEASURED_MS = 500;
const MOST_MEASURED = 200;

/** One step of the recipe's beginning at this rate. @returns the mean loss of its tokens, nats */
type Trial = (step: number, lr: number) => Promise<number>;

/** Prepares a model for `use`, which trains it for some steps, and lets it go. */
async function withTrial<T>(
  recipe: Recipe,
  onProgress: OnProgress,
  studio: Studio,
  use: (trial: Trial, checked: Recipe) => Promise<T>,
): Promise<T> {
  const { signal } = studio.work;
  const { recipe: checked, sampler, trained } = await prepareRun(recipe, onProgress, studio);
  const { model } = trained;
  const { dropout: rate, seed } = checked;
  const settings = settingsAt(checked, [], 0);
  const weights = settings.weights && checked.channels.map(({ id }) => settings.weights![id]!);
  // The mixture of the run's beginning, whatever its phases plan later on.
  const shares = effectiveShares(checked, settings.shares, 0);
  const trial: Trial = async (step, lr) => {
    signal.throwIfAborted();
    const loss = await studio.lock.run(async () => {
      const { batches, round } = sampler.step(checked, step, shares);
      await model.prepare(batches, { seed, step });
      const [sums] = await model.read([model.step(batches, { lr, weights, dropout: { rate, seed, step }, round })]);
      return total(sums!.nll) / total(sums!.tokens);
    });
    await studio.clock.yield();
    return loss;
  };
  try {
    return await use(trial, checked);
  } finally {
    model.dispose();
  }
}

/**
 * Ends where the loss is no number: a higher rate would say nothing.
 * @throws StudioError `sweep-invalid`, `cancelled`, and those of `prepareRun`
 */
export async function testRange(recipe: Recipe, range: RangeTest, onProgress: OnProgress, studio: Studio): Promise<RangeTestResult> {
  check(range);
  const rates = rangeTestRates(range);
  const losses: number[] = [];
  await withTrial(recipe, onProgress, studio, async (trial, { base }) => {
    for (const [step, lr] of rates.entries()) {
      const loss = await trial(step, lr);
      if (!Number.isFinite(loss)) break;
      losses.push(loss);
      onProgress({ phase: 'train', item: base, done: step + 1, total: rates.length });
    }
  });
  // One loss that is none tells the suggestion where training broke.
  const told = losses.length < rates.length ? [...losses, NaN] : losses;
  return { rates, losses, range: suggestRange(rates, told) };
}

/** Tokens per second over about half a second of training, after a step that compiles. @throws as `testRange` */
export async function measureSpeed(recipe: Recipe, onProgress: OnProgress, studio: Studio): Promise<number> {
  return withTrial(recipe, onProgress, studio, async (trial, checked) => {
    await trial(0, 0);
    const started = studio.clock.now();
    let steps = 0;
    let ms: number;
    do {
      await trial((steps += 1), 0);
      ms = studio.clock.now() - started;
    } while (ms < MEASURED_MS && steps < MOST_MEASURED);
    return (steps * stepTokens(checked) * 1000) / ms;
  });
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
