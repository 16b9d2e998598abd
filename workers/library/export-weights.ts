/**
 * A model's weights as one file: safetensors in one of three number types, or GGUF with config and tokenizer in it, under the names and with
 * the types of llama.cpp's converter.
 */
import { StudioError } from '../../src/core/errors';
import type { ExportType } from '../../src/contract/run';
import type { Dtype } from '../engine/checkpoint/floats';
import { safetensorsStream } from '../engine/checkpoint/write';
import { parseConfig, type ModelConfig } from '../../src/core/model/config';
import { namesOf, PEFT_PREFIX } from '../../src/core/model/names';
import { ADAPTER_WEIGHTS } from '../../src/core/model/peft';
import { openSafetensors, type StoredTensor } from '../engine/checkpoint/safetensors';
import { FILE_TYPES, ggufStream, tensorFormat, type GgufEntry, type GgufFormat } from '../engine/checkpoint/gguf-write';
import { architectures } from '../engine/model/gguf-families';
import { toGguf } from '../engine/model/gguf-layout';
import { readModelText, type ModelListing } from '../storage/models';
import { tokenizerEntries } from '../tokenizer/gguf-tokenizer';

/** The least value that float16 rounds to infinity: half a step above its largest number, 65504. */
const BEYOND_F16 = 65_520;

/** A weight file: its name, how many bytes it will have, and the bytes themselves, as they are asked for. */
export interface Weights {
  name: string;
  bytes: number;
  chunks(): AsyncGenerator<Uint8Array>;
}

export const ggufFormat = (type: ExportType): GgufFormat | null => (type === 'GGUF-F16' ? 'F16' : type === 'GGUF-Q8_0' ? 'Q8_0' : null);

/** Files whose content a GGUF file has in itself. */
export const IN_GGUF = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'vocab.json',
  'merges.txt',
];

/**
 * @param base has config and tokenizer, which go into a GGUF file
 * @throws StudioError `tensor-beyond-f16` for the first value that float16 cannot hold, before anything is written; `gguf-unwritable`
 */
export async function weightsAs(tensors: readonly StoredTensor[], type: ExportType, base: ModelListing, title: string): Promise<Weights> {
  const format = ggufFormat(type);
  if (format) {
    const gguf = await ggufWeights(base, title, tensors, format);
    // A block's scale is its largest value / 127, in float16.
    for (const { name, type: written, pieces } of gguf.tensors)
      if (written !== 'F32') await checkFloat16(name, pieces(), written === 'F16' ? BEYOND_F16 : BEYOND_F16 * 127, gguf.name);
    return gguf;
  }
  const name = 'model.safetensors';
  if (type === 'F16')
    for (const tensor of tensors) if (tensor.dtype !== 'F16') await checkFloat16(tensor.name, tensor.pieces(), BEYOND_F16, name);
  return { name, ...safetensorsStream(tensors, type as Dtype, { format: 'pt' }) };
}

async function checkFloat16(tensor: string, pieces: AsyncIterable<Float32Array>, limit: number, file: string): Promise<void> {
  for await (const values of pieces) {
    const value = values.find((candidate) => Math.abs(candidate) >= limit);
    if (value === undefined) continue;
    const message = `"${tensor}" holds ${value}, beyond float16; export as BF16 or F32`;
    throw new StudioError('tensor-beyond-f16', message, { file, tensor, value, most: 65_504 });
  }
}

/** Of the quantised types' layout, which ggml counts. */
const QUANTISATION_VERSION = 2;

/**
 * @param base has config and tokenizer
 * @param title of the model; the file is named after it
 * @throws StudioError `gguf-unwritable` for what llama.cpp does not compute, `tokenizer-invalid`
 */
async function ggufWeights(
  base: ModelListing,
  title: string,
  stored: readonly StoredTensor[],
  format: GgufFormat,
): Promise<Weights & { tensors: readonly { name: string; type: string; pieces(): AsyncIterable<Float32Array> }[] }> {
  const model = (await readModelText(base, 'config.json')) ?? '{}';
  const config = parseConfig('config.json', model);
  const architecture = architectures[config.architecture];
  const files = {
    tokenizer: (await readModelText(base, 'tokenizer.json')) ?? '',
    config: await readModelText(base, 'tokenizer_config.json'),
    model,
  };
  const entries: GgufEntry[] = [
    ['general.architecture', 'text', architecture.name],
    ['general.type', 'text', 'model'],
    ['general.name', 'text', title],
    ['general.file_type', 'u32', FILE_TYPES[format]],
    ['general.quantization_version', 'u32', QUANTISATION_VERSION],
    ...architecture.write(config).map(([key, ...rest]) => [`${architecture.name}.${key}`, ...rest] as unknown as GgufEntry),
    ...tokenizerEntries(files, config.vocabulary),
  ];
  const tensors = toGguf(config, stored);
  const plain = title.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '') || 'model';
  return {
    name: `${plain}-${format}.gguf`,
    ...ggufStream(entries, tensors, format),
    tensors: tensors.map(({ name, shape, pieces }) => ({ name, type: tensorFormat(format, name, shape), pieces })),
  };
}

/** What `ollama create <name> -f Modelfile` reads. @param model text of config.json */
export function modelfile(weights: string, model: string): string {
  const { windows, architecture } = parseConfig('config.json', model);
  const window = architecture.startsWith('gemma') ? null : windows.find((one) => one !== null);
  const note =
    window == null ? '' : `# The model sees ${window} tokens back; llama.cpp shows it the whole text, so that longer texts differ.\n`;
  return `${note}FROM ./${weights}\n`;
}

/** The adapter of a checkpoint, as PEFT takes it: of a tied model that is trained whole both names of the one table. */
export async function peftWeights(checkpoint: Blob, config: ModelConfig): Promise<Weights> {
  const { embedding, head } = namesOf(config.architecture);
  const tensors = [...(await openSafetensors(ADAPTER_WEIGHTS, checkpoint)).tensors.values()];
  const table = config.tied ? tensors.find(({ name }) => name === `${PEFT_PREFIX}${embedding}.weight`) : undefined;
  if (table) tensors.push({ ...table, name: `${PEFT_PREFIX}${head}.weight` });
  return { name: ADAPTER_WEIGHTS, ...safetensorsStream(tensors, 'F32', { format: 'pt' }) };
}
