import { memory, sum as sumOf, type Tensor2D } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../../src/core/rng/rng';
import {
  classification,
  createAdamW,
  evaluationSums,
  fileWeights,
  generate,
  labelProbabilities,
  loadModel,
  nextToken,
  DecoderModel,
  openBackend,
  parameterShapes,
  parseConfig,
  tokenLosses,
  trainingGradients,
} from '..';
import type { Batch, HostTensor, Objective } from '..';
import { crossEntropy } from '../ops/cross-entropy';

const config = parseConfig(
  'config.json',
  JSON.stringify({
    model_type: 'llama',
    vocab_size: 37,
    hidden_size: 12,
    intermediate_size: 20,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    max_position_embeddings: 16,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
    eos_token_id: 0,
  }),
);

const random = new Rng(5);
const weights: HostTensor[] = [...parameterShapes(config)].map(([name, shape]) => {
  const size = shape.reduce((product, side) => product * side, 1);
  return { name, shape, data: Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : random.uniform() - 0.5)) };
});
const text = Int32Array.from({ length: 10 }, () => random.integer(config.vocabulary));
const following = Int32Array.from(text, (_, at) => text[at + 1] ?? 3);
const whole: Batch = { rows: 1, context: 10, ids: text, targets: following, channels: Int32Array.of(0) };

