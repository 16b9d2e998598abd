/**
 * The bundled base model on real text against transformers: logits of some rows, losses, and of every gradient its norm, its
 * largest and some further entries, and its projection on a fixed direction. Errors are relative to the largest value of the
 * tensor (of a projection: to the product of the norms); at most 1e-4 on cpu and wasm and 1e-3 on WebGPU.
 */
import { gather, matMul, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, openBackend, tokenLosses, trainingGradients } from '../../workers/engine';
import type { DecoderModel } from '../../workers/engine';
import { mix } from '../../workers/engine/ops/dropout';
import { relativeError } from './op-cases';
import { batchOf, fixtureJson } from './fixtures';

interface Gradient {
  norm: number;
  largest: number;
  places: number[];
  values: number[];
  projection: number;
}
interface Expected {
  sha256: string;
  rows: number;
  context: number;
  ids: number[];
  targets: number[];
  nll: number[];
  loss: number;
  logitRows: number[];
  logits: number[][];
  gradients: Record<string, Gradient>;
}

const tolerances = { cpu: 1e-4, wasm: 1e-4, webgpu: 1e-3 } as const;
const folder = '/models/nano';

describe.each(['cpu', 'wasm', 'webgpu'] as const)('the base model on %s', (backend) => {
  const tolerance = tolerances[backend];
  let model: DecoderModel;
  let expected: Expected;

  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    expected = await fixtureJson<Expected>('nano.json');
    const bytes = new Uint8Array(await (await fetch(`${folder}/model.safetensors`)).arrayBuffer());
    const digest = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0'));
    expect(digest.join(''), 'another model: run e2e/parity/make_fixtures.py --model public/models/nano').toBe(expected.sha256);
    const text = await (await fetch(`${folder}/config.json`)).text();
    model = await loadModel({ config: { name: 'config.json', text }, weights: [{ name: 'model.safetensors', bytes }] });
  });
  afterAll(() => model.dispose());

  it('has the logits of transformers', async () => {
    const { rows, context, ids, logitRows } = expected;
    const logits = tidy(() => {
      const hidden = model.hiddenStates(tensor1d(ids, 'int32'), { batch: rows, context });
      return matMul(gather(hidden, tensor1d(logitRows, 'int32')), model.headWeight(), false, true);
    });
    expect(relativeError(await logits.data(), expected.logits.flat())).toBeLessThan(tolerance);
    logits.dispose();
  });

  it('has its token losses', async () => {
    const nll = tokenLosses(model, batchOf(expected));
    expect(relativeError(await nll.data(), expected.nll)).toBeLessThan(tolerance);
    nll.dispose();
  });

  it('has its gradients', async () => {
    const { gradients, sums } = trainingGradients(model, [batchOf(expected)], { channels: 1 });
    const [total, tokens] = await sums.data();
    sums.dispose();
    expect(Math.abs(total! / tokens! - expected.loss) / expected.loss).toBeLessThan(tolerance);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [name, tensor] of gradients) {
      const { norm, largest, places, values, projection } = expected.gradients[name]!;
      const found = await tensor.data<'float32'>();
      tensor.dispose();
      let [squares, alongDirection, directionSquares] = [0, 0, 0];
      found.forEach((value, at) => {
        const direction = mix(at) / 2 ** 32 - 0.5;
        squares += value * value;
        alongDirection += value * direction;
        directionSquares += direction * direction;
      });
      expect(Math.abs(Math.sqrt(squares) - norm) / norm, `norm of ${name}`).toBeLessThan(tolerance);
      expect(Math.abs(alongDirection - projection) / (norm * Math.sqrt(directionSquares)), `projection of ${name}`).toBeLessThan(tolerance);
      places.forEach((place, at) => {
        expect(Math.abs(found[place]! - values[at]!) / largest, `${name} at ${place}`).toBeLessThan(tolerance);
      });
    }
  });
});
