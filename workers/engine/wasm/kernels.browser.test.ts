/** Every CPU kernel against the reference in plain tfjs ops, on shapes that no tile divides; and bit for bit over threads. */
import { engine, getBackend, setBackend, tensor, tidy } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend';
import { crossEntropy } from '../ops/cross-entropy';
import { kernels } from '../ops/kernels';
import type { KernelName } from '../ops/kernels';
import { registerReferences } from '../ops/register';
import { closeWasmKernels, openWasmKernels, registerWasmKernels } from '.';

interface Case {
  title: string;
  kernel: KernelName;
  inputs: Record<string, () => Tensor>;
  attributes?: object;
  /** Of the largest absolute value of an output. */
  tolerance?: number;
  /** For a kernel without a reference of its own. */
  expected?: () => Output[];
}

interface Output {
  shape: number[];
  values: Float32Array;
}

/** Numbers in [−scale, scale], the same each time. */
function numbers(shape: number[], seed: number, scale = 1): Tensor {
  let state = (seed * 2654435761) >>> 0;
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return scale * (2 * (state / 2 ** 32) - 1);
  });
  return tensor(values, shape);
}

function integers(count: number, seed: number, below: number, lowest = 0): Tensor {
  let state = (seed * 2654435761) >>> 0;
  const values = Int32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return lowest + Math.floor((state / 2 ** 32) * (below - lowest));
  });
  return tensor(values, [count], 'int32');
}

function run({ kernel, inputs, attributes = {} }: Case): Output[] {
  return tidy(() => {
    const made = Object.fromEntries(Object.entries(inputs).map(([name, make]) => [name, make()]));
    const outputs = engine().runKernel(kernel, made, attributes as NamedAttrMap);
    return (Array.isArray(outputs) ? outputs : [outputs]).map((output) => ({
      shape: output.shape,
      values: output.dataSync<'float32'>().slice(),
    }));
  });
}

/** Index of the first number of `a` that is not that of `b`; −1 where all are the same. */
function firstOther(a: Float32Array, b: Float32Array): number {
  return a.length === b.length ? a.findIndex((value, at) => !Object.is(value, b[at])) : Math.min(a.length, b.length);
}

/** Largest |a − b| over largest |a|, or over 0.01 where all are smaller (differences of equal numbers); infinite for NaN. */
function distance(a: Float32Array, b: Float32Array): number {
  let largest = 0.01;
  let difference = 0;
  a.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value));
    const gap = Math.abs(value - b[index]!);
    difference = Math.max(difference, Number.isNaN(gap) ? Infinity : gap);
  });
  return difference / largest;
}

const products: Case[] = (
  [
    [1, 1, 1],
    [1, 24, 40],
    [3, 5, 7],
    [9, 8, 16],
    [65, 33, 17],
    [200, 390, 70],
    [70, 9, 400],
  ] as const
).flatMap(([n, i, o]): Case[] => [
  { title: `[${n},${i}]·[${o},${i}]ᵀ`, kernel: kernels.Linear, inputs: { x: () => numbers([n, i], 1), weight: () => numbers([o, i], 2) } },
  {
    title: `[${n},${i}]·[${o},${i}]ᵀ + bias + residual`,
    kernel: kernels.Linear,
    inputs: {
      x: () => numbers([n, i], 1),
      weight: () => numbers([o, i], 2),
      bias: () => numbers([o], 3),
      residual: () => numbers([n, o], 4),
    },
  },
  {
    title: `[${n},${i}]·[${o},${i}]ᵀ + bias`,
    kernel: kernels.Linear,
    inputs: { x: () => numbers([n, i], 1), weight: () => numbers([o, i], 2), bias: () => numbers([o], 3) },
  },
  {
    title: `[${n},${o}]·[${o},${i}]`,
    kernel: kernels.LinearGradInput,
    inputs: { dy: () => numbers([n, o], 1), weight: () => numbers([o, i], 2) },
  },
  { title: `rows of [${n},${o}]`, kernel: kernels.LinearGradBias, inputs: { dy: () => numbers([n, o], 1) } },
  {
    title: `[${n},${o}]ᵀ·[${n},${i}]`,
    kernel: kernels.LinearGradWeight,
    inputs: { dy: () => numbers([n, o], 1), x: () => numbers([n, i], 2) },
  },
]);

