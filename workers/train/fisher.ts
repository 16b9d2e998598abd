/**
 * The Fisher information that a run with EWC or with parameter isolation starts from: computed on the base before anything of the run is written,
 * kept in the run's folder, so that a run that goes on holds, or trains, its weights by the same bits.
 */
import type { OnProgress } from '../../src/contract/progress';
import type { ChannelRole, Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { drawnLabels, FisherDiagonal, hostTensors, readSafetensors, writeSafetensors, type DecoderModel } from '../engine';
import { channelEmpty } from '../runtime/channel-stream';
import type { ChannelTokens } from '../runtime/channel-tokens';
import type { EngineWork } from '../runtime/engine-session';
import { emptyBatch, fillRow, type TokenBatch } from '../runtime/trainable-model';
import { files } from '../storage/files';

/** What a run has Fisher information for. */
export type FisherUse = 'ewc' | 'isolation';

export interface FisherDemand {
  role: ChannelRole;
  sequences: number;
  labels: 'model' | 'text';
}

/** What the recipe asks for, by use. */
export function fisherDemands({ regularisation, method }: Recipe): Partial<Record<FisherUse, FisherDemand>> {
  const ewc = regularisation?.ewc;
  const isolation = method?.kind === 'partial' ? method.isolation : undefined;
  return {
    ...(ewc ? { ewc: { ...ewc, role: 'general' } } : {}),
    ...(isolation ? { isolation: { ...isolation, role: isolation.by } } : {}),
  };
}

const fisherPath = (run: string, use: FisherUse): string => `runs/${run}/${use === 'ewc' ? 'fisher' : use}.safetensors`;

/**
 * Rows of the training text of the channels of one role, in turn, each from a place of its own.
 * @throws StudioError `channel-empty` naming the first of these channels that has no row to give
 */
export function fisherRows(recipe: Recipe, texts: readonly ChannelTokens[], { role, sequences }: FisherDemand): TokenBatch[] {
  const { channels, sequenceLength, packing, seed } = recipe;
  const asked = texts.filter(({ id }) => channels.some((channel) => channel.id === id && channel.role === role));
  for (const { id, train } of asked) if (train.length <= sequenceLength) throw channelEmpty(id, train.length, sequenceLength);
  const places = new Rng(deriveSeed(seed, 'fisher', 'rows'));
  return Array.from({ length: sequences }, (_, at) => {
    const { train, trainDocuments } = asked[at % asked.length]!;
    const row = emptyBatch(1, sequenceLength);
    const apart = packing === 'separate' ? trainDocuments : undefined;
    fillRow(row, 0, train, { start: places.integer(train.length - sequenceLength), channel: 0, apart });
    return row;
  });
}

/**
 * As the bytes of a safetensors file in F32, by the parameters' names.
 * @throws StudioError `cancelled`
 */
export async function computeFisher(
  model: DecoderModel,
  recipe: Recipe,
  { rows, labels }: { rows: readonly TokenBatch[]; labels: FisherDemand['labels'] },
  { lock, yield: giveWay, signal }: EngineWork,
  onProgress: OnProgress,
): Promise<Uint8Array> {
  const random = new Rng(deriveSeed(recipe.seed, 'fisher', 'labels'));
  const fisher = new FisherDiagonal(model);
  try {
    for (const [at, row] of rows.entries()) {
      onProgress({ phase: 'fisher', item: recipe.base, done: at, total: rows.length });
      await giveWay();
      signal.throwIfAborted();
      await lock.run(async () => {
        const targets = labels === 'text' ? row.targets : await drawnLabels(model, row, () => random.uniform());
        fisher.add({ ...row, targets }, recipe.activationCheckpointing);
      });
    }
    const mean = fisher.mean();
    try {
      return writeSafetensors(await hostTensors(mean), 'F32');
    } finally {
      for (const tensor of mean.values()) tensor.dispose();
    }
  } finally {
    fisher.dispose();
  }
}

export async function storeFisher(run: string, use: FisherUse, fisher: Uint8Array): Promise<void> {
  await files.write(fisherPath(run, use), fisher as Uint8Array<ArrayBuffer>);
}

/** @throws StudioError `file-missing` */
export async function readFisher(run: string, use: FisherUse): Promise<Uint8Array> {
  return files.read(fisherPath(run, use));
}

/** On the host, by the parameters' names. */
export function fisherValues(fisher: Uint8Array) {
  return [...readSafetensors('fisher.safetensors', fisher).tensors.values()].map(({ name, shape, read }) => ({
    name,
    shape,
    data: read(),
  }));
}
