/**
 * Writes a new model with another vocabulary, made from a stored model. Each row of the embedding, and of the output head when it is not
 * tied, is the mean of rows of the old table. All other weights are copied unchanged, chunk by chunk.
 */
import { namesOf } from '../../src/core/model/names';
import type { ModelRecord } from '../../src/contract/library';
import type { OnProgress } from '../../src/contract/progress';
import { isDtype, type Dtype } from '../engine/checkpoint/floats';
import type { StoredTensor } from '../engine/checkpoint/safetensors';
import { safetensorsStream, type WritableTensor } from '../engine/checkpoint/write';
import { openModel } from '../engine/model/read';
import { editConfig, parseConfig } from '../../src/core/model/config';
import { findModel, readModelText, storeNewModel, weightSources } from '../storage/models';

export interface NewVocabulary {
  /** tokenizer.json and tokenizer_config.json. */
  tokenizer: string;
  config: string | null;
  /** By new id: the old ids whose embedding rows are averaged; an empty list stands for all old rows. */
  rows: readonly (readonly number[])[];
  /** End-of-text id of a replaced vocabulary; null where the vocabulary was extended and special ids are unchanged. */
  endOfText: number | null;
  /** For the model card: what was done, in one sentence. */
  note: string;
}

/**
 * @param base model id; @param name of the new model
 * @throws StudioError of reading the base's files, `quota`, `cancelled`; then nothing has been stored
 */
export async function makeWithVocabulary(
  base: string,
  vocabulary: NewVocabulary,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ModelRecord> {
  const listing = await findModel(base);
  const sources = await weightSources(listing, null);
  const config = sources.config.text;
  const model = await openModel(sources);

  const text = editConfig(config, (fields) => {
    const sized = { ...fields, vocab_size: vocabulary.rows.length };
    if (vocabulary.endOfText === null) return sized;
    const { pad_token_id: _padding, ...others } = sized as typeof sized & { pad_token_id?: unknown };
    return { ...others, bos_token_id: vocabulary.endOfText, eos_token_id: vocabulary.endOfText };
  });
  const parsed = parseConfig('config.json', text);
  const { embedding, head } = namesOf(parsed.architecture);
  const tables = new Set([`${embedding}.weight`, `${head}.weight`]);
  const tensors = model.used.map((tensor) => (tables.has(tensor.name) ? resized(tensor, vocabulary.rows) : tensor));
  const stream = safetensorsStream(tensors, commonDtype(model.used), { format: 'pt' });

  const texts = new Map([
    ['config.json', text],
    ['tokenizer.json', vocabulary.tokenizer],
    ['README.md', card(name, listing.name, vocabulary.note)],
  ]);
  if (vocabulary.config !== null) texts.set('tokenizer_config.json', vocabulary.config);
  const generation = vocabulary.endOfText === null ? await readModelText(listing, 'generation_config.json') : null;
  if (generation !== null) texts.set('generation_config.json', generation);
  return storeNewModel({ name, texts, config: parsed, weights: stream }, onProgress, signal);
}

/** The dtype that all tensors share; float32 when they differ. */
function commonDtype(tensors: readonly StoredTensor[]): Dtype {
  const types = new Set(tensors.map(({ dtype }) => dtype));
  const [only] = types;
  return types.size === 1 && only !== undefined && isDtype(only) ? only : 'F32';
}

/** Rows of a table that are computed and written at a time. */
const ROWS = 1024;

function resized(tensor: StoredTensor, rows: NewVocabulary['rows']): WritableTensor {
  const [, width] = tensor.shape as [number, number];
  return {
    name: tensor.name,
    shape: [rows.length, width],
    async *pieces() {
      const old = await tensor.read();
      for (let from = 0; from < rows.length; from += ROWS) yield meanRows(old, width, rows.slice(from, from + ROWS));
    },
  };
}

/** @param old [V, width] @returns [rows, width], each row the mean of the old rows listed for it; of all old rows for an empty list */
export function meanRows(old: Float32Array, width: number, rows: NewVocabulary['rows']): Float32Array {
  const made = new Float32Array(rows.length * width);
  let overall: Float32Array | null = null;
  rows.forEach((sources, row) => {
    const place = row * width;
    if (sources.length === 1) return made.set(old.subarray(sources[0]! * width, (sources[0]! + 1) * width), place);
    if (sources.length === 0) return made.set((overall ??= mean(old, width, allRows(old.length / width))), place);
    made.set(mean(old, width, sources), place);
  });
  return made;
}

const allRows = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

/** Summed in float64. */
function mean(old: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const sum = new Float64Array(width);
  for (const row of rows) for (let at = 0; at < width; at++) sum[at]! += old[row * width + at]!;
  return Float32Array.from(sum, (value) => value / rows.length);
}

function card(name: string, base: string, note: string): string {
  return `# ${name}\n\nMade in Crossfade from ${base}. ${note} Every other weight is the base's.\n`;
}