const rowOps: Case[] = (
  [
    [1, 1, 1],
    [1, 8, 1],
    [5, 7, 3],
    [300, 33, 1000],
  ] as const
).flatMap(([n, d, scale]): Case[] => [
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.RmsNorm,
    inputs: { x: () => numbers([n, d], 1, scale), weight: () => numbers([d], 2) },
    attributes: { epsilon: 1e-5 },
  },
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.RmsNormGrad,
    inputs: { x: () => numbers([n, d], 1, scale), weight: () => numbers([d], 2), dy: () => numbers([n, d], 3) },
    attributes: { epsilon: 1e-5 },
  },
  {
    title: `[${n},${d}] to ±${scale}, and what comes beside`,
    kernel: kernels.RmsNormGrad,
    inputs: {
      x: () => numbers([n, d], 1, scale),
      weight: () => numbers([d], 2),
      dy: () => numbers([n, d], 3),
      beside: () => numbers([n, d], 4),
    },
    attributes: { epsilon: 1e-5 },
  },
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.LayerNorm,
    inputs: { x: () => numbers([n, d], 1, scale), weight: () => numbers([d], 2), bias: () => numbers([d], 3) },
    attributes: { epsilon: 1e-5 },
  },
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.LayerNormGrad,
    inputs: { x: () => numbers([n, d], 1, scale), weight: () => numbers([d], 2), dy: () => numbers([n, d], 3) },
    attributes: { epsilon: 1e-5 },
  },
  ...(['exact', 'tanh'] as const).flatMap((form): Case[] => [
    {
      title: `${form} [${n},${d}] to ±${scale}`,
      kernel: kernels.Gelu,
      inputs: { x: () => numbers([n, d], 1, scale) },
      attributes: { form },
    },
    {
      title: `${form} [${n},${d}] to ±${scale}`,
      kernel: kernels.GeluGrad,
      inputs: { x: () => numbers([n, d], 1, scale), dy: () => numbers([n, d], 2) },
      attributes: { form },
    },
  ]),
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.Swiglu,
    inputs: { gate: () => numbers([n, d], 1, scale), up: () => numbers([n, d], 2) },
  },
  {
    title: `[${n},${d}] to ±${scale}`,
    kernel: kernels.SwigluGrad,
    inputs: { gate: () => numbers([n, d], 1, scale), up: () => numbers([n, d], 2), dy: () => numbers([n, d], 3) },
  },
  {
    title: `[${n},${d}]`,
    kernel: kernels.Dropout,
    inputs: { x: () => numbers([n, d], 1, scale) },
    attributes: { rate: 0.3, seed: 0xdeadbeef, offset: 2 ** 32 - 3 },
  },
  {
    title: `table [50,${d}], ${n} ids`,
    kernel: kernels.Embedding,
    inputs: { table: () => numbers([50, d], 1), ids: () => integers(n, 2, 50) },
    attributes: { vocabulary: 50 },
  },
  {
    title: `table [50,${d}], ${n} ids`,
    kernel: kernels.EmbeddingGrad,
    inputs: { dy: () => numbers([n, d], 1), ids: () => integers(n, 2, 50) },
    attributes: { vocabulary: 50 },
  },
  {
    title: `${n} tokens`,
    kernel: kernels.ChannelSums,
    inputs: { nll: () => numbers([n], 1, scale), channels: () => integers(n, 2, 3, -1) },
    attributes: { count: 3 },
  },
  {
    title: `[${n},${d}], a scalar and [7]`,
    kernel: kernels.GlobalNorm,
    inputs: { 0: () => numbers([n, d], 1, scale), 1: () => numbers([], 2), 2: () => numbers([7], 3) },
  },
]);

