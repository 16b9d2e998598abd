/**
 * Weights on the device, by reference: the files of a base model, or those of a run's checkpoint beside its base's config and tokenizer.
 * `OpenModels` keeps those that evaluation used last.
 */
import { loadModel, type DecoderModel } from '../engine';
import type { WeightsRef } from '../../src/contract/evaluation';
import { openCheckpointModel } from '../storage/checkpoints';
import { findModel, weightHashes, weightSources, type TrainedWeights } from '../storage/models';
import { readRun } from '../storage/runs';
import { loadTokenizer, type LoadedTokenizer } from '../tokenizer/open';

export interface LoadedWeights {
  model: DecoderModel;
  /** Model id whose config and tokenizer these weights use. */
  base: string;
  tokenizer: LoadedTokenizer;
  /** SHA-256 over the weight files, an adapter's among them. */
  hash: string;
}

/** @throws StudioError of reading and checking the files */
async function loadWeights(ref: WeightsRef): Promise<LoadedWeights> {
  if (ref.kind === 'model') return assemble(ref.model, null);
  const { recipe } = await readRun(ref.run);
  return assemble(recipe.base, { file: await openCheckpointModel(ref.run, ref.step), method: recipe.method });
}

/** A base's config and tokenizer with its own weights, or with what a run made of them. */
export async function assemble(base: string, trained: TrainedWeights | null): Promise<LoadedWeights> {
  const tokenizer = await loadTokenizer(base);
  const sources = await weightSources(await findModel(base), trained);
  const model = await loadModel({ ...sources, tokenizerSize: tokenizer.tokenizer.size });
  return { model, base, tokenizer, hash: (await weightHashes(sources)).join() };
}

/** A base's weights alone, without its tokenizer and unhashed. */
export async function openBase(base: string): Promise<DecoderModel> {
  return loadModel(await weightSources(await findModel(base), null));
}

/** Models that stay on the device after use: both sides of a comparison. */
const KEPT = 2;

interface Open {
  loaded: Promise<LoadedWeights>;
  uses: number;
}

/** Models opened for evaluation. None is freed while somebody uses it. */
export class OpenModels {
  /** Least recently used first. */
  private readonly open = new Map<string, Open>();

  constructor(private readonly load: (ref: WeightsRef) => Promise<LoadedWeights> = loadWeights) {}

  /** Gives `work` the weights, which stay open until it settles. */
  async use<T>(ref: WeightsRef, work: (loaded: LoadedWeights) => Promise<T>): Promise<T> {
    const key = JSON.stringify(ref.kind === 'model' ? ['model', ref.model] : ['checkpoint', ref.run, ref.step]);
    const entry = this.open.get(key) ?? { loaded: this.load(ref), uses: 0 };
    this.open.delete(key);
    this.open.set(key, entry);
    entry.uses += 1;
    try {
      return await work(await entry.loaded);
    } finally {
      entry.uses -= 1;
      await this.free(KEPT);
    }
  }

  /** Frees all that nobody uses: a run goes on, and its checkpoints may change. */
  clear(): Promise<void> {
    return this.free(0);
  }

  /** Forgets all without freeing: the device they lay on is gone. */
  forget(): void {
    this.open.clear();
  }

  private async free(kept: number): Promise<void> {
    for (const [key, entry] of [...this.open]) {
      const failed = await entry.loaded.then(
        () => false,
        () => true,
      );
      if (entry.uses > 0 || this.open.get(key) !== entry || (!failed && this.open.size <= kept)) continue;
      this.open.delete(key);
      if (!failed) (await entry.loaded).model.dispose();
    }
  }
}
