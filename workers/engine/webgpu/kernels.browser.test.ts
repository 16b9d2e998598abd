/** The GPU kernels in both layouts of work against the reference ops on the CPU backend, at sizes beyond one tile or block. */
import { backend as tensorBackend, engine, scalar, setBackend, square, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../../src/core/rng/rng';
import { openBackend } from '../backend';
import { adamwUpdatesOn } from '../ops/adamw';
import type { AdamwUpdates } from '../ops/adamw';
import { kernels } from '../ops/kernels';
import type { KernelName } from '../ops/kernels';
import { relativeError } from '../../../e2e/parity/op-cases';
import { registerWebgpuKernels } from '.';

interface Host {
  shape: number[];
  values: Float32Array | Int32Array;
}

interface Case {
  title: string;
  kernel: KernelName;
  inputs: Record<string, Host>;
  attributes?: object;
}

const random = new Rng(7);

function floats(...shape: number[]): Host {
  const size = shape.reduce((product, side) => product * side, 1);
  return { shape, values: Float32Array.from({ length: size }, () => 2 * random.uniform() - 1) };
}

function integers(count: number, below: number, lowest = 0): Host {
  return { shape: [count], values: Int32Array.from({ length: count }, () => lowest + random.integer(below - lowest)) };
}

function toTensor({ shape, values }: Host): Tensor {
  return tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
}

async function run({ kernel, inputs, attributes = {} }: Case): Promise<{ shape: number[]; values: Float32Array }[]> {
  const outputs = tidy(() => {
    const made = Object.fromEntries(Object.entries(inputs).map(([name, host]) => [name, toTensor(host)]));
    const result = engine().runKernel(kernel, made, attributes as NamedAttrMap);
    return Array.isArray(result) ? result : [result];
  });
  const read = await Promise.all(outputs.map(async (output) => ({ shape: output.shape, values: await output.data<'float32'>() })));
  outputs.forEach((output) => output.dispose());
  return read;
}

const products: Case[] = (
  [
    [3, 36, 44],
    [65, 33, 70],
    [70, 40, 68],
    [770, 20, 500],
    [130, 6, 1],
  ] as const
).flatMap(([n, i, o]): Case[] => [
  {
    title: `[${n},${i}]·[${o},${i}]ᵀ + bias + residual`,
    kernel: kernels.Linear,
    inputs: { x: floats(n, i), weight: floats(o, i), bias: floats(o), residual: floats(n, o) },
  },
  { title: `rows of [${n},${o}]`, kernel: kernels.LinearGradBias, inputs: { dy: floats(n, o) } },
  { title: `[${n},${o}]·[${o},${i}]`, kernel: kernels.LinearGradInput, inputs: { dy: floats(n, o), weight: floats(o, i) } },
  { title: `[${n},${o}]ᵀ·[${n},${i}]`, kernel: kernels.LinearGradWeight, inputs: { dy: floats(n, o), x: floats(n, i) } },
]);

const norms: Case[] = (
  [
    [300, 33],
    [130, 68],
  ] as const
).flatMap(([n, d]): Case[] => {
  const attributes = { epsilon: 1e-5 };
  return [
    { title: `[${n},${d}]`, kernel: kernels.RmsNorm, inputs: { x: floats(n, d), weight: floats(d) }, attributes },
    {
      title: `[${n},${d}]`,
      kernel: kernels.LayerNorm,
      inputs: { x: floats(n, d), weight: floats(d), bias: floats(d) },
      attributes,
    },
    { title: `[${n},${d}]`, kernel: kernels.LayerNormGrad, inputs: { x: floats(n, d), weight: floats(d), dy: floats(n, d) }, attributes },
    { title: `[${n},${d}]`, kernel: kernels.RmsNormGrad, inputs: { x: floats(n, d), weight: floats(d), dy: floats(n, d) }, attributes },
  ];
});

const attentions: Case[] = (
  [
    [2, 70, 4, 2, 8, true, 0],
    [1, 66, 2, 1, 10, true, 9],
    [3, 40, 3, 3, 16, false, 0],
    [2, 70, 2, 1, 8, false, 33],
  ] as const
).map(([batch, context, heads, kvHeads, size, packed, window]) => {
  const rows = batch * context;
  const documents = { shape: [rows], values: Int32Array.from({ length: rows }, (_, n) => Math.floor(n / 17)) };
  return {
    title: `B${batch} T${context} H${heads} K${kvHeads} h${size}${packed ? ' documents' : ''}${window ? ` window ${window}` : ''}`,
    kernel: kernels.Attention,
    inputs: {
      q: floats(rows, heads * size),
      k: floats(rows, kvHeads * size),
      v: floats(rows, kvHeads * size),
      ...(packed ? { documents } : {}),
    },
    attributes: { batch, context, heads, kvHeads, scale: size ** -0.5, window },
  };
});

const others: Case[] = [
  {
    title: '300 of 50 by 20',
    kernel: kernels.EmbeddingGrad,
    inputs: { dy: floats(300, 20), ids: integers(300, 50) },
    attributes: { vocabulary: 50 },
  },
  {
    title: '9 tensors',
    kernel: kernels.GlobalNorm,
    inputs: Object.fromEntries([10_000, 5, 4096, 4097, 1, 300, 8192, 64, 70].map((size, index) => [String(index), floats(size)])),
  },
  ...(['exact', 'tanh'] as const).flatMap((form): Case[] => [
    { title: `${form} [70,37]`, kernel: kernels.Gelu, inputs: { x: floats(70, 37) }, attributes: { form } },
    { title: `${form} [70,36]`, kernel: kernels.GeluGrad, inputs: { x: floats(70, 36), dy: floats(70, 36) }, attributes: { form } },
  ]),
  {
    title: '8 of 24',
    kernel: kernels.Rotary,
    inputs: { x: floats(90, 72), cos: floats(45, 8), sin: floats(45, 8) },
    attributes: { context: 45, heads: 3, inverse: false },
  },
  { title: '[70,37]', kernel: kernels.SwigluGrad, inputs: { gate: floats(70, 37), up: floats(70, 37), dy: floats(70, 37) } },
  {
    title: '500 tokens',
    kernel: kernels.ChannelSums,
    inputs: { nll: floats(500), channels: integers(500, 5, -1) },
    attributes: { count: 5 },
  },
];

/** Large enough a vocabulary for two blocks of rows. */
const losses: { rows: number; width: number; vocabulary: number }[] = [
  { rows: 40, width: 4, vocabulary: 33_000 },
  { rows: 37, width: 5, vocabulary: 33_001 },
  { rows: 75, width: 16, vocabulary: 131 },
];

describe.each([
  { tiles: 'registers', subgroups: false },
  { tiles: 'workgroup', subgroups: false },
  { tiles: 'workgroup', subgroups: true },
] as const)('GPU kernels by $tiles, subgroups: $subgroups', ({ tiles, subgroups }) => {
  const refused: string[] = [];

  beforeAll(async () => {
    await openBackend({ backend: 'cpu', threads: null, requireHardware: false });
    await openBackend({ backend: 'webgpu', threads: null, requireHardware: false });
    const { device } = tensorBackend() as unknown as { device: GPUDevice };
    device.onuncapturederror = ({ error }) => refused.push(error.message);
    // Where the adapter has none (Chromium's software one has), the last turn repeats the one before.
    registerWebgpuKernels(tiles, subgroups);
  });
  afterEach(() => expect(refused).toEqual([]));

  async function onCpu(item: Case) {
    await setBackend('cpu');
    const expected = await run(item);
    await setBackend('webgpu');
    return expected;
  }

  async function compare(item: Case, expected?: Awaited<ReturnType<typeof run>>) {
    const truth = expected ?? (await onCpu(item));
    const found = await run(item);
    expect(found.map(({ shape }) => shape)).toEqual(truth.map(({ shape }) => shape));
    found.forEach(({ values }, index) => expect(relativeError(values, truth[index]!.values), `output ${index}`).toBeLessThan(3e-5));
    return truth;
  }

  // Products and attention join nothing over a row's threads.
  const items = subgroups ? [...norms, ...others] : [...products, ...norms, ...others];
  it.each(items)('$kernel $title', (item) => compare(item).then(() => undefined));

  it.each(subgroups ? [] : attentions)('$kernel and its gradient $title', async (item) => {
    const [out, lse] = (await compare(item)) as [Host, Host];
    const gradient = { ...item, kernel: kernels.AttentionGrad, inputs: { ...item.inputs, out, lse, dout: floats(...out.shape) } };
    await compare(gradient);
  });

  it.each(subgroups ? losses.slice(-1) : losses)(
    'cross-entropy in blocks: $rows rows of $width, vocabulary $vocabulary',
    async ({ rows, width, vocabulary }) => {
      const inputs = { hidden: floats(rows, width), weight: floats(vocabulary, width), targets: integers(rows, vocabulary, -1) };
      inputs.targets.values[rows - 1] = -1;
      const forward = await compare({ title: '', kernel: kernels.CrossEntropy, inputs });
      const dnll = floats(rows);
      const backward = await compare({ title: '', kernel: kernels.CrossEntropyGrad, inputs: { ...inputs, lse: forward[1]!, dnll } });
      await compare({ title: '', kernel: kernels.CrossEntropyTrain, inputs: { ...inputs, dnll } }, [...forward, ...backward]);
    },
  );

  it.runIf(subgroups)('joins by subgroups where the device has them', async () => {
    const { device } = tensorBackend() as unknown as { device: GPUDevice };
    const modules = vi.spyOn(device, 'createShaderModule');
    await compare({ title: '', kernel: kernels.GlobalNorm, inputs: { 0: floats(70), 1: floats(9), 2: floats(5000) } });
    expect(modules.mock.calls.some(([{ code }]) => code.includes('subgroupAdd'))).toBe(device.features.has('subgroups'));
    modules.mockRestore();
  });

  it('updates weights and moments in place; another tensor on the same memory keeps its values, a read sees the new ones', async () => {
    const sizes = [7, 64, 300, 4, 1];
    const hosts = sizes.map((size) => [floats(size), floats(size), floats(size), floats(size)] as const);
    const settings = { lr: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, step: 3 };

    const updated = async (update: AdamwUpdates): Promise<Float32Array[]> => {
      const initial = hosts.map(([host]) => toTensor(host));
      const entries = hosts.map(([, gradient, first, second], index) => ({
        parameter: variable(initial[index]!),
        gradient: toTensor(gradient),
        first: variable(toTensor(first)),
        second: variable(square(toTensor(second))),
        settings: { ...settings, weightDecay: index % 2 === 0 ? 0 : 0.1 },
      }));
      const clipScale = scalar(0.5);
      expect(await entries[0]!.parameter.data()).toEqual(hosts[0]![0].values);
      update(entries, clipScale);
      // A read that ends after the next update.
      const between = entries[0]!.parameter.data();
      update(
        entries.map((entry) => ({ ...entry, settings: { ...entry.settings, step: 4 } })),
        clipScale,
      );
      await between;
      const values = await Promise.all(
        entries.flatMap(({ parameter, first, second }) => [parameter, first, second].map((one) => one.data<'float32'>())),
      );
      for (const [index, tensor] of initial.entries()) expect(await tensor.data()).toEqual(hosts[index]![0].values);
      return values;
    };
    await setBackend('cpu');
    const expected = await updated(adamwUpdatesOn('cpu'));
    await setBackend('webgpu');
    const found = await updated(adamwUpdatesOn('webgpu'));
    found.forEach((values, index) => expect(relativeError(values, expected[index]!)).toBeLessThan(3e-6));
  });
});
