/**
 * Measures of several sets of weights on the same text, the first of them the base. Models are read one after the other, so that
 * no more than two lie on the device.
 */
import { StudioError } from '../../src/core/errors';
import {
  measureMixture,
  type DocumentSums,
  type MixtureMeasure,
  measureMemorisation,
  overallTermLoss,
  termLoss,
  type TermSums,
} from '../../src/core/metrics/text-measure';
import { measureProbes, type ProbeMeasure } from '../../src/core/metrics/probe-measure';
import type { Probe } from '../../src/core/probes/probe';
import type { Recipe } from '../../src/core/recipe/schema';
import type { ProbeScore } from '../../src/core/probes/probe-score';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { addNoise, COMMON_SYNONYMS, deleteWords, Synonyms } from '../../src/core/text/perturb';
import type {
  AttentionView,
  ChannelMemorisation,
  MeasuredChannel,
  NoiseKind,
  RobustnessCurve,
  TermPassage,
  TermsMeasure,
} from '../../src/contract/evaluation';
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelTokens } from '../runtime/channel-tokens';
import { rowOrders } from '../runtime/channel-stream';
import type { LoadedWeights } from '../runtime/weights';
import { attentionDivergence, attentionMaps, MAP_TOKENS, type LayerAttention } from './attention';
import { checkCancelled, type Work } from './comparison';
import { documentLosses, spreadDocuments } from './channels';
import { scoreProbes } from '../runtime/probe-scores';
import { heldOutStarts } from '../runtime/held-out';
import { seenRows } from './memorisation';
import { sequenceModel } from '../runtime/engine-model';
import { sequenceLosses, type SequenceModel, type SequenceOptions } from '../runtime/sequences';
import { termPlaces, type TermPlace } from './terms';
import { withWrittenAnswers } from './probes';

/** Of resamples, so that the same measure gives the same interval. */
const SEED = 95;
/** Context in which documents are packed: short enough for every model, and the same for all. */
const CONTEXT = 256;
/** Passages shown of one term, and terms shown. */
const PASSAGES = 5;
const TERMS = 200;
const NOISE_LEVELS = [0, 0.05, 0.1, 0.2, 0.3];

export interface MeasureTools {
  /** How many models there are. */
  models: number;
  /** Gives `use` the weights of a model, which stay open until it settles. */
  open<T>(model: number, use: (weights: LoadedWeights) => Promise<T>): Promise<T>;
  /** Token streams of channels under the model's tokenizer. */
  read(weights: LoadedWeights, channels: readonly MeasuredChannel[]): Promise<ChannelTokens[]>;
  onProgress: OnProgress;
  work: Work;
}

export async function channelsOf(channels: readonly MeasuredChannel[], count: number, tools: MeasureTools): Promise<MixtureMeasure> {
  const sums = channels.map((): DocumentSums[] => []);
  const hashes: string[] = [];
  const context = await shortestContext(tools);
  await inTurn(tools, async (weights, model, progress) => {
    hashes.push(weights.tokenizer.hash);
    const bytes = weights.tokenizer.tokenizer.byteLengths();
    const texts = await tools.read(weights, channels);
    for (const [at, { heldOut, heldOutDocuments }] of texts.entries()) {
      const chosen = spreadDocuments(heldOutDocuments.length, count);
      const options = paced(tools, (done) => progress((at + done) / texts.length));
      const tokens = { ids: heldOut, offsets: heldOutDocuments };
      sums[at]!.push(await documentLosses({ ...model, context }, tokens, chosen, bytes, options));
    }
  });
  const measured = channels.map(({ id, role }, at) => ({ id, role, models: sums[at]! })).filter(({ models }) => tokensOf(models) > 0);
  return measureMixture(measured, { seed: SEED, sameTokens: hashes.map((hash) => hash === hashes[0]) });
}

const tokensOf = (models: readonly DocumentSums[]) => models[0]?.tokens.reduce((sum, count) => sum + count, 0) ?? 0;

