/** Single ops and their gradients against PyTorch and transformers; relative is max|a − b| / max|b| over a tensor. */
import { engine, tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../workers/engine';
import { gelu } from '../../workers/engine/ops/activation';
import { attention } from '../../workers/engine/ops/attention';
import type { AttentionShape } from '../../workers/engine/ops/attention';
import { layerNorm } from '../../workers/engine/ops/norm';
import { relativeError } from './op-cases';
import { rotary } from '../../workers/engine/ops/rotary';
import { fixtureJson } from './fixtures';

interface Op {
  inputs: Record<string, { shape: number[]; values: number[]; gradient: number[] }>;
  dy: number[];
  y: number[];
}

interface Fixture {
  layerNorm: Op & { epsilon: number };
  exact: Op;
  tanh: Op;
  rotary: Op & { context: number; heads: number; turning: number; cos: number[]; sin: number[] };
  window: Op & AttentionShape;
}

const tolerances = { cpu: 2e-6, wasm: 2e-6, webgpu: 2e-5 } as const;

describe.each(['cpu', 'wasm', 'webgpu'] as const)('ops on %s', (backend) => {
  let fixture: Fixture;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    fixture = await fixtureJson<Fixture>('ops.json');
  });

  async function check({ inputs, dy, y }: Op, run: (inputs: Record<string, Tensor>) => Tensor) {
    const names = Object.keys(inputs);
    const results = tidy(() => {
      const tensors = Object.fromEntries(names.map((name) => [name, tensor(inputs[name]!.values, inputs[name]!.shape)]));
      const shape = tidy(() => run(tensors).shape);
      const wanted = names.map((name) => tensors[name]!);
      const { value, grads } = engine().gradients(() => run(tensors), wanted, tensor(dy, shape));
      return [value, ...grads];
    });
    const expected = [y, ...names.map((name) => inputs[name]!.gradient)];
    for (const [index, result] of results.entries()) {
      const title = index === 0 ? 'output' : `gradient of ${names[index - 1]}`;
      expect(relativeError(await result.data(), expected[index]!), title).toBeLessThan(tolerances[backend]);
      result.dispose();
    }
  }

  it('layer norm is torch.nn.functional.layer_norm', () =>
    check(fixture.layerNorm, ({ x, weight, bias }) =>
      layerNorm(x as Tensor2D, weight as Tensor1D, bias as Tensor1D, fixture.layerNorm.epsilon),
    ));

  it.each(['exact', 'tanh'] as const)('gelu %s is that of transformers', (form) => check(fixture[form], ({ x }) => gelu(x!, form)));

  // The largest value of the case above hides what happens near 0.
  it('gelu exact is right to a few units in the last place of each value', async () => {
    const { x } = fixture.exact.inputs;
    const found = tidy(() => gelu(tensor(x!.values), 'exact'));
    const values = await found.data();
    found.dispose();
    fixture.exact.y.forEach((expected, at) => {
      // PyTorch's ½(1 + erf) itself is only this exact in the left tail.
      const allowed = backend === 'webgpu' ? 2e-6 : 4e-7;
      expect(Math.abs(values[at]! - expected), `gelu(${x!.values[at]})`).toBeLessThanOrEqual(allowed * Math.abs(x!.values[at]!));
    });
  });

  it('rotary on part of a head is that of GPT-NeoX', () => {
    const { context, heads, turning, cos, sin } = fixture.rotary;
    const table = (values: number[]) => tensor2d(values, [context, turning]);
    return check(fixture.rotary, ({ x }) => rotary(x as Tensor2D, table(cos), table(sin), { context, heads }));
  });

  it('attention in a window has the mask of Mistral', () =>
    check(fixture.window, ({ q, k, v }) => attention(q as Tensor2D, k as Tensor2D, v as Tensor2D, fixture.window)));
});
