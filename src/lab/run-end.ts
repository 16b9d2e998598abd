/** What pages ask of runs beyond one call: how a run ends, and how fast runs like a recipe's trained on this device. */
import { stepTokens } from '../core/recipe/before-run';
import type { Recipe } from '../core/recipe/schema';
import { isActive, type RunRecord } from '../core/run/types';
import type { SweepRecord } from '../core/sweep/record';
import { lab } from './lab';

/** Milliseconds between two looks at a run that trains. */
const LOOK_MS = 500;

/** The run as it is when it no longer trains. @param look is told of it at every look */
export async function runEnd(id: string, look: (run: RunRecord) => void = () => undefined): Promise<RunRecord> {
  for (;;) {
    const run = await lab.library.run(id);
    look(run);
    if (!isActive(run.state)) return run;
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
}

/** Stored runs whose speed is looked at. */
const LATEST = 4;

/** Of what counts for speed: the weights that are trained and the length of a row. */
export const speedKind = ({ base, sequenceLength, method, precision, activationCheckpointing }: Recipe): string =>
  [base, sequenceLength, method?.kind, precision, activationCheckpointing].join();

/**
 * Tokens per second that runs like this one had on this device: whole runs of sweeps, evaluations included, or else logging windows of stored
 * runs. Empty where nothing like it was trained. @param device "wasm · 2 threads"; null: any
 */
export async function measuredSpeeds(base: Recipe, sweeps: readonly SweepRecord[], device: string | null): Promise<number[]> {
  const kind = speedKind(base);
  const swept = sweeps.flatMap(({ runs }) =>
    runs.flatMap(({ recipe, result }) =>
      recipe && result && result.seconds > 0 && speedKind(recipe) === kind && (device === null || result.device === device)
        ? [result.tokens / result.seconds]
        : [],
    ),
  );
  if (swept.length > 0) return swept;
  const like = (await lab.library.runs()).filter(
    (run) => run.step > 0 && speedKind(run.recipe) === kind && (device === null || run.device === device),
  );
  const latest = like.sort((one, other) => other.updatedAt - one.updatedAt).slice(0, LATEST);
  const windows = await Promise.all(
    latest.map(async ({ id, recipe }) => {
      const { rows } = await lab.library.metrics(id).catch(() => ({ rows: [] }));
      // The first window compiles.
      return rows.slice(rows.length > 1 ? 1 : 0).map(({ stepMs }) => (stepTokens(recipe) / stepMs) * 1000);
    }),
  );
  return windows.flat();
}