const rotations: Case[] = (
  [
    [1, 1, 1, 2, 2],
    [2, 3, 3, 6, 6],
    [2, 65, 2, 32, 32],
    [2, 65, 2, 32, 8],
    [1, 5, 3, 9, 6],
  ] as const
).flatMap(([batch, context, heads, size, turning]) =>
  [false, true].map((inverse): Case => ({
    title: `${batch}×${context}, ${heads} heads, ${turning} of ${size}${inverse ? ', inverse' : ''}`,
    kernel: kernels.Rotary,
    inputs: {
      x: () => numbers([batch * context, heads * size], 1),
      cos: () => numbers([context, turning], 2),
      sin: () => numbers([context, turning], 3),
    },
    attributes: { context, heads, inverse },
  })),
);

const attentions: Case[] = (
  [
    [1, 1, 1, 1, 2, 1, 0],
    [1, 1, 1, 1, 8, 1, 0],
    [2, 5, 3, 1, 6, 1, 0],
    [2, 8, 2, 2, 8, 1, 0],
    [2, 45, 4, 2, 32, 3, 0],
    [1, 67, 2, 1, 20, 30, 0],
    [2, 45, 4, 2, 32, 3, 17],
    [1, 131, 2, 1, 20, 3, 2],
    [1, 131, 1, 1, 4, 1, 40],
    [2, 45, 4, 2, 32, 3, 0, true],
    [1, 67, 2, 1, 20, 3, 12, true],
  ] as const
).flatMap(([batch, context, heads, kvHeads, size, spread, window, bidirectional = false]) => {
  const rows = batch * context;
  const attributes = { batch, context, heads, kvHeads, scale: size ** -0.5, window, bidirectional };
  const inputs = {
    q: () => numbers([rows, heads * size], 1, spread),
    k: () => numbers([rows, kvHeads * size], 2, spread),
    v: () => numbers([rows, kvHeads * size], 3),
  };
  const title = `${batch}×${context}, ${heads} heads on ${kvHeads} of ${size}, to ±${spread}${window ? `, window ${window}` : ''}${bidirectional ? ', both ways' : ''}`;
  return [{}, { documents: () => integers(rows, 5, 3) }].flatMap((documents): Case[] => {
    const masked = 'documents' in documents ? ', by document' : '';
    // Scores reach spread²·√size; their rounding is what remains.
    const tolerance = 1e-5 * Math.max(1, spread);
    const given = { ...inputs, ...documents };
    return [
      { title: title + masked, kernel: kernels.Attention, inputs: given, attributes, tolerance },
      {
        title: title + masked,
        kernel: kernels.AttentionGrad,
        inputs: {
          ...given,
          out: () => forward(given, attributes, 0),
          lse: () => forward(given, attributes, 1),
          dout: () => numbers([rows, heads * size], 4),
        },
        attributes,
        tolerance,
      },
    ];
  });
});

/** Outputs of the forward kernel as inputs of the backward one: those of the reference, whichever kernel is being tested. */
function forward(inputs: Record<string, () => Tensor>, attributes: object, output: number): Tensor {
  const key = JSON.stringify([Object.keys(inputs), attributes, Object.values(inputs).map((make) => [...make().dataSync().slice(0, 4)])]);
  let stored = forwards.get(key);
  if (!stored) forwards.set(key, (stored = run({ title: '', kernel: kernels.Attention, inputs, attributes })));
  const { values, shape } = stored[output]!;
  return tensor(values, shape);
}
const forwards = new Map<string, Output[]>();

const losses: Case[] = (
  [
    [1, 1, 2, 1],
    [5, 9, 37, 1],
    [75, 16, 300, 10],
    [40, 12, 5000, 3],
  ] as const
).flatMap(([n, d, v, scale]): Case[] => {
  const inputs = {
    hidden: () => numbers([n, d], 1, scale),
    weight: () => numbers([v, d], 2, scale),
    targets: () => integers(n, 3, v, -1),
  };
  return [
    { title: `[${n},${d}] on ${v}, to ±${scale}`, kernel: kernels.CrossEntropy, inputs },
    {
      title: `[${n},${d}] on ${v}, to ±${scale}`,
      kernel: kernels.CrossEntropyGrad,
      inputs: { ...inputs, lse: () => forwardLoss(inputs), dnll: () => numbers([n], 4) },
      tolerance: 2e-5 * scale,
    },
    {
      title: `[${n},${d}] on ${v}, to ±${scale}`,
      kernel: kernels.CrossEntropyTrain,
      inputs: { ...inputs, dnll: () => numbers([n], 4) },
      tolerance: 2e-5 * scale,
      expected: () => [
        ...run({ title: '', kernel: kernels.CrossEntropy, inputs }),
        ...run({
          title: '',
          kernel: kernels.CrossEntropyGrad,
          inputs: { ...inputs, lse: () => forwardLoss(inputs), dnll: () => numbers([n], 4) },
        }),
      ],
    },
  ];
});

