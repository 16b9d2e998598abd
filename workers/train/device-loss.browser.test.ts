/** A GPU device that goes away in the middle of things: runs go on from their last checkpoint, measures are repeated. */
import { backend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunMessage } from '../../src/core/run/feed';
import { FollowedRun, type RunView } from '../../src/core/run/view';
import { evaluateApi } from '../evaluate/api';
import { EngineSession } from '../runtime/engine-session';
import { readMetrics } from '../storage/runs';
import { trainApi } from './api';
import { clearOut, furnish, MODEL, studioRecipe } from './fixtures/tiny-studio';

beforeAll(furnish);
afterAll(clearOut);

const session = new EngineSession();
const train = trainApi(session);
const evaluate = evaluateApi(session);
const quiet = () => undefined;
const destroy = () => (backend() as unknown as { device: GPUDevice }).device.destroy();

/** Follows the trainer's runs; settles with the first view that `when` accepts. */
async function follow(onView: (view: RunView) => void): Promise<void> {
  let followed: FollowedRun | null = null;
  await train.listen((message: RunMessage) => {
    if (message.header) followed = new FollowedRun(message);
    else followed!.apply(message);
    onView(followed!.view);
  });
}

it('in evaluation, in training and in a checkpoint, twice: the run ends as one that nothing befell', async () => {
  await session.open({ backend: 'webgpu', threads: null, requireHardware: false });
  const recipe = { ...studioRecipe(), dropout: 0 };
  const run = async (befall: (view: RunView) => void) => {
    const ended = new Promise<RunView>((resolve) => {
      void follow((view) => {
        befall(view);
        if (view.state === 'finished' || view.state === 'stopped') resolve(view);
      });
    });
    const id = await train.start(recipe, 'device loss', quiet);
    expect((await ended).runId).toBe(id);
    const { rows, evaluations } = await readMetrics(id);
    return { rows: rows.map(({ step, total }) => ({ step, total: total! })), evaluations };
  };
  const whole = await run(quiet);
  let losses = 0;
  // Once while step 6 is evaluated (a checkpoint of step 4 is there), once more when the run has come to step 9.
  const broken = await run(({ state, step, heldOut }) => {
    const evaluating = step === 6 && heldOut['general']!.x.at(-1) === 6;
    if (state === 'running' && ((losses === 0 && evaluating) || (losses === 1 && step >= 9))) {
      losses += 1;
      destroy();
    }
  });
  expect(losses).toBe(2);
  expect(broken.rows.map(({ step }) => step)).toEqual(whole.rows.map(({ step }) => step));
  broken.rows.forEach(({ total }, at) => expect(total).toBeCloseTo(whole.rows[at]!.total, 4));
  expect(broken.evaluations.at(-1)!.channels['domain']!.loss).toBeCloseTo(whole.evaluations.at(-1)!.channels['domain']!.loss, 4);
}, 120_000);

it('in a measure: it is taken again, and a device that goes for good is told', async () => {
  const weights = [{ kind: 'model', model: MODEL } as const, { kind: 'model', model: MODEL } as const];
  const channels = studioRecipe().channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  const measure = (onProgress: () => void) => evaluate.measureChannels(weights, channels, 4, onProgress);
  const whole = await measure(quiet);
  let losses = 0;
  const again = await measure(() => {
    if (losses < 2) destroy();
    losses += 1;
  });
  expect(again.channels.map(({ loss }) => loss[0]!.value)).toEqual(
    whole.channels.map(({ loss }) => expect.closeTo(loss[0]!.value, 5) as number),
  );
  await expect(measure(destroy)).rejects.toMatchObject({ code: 'device-lost' });
}, 120_000);
