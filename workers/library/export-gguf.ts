/** A model's weights and tokenizer as one GGUF file, under the names and with the types of llama.cpp's converter. */
import { parseConfig } from '../../src/core/model/config';
import type { StoredTensor } from '../engine/checkpoint/safetensors';
import { FILE_TYPES, ggufStream, tensorFormat, type GgufEntry, type GgufFormat } from '../engine/checkpoint/gguf-write';
import { architectures } from '../engine/model/gguf-families';
import { toGguf } from '../engine/model/gguf-layout';
import { readModelText, type ModelListing } from '../storage/models';
import { tokenizerEntries } from '../tokenizer/gguf-tokenizer';
import type { Weights } from './export';

/** Of the quantised types' layout, which ggml counts. */
const QUANTISATION_VERSION = 2;

/**
 * @param base has config and tokenizer
 * @param title of the model; the file is named after it
 * @throws StudioError `gguf-unwritable` for what llama.cpp does not compute, `tokenizer-invalid`
 */
export async function ggufWeights(
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
