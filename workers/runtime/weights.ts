/**
 * Weights on the device, by reference: the files of a base model, or those of a run's checkpoint beside its base's config and tokenizer.
 * `OpenModels` keeps those that evaluation used last.
 */
import { loadModel, LowRankAdapter, restoreHeads, type DecoderModel } from '../engine';
import type { WeightsRef } from '../../src/contract/evaluation';
import { openCheckpointModel } from '../storage/checkpoints';
import type { Quantisation } from '../../src/core/model/quantisation';
import type { LoraMethod } from '../../src/core/recipe/schema';
import { sha256OfBlob } from '../storage/hash';
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

/**
 * @param openBase the weights of a base that is kept open for as long as what is loaded here
 * @throws StudioError of reading and checking the files
 */
type Load = (ref: WeightsRef, openBase: (model: string) => Promise<LoadedWeights>) => Promise<LoadedWeights>;

const loadWeights: Load = async (ref, open) => {
  if (ref.kind === 'model') return assemble(ref.model, null);
  const { recipe } = await readRun(ref.run);
  const file = await openCheckpointModel(ref.run, ref.step, ref.average);
  if (recipe.method?.kind !== 'lora') return assemble(recipe.base, { file, method: recipe.method });
  return withAdapter(await open(recipe.base), recipe.method, file);
};

/** A base's config and tokenizer with its own weights, or with what a run made of them. @param quantisation of the maps of the blocks */
export async function assemble(base: string, trained: TrainedWeights | null, quantisation?: Quantisation): Promise<LoadedWeights> {
  const tokenizer = await loadTokenizer(base);
  const sources = await weightSources(await findModel(base), trained);
  const model = await loadModel({ ...sources, tokenizerSize: tokenizer.tokenizer.size }, quantisation);
  model.marks = tokenizer.tokenizer.marks;
  const hashes = await weightHashes(sources);
  return { model, base, tokenizer, hash: [...hashes, ...(quantisation ? [quantisation] : [])].join() };
}

/** An adapter on a base that is open already, of which it adds its own tensors alone to the device. */
async function withAdapter(base: LoadedWeights, method: LoraMethod, file: Blob): Promise<LoadedWeights> {
  const adapter = new LowRankAdapter(base.model.config, method, 0);
  const model = base.model.beside(adapter);
  try {
    await adapter.restore('model.safetensors', file, model.parameters);
    await restoreHeads(model, 'model.safetensors', file);
    return { ...base, model, hash: [base.hash, await sha256OfBlob(file)].join() };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** A base's weights alone, without its tokenizer and unhashed. */
export const openBase = (base: string): Promise<DecoderModel> => openTrained(base, null);

/** As `openBase`, with what a run made of the weights. */
export async function openTrained(base: string, trained: TrainedWeights | null): Promise<DecoderModel> {
  return loadModel(await weightSources(await findModel(base), trained));
}

/** Whole models that stay on the device after use, both sides of a comparison; and adapters on them, which are small. */
const KEPT = 2;
const KEPT_ADAPTERS = 8;

interface Open {
  loaded: Promise<LoadedWeights>;
  uses: number;
  /** Of an adapter: the model whose weights it stands beside. */
  base: Open | null;
}

/** Models opened for evaluation; adapters of one base share its weights. None is freed while somebody uses it or an adapter on it. */
export class OpenModels {
  /** Least recently used first. */
  private readonly open = new Map<string, Open>();

  constructor(private readonly load: Load = loadWeights) {}

  /** Gives `work` the weights, which stay open until it settles. */
  async use<T>(ref: WeightsRef, work: (loaded: LoadedWeights) => Promise<T>): Promise<T> {
    const entry = this.entryOf(ref);
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

  /** Marks it as used last, and the base under it. */
  private entryOf(ref: WeightsRef): Open {
    const key = JSON.stringify(ref.kind === 'model' ? ['model', ref.model] : ['checkpoint', ref.run, ref.step, ref.average ?? false]);
    const known = this.open.get(key);
    const entry: Open = known ?? { loaded: Promise.reject(new Error('not loaded')), uses: 0, base: null };
    if (!known) {
      entry.loaded.catch(() => undefined);
      entry.loaded = this.load(ref, (model) => {
        entry.base = this.entryOf({ kind: 'model', model });
        return entry.base.loaded;
      });
    }
    for (const [place, one] of [...this.open]) if (one === entry.base) this.moveToEnd(place, one);
    this.moveToEnd(key, entry);
    return entry;
  }

  private moveToEnd(key: string, entry: Open): void {
    this.open.delete(key);
    this.open.set(key, entry);
  }

  private async free(kept: number): Promise<void> {
    for (const [key, entry] of [...this.open]) {
      const failed = await entry.loaded.then(
        () => false,
        () => true,
      );
      const adapters = [...this.open].filter(([, { base }]) => base === entry);
      if (this.open.get(key) !== entry || entry.uses > 0 || adapters.some(([, { uses }]) => uses > 0)) continue;
      const alike = [...this.open.values()].filter(({ base }) => (base === null) === (entry.base === null)).length;
      if (!failed && alike <= (entry.base && kept > 0 ? KEPT_ADAPTERS : kept)) continue;
      for (const [place] of adapters) this.open.delete(place);
      this.open.delete(key);
      for (const { loaded } of [...adapters.map(([, one]) => one), entry])
        await loaded.then(
          ({ model }) => model.dispose(),
          () => undefined,
        );
    }
  }
}
