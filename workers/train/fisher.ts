/**
 * The Fisher information that a run with EWC starts from: computed on the base before anything of the run is written, kept in the run's folder, so
 * that a run that goes on holds its weights by the same bits.
 */
import type { OnProgress } from '../../src/contract/progress';
import type { Recipe } from '../../src/core/recipe/schema';
import { deriveSeed, Rng } from '../../src/core/rng/rng';
import { drawnLabels, FisherDiagonal, hostTensors, readSafetensors, writeSafetensors, type DecoderModel } from '../engine';
import { channelEmpty } from '../runtime/channel-stream';
import type { ChannelTokens } from '../runtime/channel-tokens';
import type { EngineWork } from '../runtime/engine-session';
import { emptyBatch, fillRow, type TokenBatch } from '../runtime/trainable-model';
import { files } from '../storage/files';

const fisherPath = (run: string): string => `runs/${run}/fisher.safetensors`;

/**
 * Rows of the general channels' training text, in turn, each from a place of its own.
 * @throws StudioError `channel-empty` naming the first general channel that has no row to give
 */
export function fisherRows(recipe: Recipe, texts: readonly ChannelTokens[], sequences: number): TokenBatch[] {
  const { channels, sequenceLength, packing, seed } = recipe;
  const general = texts.filter(({ id }) => channels.some((channel) => channel.id === id && channel.role === 'general'));
  for (const { id, train } of general) if (train.length <= sequenceLength) throw channelEmpty(id, train.length, sequenceLength);
  const places = new Rng(deriveSeed(seed, 'fisher', 'rows'));
  return Array.from({ length: sequences }, (_, at) => {
    const { train, trainDocuments } = general[at % general.length]!;
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
  rows: readonly TokenBatch[],
  { lock, yield: giveWay, signal }: EngineWork,
  onProgress: OnProgress,
): Promise<Uint8Array> {
  const labels = recipe.regularisation?.ewc?.labels;
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

export async function storeFisher(run: string, fisher: Uint8Array): Promise<void> {
  await files.write(fisherPath(run), fisher as Uint8Array<ArrayBuffer>);
}

/** @throws StudioError `file-missing` */
export async function readFisher(run: string): Promise<Uint8Array> {
  return files.read(fisherPath(run));
}

/** On the host, by the parameters' names. */
export function fisherValues(fisher: Uint8Array) {
  return [...readSafetensors('fisher.safetensors', fisher).tensors.values()].map(({ name, shape, read }) => ({
    name,
    shape,
    data: read(),
  }));
}
