/** The bundled base on the studio's own probes, texts and attention, held against transformers (e2e/parity/make_evaluation_fixtures.py). */
import { mul, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fixtures from '../../e2e/parity/fixtures/evaluation.json';
import sampling from '../../e2e/parity/fixtures/sampling.json';
import { usualEcho } from '../../src/core/recipe/edits';
import { parseProbes } from '../../src/core/probes/probe';
import { CachedDecoder, loadModel, openBackend, sampleToken, type DecoderModel } from '../engine';
import { TextTokenizer } from '../tokenizer/text-tokenizer';
import { attentionDivergence, attentionMaps } from '../runtime/attention';
import { documentLosses } from './channels';
import { MergedModel } from './merges';
import { sequenceModel } from '../runtime/engine-model';
import { writeDocuments } from '../runtime/echo';
import { EngineLock } from '../runtime/turns';
import { scoreProbes } from '../runtime/probe-scores';
import { sequenceLosses, type SequenceModel } from '../runtime/sequences';
import { weightChanges } from './weight-changes';

const greedy = { temperature: 0, topK: 0, topP: 1 };
const folder = '/models/nano';
const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => undefined };

describe('evaluation of the base on wasm', () => {
  let model: DecoderModel;
  let tokenizer: TextTokenizer;
  let scorer: SequenceModel;
  let bytes: Uint8Array<ArrayBuffer>;
  let config: { name: string; text: string };

  beforeAll(async () => {
    await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
    bytes = new Uint8Array(await (await fetch(`${folder}/model.safetensors`)).arrayBuffer());
    config = { name: 'config.json', text: await (await fetch(`${folder}/config.json`)).text() };
    const json = await (await fetch(`${folder}/tokenizer.json`)).text();
    tokenizer = await TextTokenizer.open({ tokenizer: json, config: null, model: config.text });
    model = await loadModel({ config, weights: [{ name: 'model.safetensors', bytes }] });
    scorer = sequenceModel(model);
  });
  afterAll(() => model.dispose());

  it.each(fixtures.sets)('answers $id as transformers does', async ({ id, items, right, likelihoods }) => {
    const { probes } = parseProbes(await (await fetch(`/probes/${id}.jsonl`)).text());
    const scores = await scoreProbes(scorer, tokenizer, probes, options);
    expect(scores).toHaveLength(items);
    expect(scores.filter((score) => 'right' in score && score.right)).toHaveLength(right);
    likelihoods.forEach((expected, at) => {
      const score = scores[at]!;
      const found = score.kind === 'pair' ? [score.good, score.bad] : score.kind === 'choice' ? score.likelihoods : [];
      expect(found).toEqual(expected.map((value) => expect.closeTo(value, 3)));
    });
  });

  it('writes several texts side by side as transformers writes them, also when some are left', async () => {
    const decoder = new CachedDecoder(model, sampling.prompts.length);
    const likeliest = (logits: Float32Array, rows: number) =>
      Array.from({ length: rows }, (_, row) => sampleToken(logits.subarray(row * 4096, (row + 1) * 4096), greedy, 0));
    const found = sampling.prompts.map((): number[] => []);
    let rows = [0, 1, 2];
    let next = sampling.prompts;
    for (let token = 0; token < 12; token++) {
      const ids = likeliest(await decoder.append(next), rows.length);
      ids.forEach((id, at) => found[rows[at]!]!.push(id));
      next = ids.map((id) => [id]);
      if (token !== 5) continue;
      // The second one ends here.
      decoder.keep([0, 2]);
      [rows, next] = [
        [0, 2],
        [next[0]!, next[2]!],
      ];
    }
    decoder.dispose();
    expect(found).toEqual([sampling.written[0], sampling.written[1]!.slice(0, 6), sampling.written[2]]);
  });

  it('writes the same documents by the same seed, each by its number, and begins with the prompt', async () => {
    const loaded = { model, base: 'nano', hash: '', tokenizer: { tokenizer, hash: '' } };
    const work = { lock: new EngineLock(), yield: async () => undefined, signal: new AbortController().signal };
    const settings = { ...usualEcho('nano'), length: 12, seed: 3 };
    const first = async (prompts: (at: number) => number[], seed = 3): Promise<number[][]> => {
      for await (const documents of writeDocuments(loaded, { ...settings, seed }, prompts, work)) return documents.map(({ ids }) => ids);
      return [];
    };
    const plain = await first(() => []);
    expect(plain).toHaveLength(96);
    expect(await first(() => [])).toEqual(plain);
    expect(await first(() => [], 4)).not.toEqual(plain);
    const begun = await first((at) => [40, 41, 42].slice(0, at % 4));
    begun.forEach((ids, at) => expect(ids.slice(0, at % 4)).toEqual([40, 41, 42].slice(0, at % 4)));
    expect(begun.every(({ length }) => length <= 12)).toBe(true);
    // Another company of rows does not change a document but by the order of sums.
    expect(begun.filter((ids, at) => at % 4 === 0 && ids.join() === plain[at]!.join()).length).toBeGreaterThan(20);
  });

  it.each(fixtures.texts)(
    'reads $id with the perplexity of transformers, whatever the batch',
    async ({ documents, nll, tokens, perplexity }) => {
      const sequences = documents.map((text) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
      const together = await sequenceLosses(scorer, sequences, options);
      const sums = together.map((losses) => losses.reduce((sum, loss) => sum + loss, 0));
      expect(together.map(({ length }) => length)).toEqual(tokens);
      sums.forEach((sum, at) => expect(Math.abs(sum / nll[at]! - 1)).toBeLessThan(1e-4));
      const total = tokens.reduce((sum, count) => sum + count, 0);
      expect(Math.exp(sums.reduce((sum, value) => sum + value, 0) / total)).toBeCloseTo(perplexity, 2);
      const alone = await sequenceLosses(scorer, sequences, { ...options, tokensPerBatch: 1 });
      expect(alone).toEqual(together);
    },
  );

  it.each(fixtures.texts)('measures each document of $id by itself, whatever its neighbours', async ({ documents, nll, tokens }) => {
    const measure = async (order: readonly number[]) => {
      const ids: number[] = [];
      const starts: number[] = [];
      for (const at of order) {
        starts.push(ids.length);
        ids.push(...tokenizer.encode(documents[at]!), tokenizer.endOfText);
      }
      const bytes = order.map((at) => new TextEncoder().encode(documents[at]).length);
      const split = { ids: Uint32Array.from(ids), starts: Uint32Array.from(starts), bytes: Uint32Array.from(bytes) };
      const all = order.map((_, at) => at);
      const parts = [{ tokens: split, chosen: all }];
      return (await documentLosses({ ...scorer, context: 256 }, parts, tokenizer.startOfText, options))[0]!;
    };
    const forth = documents.map((_, at) => at);
    const sums = await measure(forth);
    expect(sums.tokens).toEqual(tokens);
    sums.nll.forEach((sum, at) => expect(Math.abs(sum / nll[at]! - 1)).toBeLessThan(1e-5));
    const back = await measure(forth.toReversed());
    back.nll.toReversed().forEach((sum, at) => expect(Math.abs(sum / sums.nll[at]! - 1)).toBeLessThan(1e-6));
    expect(back.bytes.toReversed()).toEqual(sums.bytes);
  });

  it('merges two models as torch does, and leaves them as they are', async () => {
    const other = await loadModel({ config, weights: [{ name: 'model.safetensors', bytes }] });
    for (const [, parameter] of other.parameters) {
      const values = await parameter.data<'float32'>();
      const moved = tensor(
        values.map((value, at) => value + ((at % 17) - 8) * 0.0005),
        parameter.shape,
      );
      parameter.assign(moved);
      moved.dispose();
    }
    const merged = new MergedModel(model, [other]);
    try {
      const documents = fixtures.texts[0]!.documents.slice(0, fixtures.merges[0]!.nll.length);
      const sequences = documents.map((text) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
      for (const { factor, nll } of fixtures.merges) {
        merged.set([factor]);
        const sums = (await sequenceLosses(sequenceModel(merged.model), sequences, options)).map((losses) =>
          losses.reduce((sum, loss) => sum + loss, 0),
        );
        sums.forEach((sum, at) => expect(Math.abs(sum / nll[at]! - 1)).toBeLessThan(1e-5));
      }
      // Two tuned models: their moves add up. Of the same model, a half and a half are one.
      const both = new MergedModel(model, [other, other]);
      both.set([0.5, 0.5]);
      expect((await weightChanges(both.model, other)).every(({ change, size }) => change < 1e-6 * size)).toBe(true);
      both.dispose();
    } finally {
      merged.dispose();
      other.dispose();
    }
    const fresh = await loadModel({ config, weights: [{ name: 'model.safetensors', bytes }] });
    expect((await weightChanges(fresh, model)).every(({ change }) => change === 0)).toBe(true);
    fresh.dispose();
  });

  it('attends as transformers does', async () => {
    const { ids, lastRows, firstHead } = fixtures.attention;
    expect([tokenizer.endOfText, ...tokenizer.encode(fixtures.attention.text)]).toEqual(ids);
    const maps = await attentionMaps(model, ids);
    const length = ids.length;
    expect(maps).toHaveLength(lastRows.length);
    maps.forEach((map, layer) =>
      lastRows[layer]!.forEach((expected, head) => {
        const from = (head * length + length - 1) * length;
        expect(Array.from(map.weights.subarray(from, from + length))).toEqual(expected.map((value) => expect.closeTo(value, 4)));
      }),
    );
    expect(Array.from(maps[0]!.weights.subarray(0, length * length))).toEqual(firstHead.flat().map((value) => expect.closeTo(value, 4)));
    expect(attentionDivergence(maps[0]!, maps[0]!)).toBe(0);
    expect(attentionDivergence(maps[0]!, maps[1]!)).toBeGreaterThan(0.01);
  });

  it('changes no weight, and tells where another model differs', async () => {
    const fresh = await loadModel({ config, weights: [{ name: 'model.safetensors', bytes }] });
    try {
      expect((await weightChanges(fresh, model)).every(({ change, size }) => change === 0 && size > 0)).toBe(true);
      const [name, first] = [...fresh.parameters][2]!;
      first.assign(mul(first, 1.01));
      const moved = (await weightChanges(model, fresh)).filter(({ change }) => change > 0);
      expect(moved).toEqual([
        { name, layer: 0, parameters: first.size, change: expect.any(Number) as number, size: expect.any(Number) as number },
      ]);
      expect(moved[0]!.change / moved[0]!.size).toBeCloseTo(0.01, 4);
    } finally {
      fresh.dispose();
    }
  });
});