export async function termsOf(
  channels: readonly MeasuredChannel[],
  terms: readonly string[],
  count: number,
  tools: MeasureTools,
): Promise<TermsMeasure> {
  const places: TermPlace[][] = [];
  let documents = 0;
  await inTurn(tools, async (weights, model, progress) => {
    const { tokenizer } = weights.tokenizer;
    const texts = await tools.read(weights, channels);
    const chosen = texts.flatMap(({ heldOut, heldOutDocuments }) =>
      spreadDocuments(heldOutDocuments.length, count).map((at) =>
        // Without the end-of-text token that closes it.
        heldOut.subarray(heldOutDocuments[at], (heldOutDocuments[at + 1] ?? heldOut.length) - 1),
      ),
    );
    documents = chosen.length;
    places.push(await termPlaces(model, tokenizer, tokenizer.endOfText, chosen, terms, paced(tools, progress)));
  });
  const [base] = places;
  if (!base || places.some((found) => found.length !== base.length)) throw new Error('Models found different terms in the same text');
  const sums = new Map<string, TermSums & { passages: TermPassage[] }>();
  base.forEach(({ term, bytes, before, text, after }, at) => {
    const entry = sums.get(term) ?? { term, count: 0, nll: places.map(() => 0), tokens: places.map(() => 0), bytes: 0, passages: [] };
    sums.set(term, entry);
    entry.count += 1;
    entry.bytes += bytes;
    places.forEach((found, model) => {
      entry.nll[model]! += found[at]!.nll;
      entry.tokens[model]! += found[at]!.tokens;
    });
    if (entry.passages.length < PASSAGES)
      entry.passages.push({ before, term: text, after, loss: places.map((found) => found[at]!.nll / found[at]!.tokens) });
  });
  const all = [...sums.values()].sort((a, b) => b.count - a.count);
  return {
    overall: overallTermLoss(all),
    terms: all.slice(0, TERMS).map((entry) => ({ ...termLoss(entry), passages: entry.passages })),
    documents,
  };
}

export async function probesOf(probes: readonly Probe[], tools: MeasureTools): Promise<{ scores: ProbeScore[][]; measure: ProbeMeasure }> {
  const scores: ProbeScore[][] = [];
  await inTurn(tools, async (weights, model, progress) => {
    // Writing costs a pass a token, so it counts for most of the time where it is asked for.
    const reading = probes.some(({ kind }) => kind === 'reference') ? 0.2 : 1;
    const read = await scoreProbes(
      model,
      weights.tokenizer.tokenizer,
      probes,
      paced(tools, (share) => progress(reading * share)),
    );
    scores.push(await withWrittenAnswers(weights, probes, read, tools.work, (share) => progress(reading + (1 - reading) * share)));
  });
  return { scores, measure: measureProbes(probes, scores, SEED) };
}

export interface SeenText {
  recipe: Recipe;
  /** Channel id → where the checkpoint's sampler stands. */
  cursors: Readonly<Record<string, { epoch: number; position: number }>>;
}

/** Rows that the run has drawn against held-out rows of the same length, for channels that have both. */
export async function memorisationOf({ recipe, cursors }: SeenText, rows: number, tools: MeasureTools): Promise<ChannelMemorisation[]> {
  const { seed, sequenceLength: context, channels } = recipe;
  const sums = channels.map(() => ({ seen: [] as DocumentSums[], unseen: [] as DocumentSums[] }));
  await inTurn(tools, async (weights, model, progress) => {
    const bytes = weights.tokenizer.tokenizer.byteLengths();
    const texts = await tools.read(weights, channels);
    const orders = rowOrders(recipe, texts);
    for (const [at, { id, train, heldOut }] of texts.entries()) {
      const starts = {
        seen: seenRows(id, train, context, seed, cursors[id], rows, orders[id]),
        unseen: heldOutStarts(heldOut.length, context, rows).filter((start) => start + context < heldOut.length),
      };
      const cut = (ids: ArrayLike<number>, start: number) => Array.from({ length: context + 1 }, (_, token) => ids[start + token]!);
      const sequences = [...starts.seen.map((start) => cut(train, start)), ...starts.unseen.map((start) => cut(heldOut, start))];
      const options = paced(tools, (done) => progress((at + done) / texts.length));
      const losses = await sequenceLosses(model, sequences, options);
      const part = (from: number, to: number) => sumsOf(sequences.slice(from, to), losses.slice(from, to), bytes);
      sums[at]!.seen.push(part(0, starts.seen.length));
      sums[at]!.unseen.push(part(starts.seen.length, sequences.length));
    }
  });
  return channels.flatMap(({ id }, at) => {
    const { seen, unseen } = sums[at]!;
    return tokensOf(seen) > 0 && tokensOf(unseen) > 0 ? [{ id, measure: measureMemorisation(seen, unseen, deriveSeed(SEED, id)) }] : [];
  });
}

function sumsOf(sequences: readonly (readonly number[])[], losses: readonly Float32Array[], tokenBytes: ArrayLike<number>): DocumentSums {
  return {
    nll: losses.map((nll) => nll.reduce((sum, loss) => sum + loss, 0)),
    tokens: losses.map(({ length }) => length),
    bytes: sequences.map((ids) => ids.slice(1).reduce((sum, id) => sum + (tokenBytes[id] ?? 0), 0)),
  };
}