describe.each(['cpu', 'wasm'] as const)('training on %s', (backend) => {
  let model: DecoderModel;
  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    model = new DecoderModel(config, weights);
  });
  afterAll(() => model.dispose());

  async function embeddingGradient(batch: Batch, dropout?: { rate: number; seed: number; step: number }): Promise<number[]> {
    const { gradients, sums } = trainingGradients(model, [batch], { channels: 1, ...(dropout ? { dropout } : {}) });
    const values = Array.from(await gradients.get('model.embed_tokens.weight')!.data());
    for (const tensor of [...gradients.values(), sums]) tensor.dispose();
    return values;
  }

  it('draws dropout masks from seed and step alone', async () => {
    const dropout = { rate: 0.2, seed: 11, step: 4 };
    const first = await embeddingGradient(whole, dropout);
    expect(await embeddingGradient(whole, dropout)).toEqual(first);
    expect(await embeddingGradient(whole, { ...dropout, step: 5 })).not.toEqual(first);
    expect(await embeddingGradient(whole, { ...dropout, seed: 12 })).not.toEqual(first);
    expect(await embeddingGradient(whole, { ...dropout, rate: 0 })).toEqual(await embeddingGradient(whole));
  });

  it('keeps packed documents apart: together they have the losses that each has by itself', async () => {
    const documents = Int32Array.from(text, (_, at) => (at < 4 ? 0 : 1));
    // The last token of a document predicts nothing.
    const targets = following.map((target, at) => (at === 3 || at === 9 ? -1 : target));
    const packed = await read(tokenLosses(model, { ...whole, targets, documents }));
    const alone: number[] = [];
    for (const [from, to] of [
      [0, 4],
      [4, 10],
    ] as const)
      alone.push(
        ...(await read(
          tokenLosses(model, {
            rows: 1,
            context: to - from,
            ids: text.slice(from, to),
            targets: targets.slice(from, to),
            channels: Int32Array.of(0),
          }),
        )),
      );
    packed.forEach((nll, at) => expect(nll).toBeCloseTo(alone[at]!, 5));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum(packed) - sum(alone))).toBeLessThan(1e-5);
    expect(packed[5]).not.toBeCloseTo((await read(tokenLosses(model, { ...whole, targets })))[5]!, 3);
  });

  it('gives packed documents the gradient of the two apart', async () => {
    const documents = Int32Array.from(text, (_, at) => (at < 5 ? 0 : 1));
    const packed = await embeddingGradient({ ...whole, documents });
    const apart = await embeddingGradient({ ...whole, rows: 2, context: 5, channels: Int32Array.of(0, 0) });
    packed.forEach((value, at) => expect(value).toBeCloseTo(apart[at]!, 5));
  });

  it('sums losses by channel over predicted tokens only', async () => {
    const targets = following.slice();
    targets[2] = targets[9] = -1;
    const batch = { ...whole, rows: 2, context: 5, targets, channels: Int32Array.of(2, 0) };
    const nll = await read(tokenLosses(model, batch));
    const sums = await read(evaluationSums(model, batch, 3));
    const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
    [total(nll.slice(5)), 0, total(nll.slice(0, 5)), 4, 0, 4].forEach((value, at) => expect(sums[at]).toBeCloseTo(value, 4));
  });

  it('leaves frozen parameters alone and without a gradient', async () => {
    const frozen = [...model.parameters].filter(([name]) => !name.includes('mlp'));
    for (const [, parameter] of frozen) parameter.trainable = false;
    const before = memory().numTensors;
    const { gradients, sums } = trainingGradients(model, [whole], { channels: 1 });
    expect([...gradients.keys()].every((name) => name.includes('mlp'))).toBe(true);
    expect(gradients.size).toBe(6);
    for (const tensor of [...gradients.values(), sums]) tensor.dispose();
    expect(memory().numTensors).toBe(before);
    for (const [, parameter] of frozen) parameter.trainable = true;
  });

  it('gives an objective that asks for the next token the losses and gradients of text, adds up what it says, and leaves no tensor', async () => {
    const before = memory().numTensors;
    const next: Objective = {
      losses({ model: asked, targets, gradient, hidden, figure }) {
        const losses = crossEntropy(hidden(), asked.headWeight(), targets, gradient);
        figure('sum', sumOf(losses), 10);
        return losses;
      },
    };
    const own: Batch = { ...whole, objective: next };
    const plain = trainingGradients(model, [whole, whole], { channels: 1 });
    const asked = trainingGradients(model, [own, own], { channels: 1 });
    for (const [name, gradient] of plain.gradients)
      expect(Array.from(await asked.gradients.get(name)!.data())).toEqual(Array.from(await gradient.data()));
    const sums = Array.from(await asked.sums.data());
    expect(sums).toEqual(Array.from(await plain.sums.data()));
    const said = asked.figures.named([(await asked.figures.tensors[0]!.data())[0]!]);
    expect(said['0/sum']!.count).toBe(20);
    expect(said['0/sum']!.sum).toBeCloseTo(sums[0]!, 4);
    for (const { gradients, sums: read, figures } of [plain, asked]) {
      for (const tensor of [...gradients.values(), read]) tensor.dispose();
      figures.dispose();
    }
    expect(memory().numTensors).toBe(before);
  });

  it('trains a head beside the model, frozen or not, and writes it with the weights', async () => {
    const twin = new DecoderModel(config, weights);
    twin.addHead('score.weight', 3, { seed: 1 });
    twin.freezeAllBut(new Set());
    const pooled: Objective = {
      losses: ({ model: asked, targets, gradient, hidden }) =>
        crossEntropy(hidden(), asked.parameters.get('score.weight') as unknown as Tensor2D, targets, gradient),
    };
    const targets = new Int32Array(10).fill(-1).with(9, 2);
    const { gradients, sums, figures } = trainingGradients(twin, [{ ...whole, targets, objective: pooled }], { channels: 1 });
    expect([...gradients.keys()]).toEqual(['score.weight']);
    expect((await sums.data())[1]).toBe(1);
    const written = await fileWeights(twin);
    expect(written.at(-1)).toMatchObject({ name: 'score.weight', shape: [3, 12] });
    for (const tensor of [...gradients.values(), sums]) tensor.dispose();
    figures.dispose();
    twin.dispose();
  });

  it('holds the same number of tensors after every step, with accumulation and dropout', async () => {
    const optimizer = createAdamW(model.parameters, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 });
    const counts = [0, 1, 2, 3].map((step) => {
      const { gradients, sums } = trainingGradients(model, [whole, whole], { channels: 1, dropout: { rate: 0.1, seed: 1, step } });
      const { norm } = optimizer.apply(gradients, 1e-3);
      sums.dispose();
      norm.dispose();
      return memory().numTensors;
    });
    expect(new Set(counts).size).toBe(1);
    optimizer.dispose();
  });

  it('generates past its context, the same for the same seed, and stops when told', async () => {
    const options = { temperature: 1, topK: 0, topP: 0.95, seed: 3, maxTokens: 30, stop: [] };
    const before = memory().numTensors;
    const first = await generate(model, Array.from(text), options, () => undefined);
    expect(first.ids).toHaveLength(30);
    expect((await generate(model, Array.from(text), options, () => undefined)).ids).toEqual(first.ids);
    expect((await generate(model, Array.from(text), { ...options, seed: 4 }, () => undefined)).ids).not.toEqual(first.ids);
    const stopped = await generate(model, Array.from(text), { ...options, stop: [first.ids[4]!] }, () => undefined);
    expect(stopped).toEqual({ ids: first.ids.slice(0, first.ids.indexOf(first.ids[4]!)), ended: 'stop' });
    const abort = new AbortController();
    const cancelled = await generate(model, Array.from(text), options, () => abort.abort(), abort.signal);
    expect(cancelled).toEqual({ ids: first.ids.slice(0, 1), ended: 'cancelled' });
    expect(memory().numTensors).toBe(before);
  });
});

async function read(tensor: ReturnType<typeof tokenLosses> | ReturnType<typeof evaluationSums>): Promise<number[]> {
  const values = Array.from(await tensor.data());
  tensor.dispose();
  return values;
}

