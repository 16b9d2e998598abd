/** A GPU device that goes away in the middle of things: runs go on from their last checkpoint, measures are repeated. */
import { backend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunMessage } from '../../src/core/run/feed';
import { FollowedRun, type RunView } from '../../src/core/run/view';
import { evaluateApi } from '../evaluate/api';
import { EngineModel } from '../runtime/engine-model';
import { EngineSession } from '../runtime/engine-session';
import { listCheckpoints } from '../storage/checkpoints';
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

/** Follows the trainer's run from now on. */
async function follow(onView: (view: RunView) => void): Promise<void> {
  let followed: FollowedRun | null = null;
  await train.listen((message: RunMessage) => {
    if (message.header) followed = new FollowedRun(message);
    else followed!.apply(message);
    onView(followed!.view);
  });
}

it('in the middle of an evaluation: the run goes on by itself, and ends as one that nothing befell', async () => {
  const recipe = studioRecipe({
    dropout: 0,
    budget: { steps: 4 },
    evaluation: { everySteps: 3, rowsPerChannel: 2 },
    saving: { everySteps: 2 },
    logging: { everySteps: 2 },
  });
  const run = async (backend: 'wasm' | 'webgpu', befall: (view: RunView) => void) => {
    await session.open({ backend, threads: 1, requireHardware: false });
    const id = await train.start(recipe, 'device loss', quiet);
    await new Promise<void>((resolve) => {
      void follow((view) => {
        befall(view);
        if (view.state === 'finished' || view.state === 'stopped') resolve();
      });
    });
    // Waits until the run has let go of the device.
    await train.stop();
    const { rows, evaluations } = await readMetrics(id);
    return { rows: rows.map(({ step, total }) => ({ step, total: total! })), evaluations };
  };
  const whole = await run('wasm', quiet);
  let losses = 0;
  // While step 3 is evaluated; a checkpoint of step 2 is there.
  const broken = await run('webgpu', ({ state, step, heldOut }) => {
    if (state === 'running' && losses === 0 && step === 3 && heldOut['general']!.x.at(-1) === 3) {
      losses += 1;
      destroy();
    }
  });
  expect(losses).toBe(1);
  expect(broken.rows.map(({ step }) => step)).toEqual(whole.rows.map(({ step }) => step));
  broken.rows.forEach(({ total }, at) => expect(total).toBeCloseTo(whole.rows[at]!.total, 3));
  expect(broken.evaluations.at(-1)!.channels['domain']!.loss).toBeCloseTo(whole.evaluations.at(-1)!.channels['domain']!.loss, 3);
}, 120_000);

it('while a text is generated: it is written again, and told once', async () => {
  const prompt = { prompt: 'The', seed: 3, maxTokens: 12, temperature: 1, topK: 0, topP: 1 };
  const base = { kind: 'model', model: MODEL } as const;
  const whole = await evaluate.generate(base, prompt, quiet);
  let pieces = '';
  let losses = 0;
  const again = await evaluate.generate(base, prompt, (piece) => {
    pieces += piece;
    if (losses++ === 3) destroy();
  });
  expect(losses).toBeGreaterThan(4);
  expect(again).toBe(whole);
  expect(pieces).toBe(whole);
}, 120_000);

it('while a checkpoint is written: the one before stays until it is whole, and the run ends as one that nothing befell', async () => {
  const recipe = studioRecipe({
    dropout: 0,
    budget: { steps: 4 },
    evaluation: { everySteps: 4, rowsPerChannel: 2 },
    saving: { everySteps: 1, keep: 9 },
    logging: { everySteps: 1 },
  });
  const run = async (befall: (view: RunView) => void) => {
    const id = await train.start(recipe, 'device loss at a checkpoint', quiet);
    await new Promise<void>((resolve) => {
      void follow((view) => {
        befall(view);
        if (view.state === 'finished' || view.state === 'stopped') resolve();
      });
    });
    await train.stop();
    return {
      rows: (await readMetrics(id)).rows.map(({ step, total }) => ({ step, total })),
      steps: (await listCheckpoints(id)).map(({ step }) => step),
    };
  };
  const whole = await run(quiet);
  let losses = 0;
  const save = EngineModel.prototype.save;
  const spied = vi.spyOn(EngineModel.prototype, 'save').mockImplementation(async function (this: EngineModel, moments) {
    // The second: the first checkpoint is being written or just has been.
    if (++losses === 2) destroy();
    return save.call(this, moments);
  });
  const broken = await run(quiet);
  spied.mockRestore();
  expect(losses).toBeGreaterThan(4);
  expect(broken.steps).toEqual(whole.steps);
  expect(broken.rows.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  broken.rows.forEach(({ total }, at) => expect(total).toBeCloseTo(whole.rows[at]!.total!, 3));
}, 120_000);

it('in a measure: it is taken again, and a device that goes for good is told', async () => {
  const weights = [{ kind: 'model', model: MODEL } as const, { kind: 'model', model: MODEL } as const];
  const channels = studioRecipe().channels.map(({ id, corpus, role }) => ({ id, corpus, role }));
  const measure = (onProgress: () => void) => evaluate.measureChannels(weights, channels, 2, onProgress);
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