export async function robustnessOf(channels: readonly MeasuredChannel[], count: number, tools: MeasureTools): Promise<RobustnessCurve[]> {
  const synonyms = new Synonyms(COMMON_SYNONYMS);
  const changes: Record<NoiseKind, (text: string, rate: number, random: Rng) => string> = {
    characters: addNoise,
    deletion: deleteWords,
    synonym: (text, rate, random) => synonyms.swap(text, rate, random),
  };
  const kinds = Object.keys(changes) as NoiseKind[];
  const curves = kinds.map((kind): RobustnessCurve => ({ kind, levels: NOISE_LEVELS, bitsPerByte: [] }));
  let texts: string[] | null = null;
  await inTurn(tools, async (weights, model, progress) => {
    const { tokenizer } = weights.tokenizer;
    // The base's tokens give the text back for all models alike.
    texts ??= (await tools.read(weights, channels)).flatMap(({ heldOut, heldOutDocuments }) =>
      spreadDocuments(heldOutDocuments.length, count).map((at) =>
        tokenizer.decode(Array.from(heldOut.subarray(heldOutDocuments[at], (heldOutDocuments[at + 1] ?? heldOut.length) - 1))),
      ),
    );
    const lengths = tokenizer.byteLengths();
    const noisy = NOISE_LEVELS.filter((level) => level > 0);
    const passes = 1 + kinds.length * noisy.length;
    let pass = 0;
    const bitsOf = async (read: readonly string[]): Promise<number> => {
      const sequences = read.map((text) => [tokenizer.endOfText, ...tokenizer.encode(text)]);
      const options = paced(tools, (done) => progress((pass + done) / passes));
      const { nll, bytes } = sumsOf(sequences, await sequenceLosses(model, sequences, options), lengths);
      pass += 1;
      const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
      return sum(nll) / (sum(bytes) * Math.LN2);
    };
    const clean = await bitsOf(texts);
    for (const [place, kind] of kinds.entries()) {
      const bits = [clean];
      for (const level of noisy)
        bits.push(await bitsOf(texts.map((text, at) => changes[kind](text, level, new Rng(deriveSeed(SEED, kind, level, at))))));
      curves[place]!.bitsPerByte.push(bits);
    }
  });
  return curves;
}

/** @throws StudioError `config-unsupported` when the models' layers, heads or tokens differ */
export async function attentionOf(text: string, tools: MeasureTools): Promise<AttentionView> {
  const maps: LayerAttention[][] = [];
  let tokens: string[] = [];
  let first: number[] = [];
  await inTurn(tools, async ({ model, tokenizer: { tokenizer } }, _, progress) => {
    const ids = [tokenizer.endOfText, ...tokenizer.encode(text)].slice(0, Math.min(MAP_TOKENS, model.config.context));
    if (maps.length === 0) {
      first = ids;
      tokens = ids.map((id) => tokenizer.decode([id]));
    }
    const [base] = maps;
    if (base && (base.length !== model.config.layers || base[0]?.heads !== model.config.heads || ids.join() !== first.join()))
      throw new StudioError('config-unsupported', 'Attention can be set side by side only for models of one shape and tokenizer', {
        file: 'config.json',
        field: 'num_hidden_layers, num_attention_heads, tokenizer',
        value: `${model.config.layers}, ${model.config.heads}`,
        accepted: `${base.length}, ${base[0]?.heads ?? 0}`,
      });
    await tools.work.yield();
    checkCancelled(tools.work.signal);
    maps.push(await tools.work.lock.run(() => attentionMaps(model, ids)));
    progress(1);
  });
  return {
    tokens,
    models: maps.map((layers) => layers.map(({ heads, weights }) => ({ heads, weights }))),
    divergence: maps.map((layers) => layers.map((map, layer) => attentionDivergence(maps[0]![layer]!, map))),
  };
}

/** Reads models one after the other; `progress` takes the share of the present one that is done. */
async function inTurn(
  tools: MeasureTools,
  use: (weights: LoadedWeights, model: SequenceModel, progress: (share: number) => void) => Promise<void>,
): Promise<void> {
  for (let model = 0; model < tools.models; model++) {
    checkCancelled(tools.work.signal);
    const item = String(model);
    const progress = (share: number) => tools.onProgress({ phase: 'evaluate', item, done: model + share, total: tools.models });
    await tools.open(model, (weights) => use(weights, sequenceModel(weights), progress));
  }
}

async function shortestContext(tools: MeasureTools): Promise<number> {
  let context = CONTEXT;
  for (let model = 0; model < tools.models; model++)
    await tools.open(model, async (weights) => void (context = Math.min(context, weights.model.config.context)));
  return context;
}

function paced({ work }: MeasureTools, progress: (share: number) => void): SequenceOptions {
  return {
    exclusively: (batch) => work.lock.run(batch),
    async between(done, total) {
      progress(total === 0 ? 1 : done / total);
      await work.yield();
      checkCancelled(work.signal);
    },
  };
}