function forwardLoss(inputs: Record<string, () => Tensor>): Tensor {
  const { values, shape } = run({ title: '', kernel: kernels.CrossEntropy, inputs })[1]!;
  return tensor(values, shape);
}

const cases = [...products, ...rowOps, ...rotations, ...attentions, ...losses];

describe('CPU kernels', () => {
  let expected: Output[][];
  let single: typeof expected;

  beforeAll(async () => {
    await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
    expect(getBackend()).toBe('wasm');
    registerReferences('wasm');
    expected = cases.map((item) => item.expected?.() ?? run(item));
    const opened = await openWasmKernels({ threads: 1 });
    expect(opened).toEqual({ threads: 1, simd: 'relaxed-simd' });
    registerWasmKernels();
    single = cases.map(run);
  });

  afterAll(async () => {
    closeWasmKernels();
    await setBackend('wasm');
  });

  test.each(cases.map((item, index) => [item.kernel, item.title, index] as const))(
    '%s %s equals the reference',
    (_kernel, _title, index) => {
      const tolerance = cases[index]!.tolerance ?? 1e-5;
      expect(single[index]!.map(({ shape }) => shape)).toEqual(expected[index]!.map(({ shape }) => shape));
      expected[index]!.forEach(({ values }, output) => {
        expect(distance(values, single[index]![output]!.values)).toBeLessThan(tolerance);
      });
    },
  );

  test.each([2, 3])('%i threads give the same bits as one', async (threads) => {
    expect((await openWasmKernels({ threads })).threads).toBe(threads);
    registerWasmKernels();
    for (let repeat = 0; repeat < 3; repeat++)
      cases.forEach((item, index) => {
        const found = run(item);
        expect(found.map(({ shape }) => shape)).toEqual(single[index]!.map(({ shape }) => shape));
        // Not by toEqual, which takes a microsecond a number.
        found.forEach(({ values }, output) =>
          expect(firstOther(values, single[index]![output]!.values), `${item.kernel} ${item.title}`).toBe(-1),
        );
      });
  });

  test('gradients made in the forward pass are those made backwards, and are not used for another slope', async () => {
    await openWasmKernels({ threads: 2 });
    registerWasmKernels();
    tidy(() => {
      const [hidden, weight] = [numbers([20, 9], 1), numbers([31, 9], 2)] as [Tensor2D, Tensor2D];
      const targets = integers(20, 3, 31, -1) as Tensor1D;
      const slopes = numbers([20], 4) as Tensor1D;
      const gradients = (dnll: Tensor1D, expected?: Tensor1D) =>
        engine()
          .gradients(() => crossEntropy(hidden, weight, targets, expected), [hidden, weight], dnll)
          .grads.map((gradient) => gradient.dataSync<'float32'>());
      const backwards = gradients(slopes);
      const ahead = gradients(slopes, slopes);
      const another = gradients(slopes, numbers([20], 5) as Tensor1D);
      backwards.forEach((values, index) => {
        expect(distance(values, ahead[index]!)).toBeLessThan(1e-5);
        expect(another[index]).toEqual(values);
      });
    });
  });

  test('the build without fused multiply-add equals the reference too', async () => {
    expect((await openWasmKernels({ threads: 2, relaxed: false })).simd).toBe('simd');
    registerWasmKernels();
    cases.forEach((item, index) =>
      run(item).forEach(({ values }, output) => {
        expect(distance(expected[index]![output]!.values, values), `${item.kernel} ${item.title}`).toBeLessThan(item.tolerance ?? 1e-5);
      }),
    );
  });
});