describe('objectives of records, against TRL and transformers on nano', () => {
  interface SftFixture {
    maxLength: number;
    sft: { labels: number[][]; nll: number[]; loss: number };
    templates: { plain: { cases: { ids: number[]; mask: string }[] } };
    classification: {
      score: number[];
      last: { loss: number; probabilities: number[] }[];
      mean: { loss: number; probabilities: number[] }[];
      lastGradient: number[];
      meanGradient: number[];
      ids: number[][];
      texts: [string, number][];
    };
  }
  const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  const nano = (name: string) => `/models/nano/${name}`;
  let model: DecoderModel;
  let fixture: SftFixture;
  beforeAll(async () => {
    await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
    fixture = (await (await fetch(new URL('../../../e2e/parity/fixtures/sft.json', import.meta.url))).json()) as SftFixture;
    const config = { name: 'config.json', text: new TextDecoder().decode(await bytesOf(nano('config.json'))) };
    const weightsFile = { name: 'model.safetensors', bytes: await bytesOf(nano('model.safetensors')) };
    model = await loadModel({ config, weights: [weightsFile], tokenizerSize: 4096 });
  });
  afterAll(() => model.dispose());

  it("has the losses of SFTTrainer's batch, packed with others and apart", async () => {
    const { maxLength, sft, templates } = fixture;
    const context = 2 * maxLength;
    const conversations = templates.plain.cases
      .map(({ ids, mask }) => ({ ids: ids.slice(0, maxLength), mask }))
      .filter(({ ids, mask }) => mask.slice(0, ids.length).includes('1'));
    // Two in a row where they fit; the order is the fixture's.
    const rows: (typeof conversations)[] = [];
    for (const one of conversations) {
      const places = (row: typeof conversations) => row.reduce((total, { ids }) => total + ids.length - 1, 0);
      const last = rows.at(-1);
      if (last && places(last) + one.ids.length - 1 <= context) last.push(one);
      else rows.push([one]);
    }
    expect(rows.length).toBeLessThan(conversations.length);
    const batch: Batch = {
      rows: rows.length,
      context,
      ids: new Int32Array(rows.length * context),
      targets: new Int32Array(rows.length * context).fill(-1),
      channels: new Int32Array(rows.length),
      documents: new Int32Array(rows.length * context),
      objective: nextToken,
    };
    rows.forEach((row, at) => {
      let place = at * context;
      row.forEach(({ ids, mask }, number) => {
        for (let token = 0; token + 1 < ids.length; token++, place++) {
          batch.ids[place] = ids[token]!;
          if (mask[token + 1] === '1') batch.targets[place] = ids[token + 1]!;
          batch.documents![place] = number;
        }
      });
      batch.documents!.fill(row.length, place, (at + 1) * context);
    });
    const sums = evaluationSums(model, batch, 1);
    const [nll, tokens] = await sums.data();
    sums.dispose();
    expect(tokens).toBe(sft.labels.flat().filter((label) => label >= 0).length);
    expect(nll! / sft.nll.reduce((total, one) => total + one, 0)).toBeCloseTo(1, 4);
    expect(nll! / tokens!).toBeCloseTo(sft.loss, 3);
  });

  it.each(['last', 'mean'] as const)("has transformers' losses, gradient and probabilities of labels, pooled %s", async (pooling) => {
    const { classification: expected } = fixture;
    const context = 24;
    const batch: Batch = {
      rows: expected.texts.length,
      context,
      ids: new Int32Array(expected.texts.length * context).fill(7),
      targets: new Int32Array(expected.texts.length * context).fill(-1),
      channels: new Int32Array(expected.texts.length),
      objective: classification(pooling),
    };
    expected.ids.forEach((ids, row) => {
      batch.ids.set(ids, row * context);
      batch.targets[row * context + ids.length - 1] = expected.texts[row]![1];
    });
    model.addHead('score.weight', 3, Float32Array.from(expected.score));
    model.freezeAllBut(new Set());
    const losses = Array.from(await tokenLosses(model, batch).data()).filter((_, at) => batch.targets[at]! >= 0);
    losses.forEach((loss, row) => expect(loss).toBeCloseTo(expected[pooling][row]!.loss, 4));
    const { gradients, sums, figures } = trainingGradients(model, [batch], { channels: 1 });
    expect([...gradients.keys()]).toEqual(['score.weight']);
    const gradient = await gradients.get('score.weight')!.data();
    expected[`${pooling}Gradient`].forEach((value, at) => expect(gradient[at]).toBeCloseTo(value, 4));
    const right = expected[pooling].filter(
      ({ probabilities }, row) => probabilities.indexOf(Math.max(...probabilities)) === expected.texts[row]![1],
    ).length;
    expect(Object.keys(figures.named([0]))).toEqual(['0/accuracy']);
    expect(await figures.tensors[0]!.data()).toEqual(Float32Array.of(right));
    const found = labelProbabilities(model, batch, pooling);
    expect(Array.from(await found.data())).toHaveLength(12);
    (await found.data()).forEach((value, at) =>
      expect(value).toBeCloseTo(expected[pooling].flatMap(({ probabilities }) => probabilities)[at]!, 4),
    );
    for (const tensor of [...gradients.values(), sums, found]) tensor.dispose();
    figures.dispose();
  });
});
