/** The files of a Hugging Face model, checked in full before a weight is used. No tensors: an import runs it without a device. */
import { StudioError } from '../../../src/core/errors';
import { readSafetensors } from '../checkpoint/safetensors';
import type { HostTensor, StoredTensor } from '../checkpoint/safetensors';
import { readIndex } from '../checkpoint/sharded';
import { parseConfig } from './config';
import type { ModelConfig } from './config';
import { parameterShapes } from './parameters';

export interface ModelFiles {
  config: { name: string; text: string };
  /** One file, or all the shards. */
  weights: { name: string; bytes: Uint8Array }[];
  /** model.safetensors.index.json, of a sharded model. */
  index?: { name: string; text: string };
  /** Number of tokens the tokenizer can produce (highest id + 1); checked against the model's vocabulary. */
  tokenizerSize?: number;
}

/**
 * Reads and checks the files without touching the device: for an import.
 * @throws StudioError `config-unsupported`, `safetensors-invalid`, `file-missing`, `tensor-missing`, `tensor-shape`,
 * `tensor-not-finite`, `tokenizer-mismatch`
 */
export function readModel(files: ModelFiles): { config: ModelConfig; weights: HostTensor[] } {
  const config = parseConfig(files.config.name, files.config.text);
  if (files.tokenizerSize !== undefined && files.tokenizerSize > config.vocabulary)
    throw new StudioError(
      'tokenizer-mismatch',
      `The tokenizer has ${files.tokenizerSize} tokens, the model's vocabulary ${config.vocabulary}`,
      { tokenizerSize: files.tokenizerSize, modelSize: config.vocabulary },
    );
  return { config, weights: readWeights(files, config) };
}

function readWeights(files: ModelFiles, config: ModelConfig): HostTensor[] {
  const stored = new Map<string, StoredTensor & { file: string }>();
  for (const { name: file, bytes } of files.weights)
    for (const [name, tensor] of readSafetensors(file, bytes).tensors) {
      const other = stored.get(name);
      if (other) {
        const detail = `"${name}" also stands in ${other.file}`;
        throw new StudioError('safetensors-invalid', `${file} is not a valid safetensors file: ${detail}`, { file, detail });
      }
      stored.set(name, { ...tensor, file });
    }
  const present = new Set(files.weights.map(({ name }) => name));
  if (files.index)
    for (const wanted of new Set(readIndex(files.index.name, files.index.text).values()))
      if (!present.has(wanted))
        throw new StudioError('file-missing', `${files.index.name} lists ${wanted}, which is missing`, { file: files.index.name, wanted });

  return [...parameterShapes(config)].map(([name, shape]) => {
    const found = stored.get(name);
    if (!found) {
      const file = files.weights.map((weight) => weight.name).join(', ');
      throw new StudioError('tensor-missing', `${file} has no tensor "${name}"`, { file, tensor: name });
    }
    checkShape(found.file, name, found.shape, shape);
    const data = found.read();
    checkFinite(found.file, name, data);
    return { name, shape, data };
  });
}

function checkShape(file: string, name: string, found: readonly number[], expected: readonly number[]): void {
  if (found.length === expected.length && found.every((side, axis) => side === expected[axis])) return;
  const [foundText, expectedText] = [`[${found.join(', ')}]`, `[${expected.join(', ')}]`];
  throw new StudioError('tensor-shape', `${file}: "${name}" has shape ${foundText}, the config asks for ${expectedText}`, {
    file,
    tensor: name,
    found: foundText,
    expected: expectedText,
  });
}

function checkFinite(file: string, name: string, data: Float32Array): void {
  if (!data.every((value) => Number.isFinite(value)))
    throw new StudioError('tensor-not-finite', `${file}: "${name}" holds values that are not finite`, { file, tensor: name });
}
