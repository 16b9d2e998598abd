/** The files of a Hugging Face model, checked before a weight is used. No tensors: an import runs it without a device. */
import { StudioError } from '../../../src/core/errors';
import type { HostTensor, SafetensorsFile, StoredTensor } from '../checkpoint/safetensors';
import { openWeights, type WeightFile } from '../checkpoint/sharded';
import { parseConfig } from '../../../src/core/model/config';
import type { ModelConfig } from '../../../src/core/model/config';
import { fileTensors, fromFile } from './file-layout';
import { namesOf } from '../../../src/core/model/names';

export interface ModelFiles {
  config: { name: string; text: string };
  /** One file, or all the shards: in memory, or on the disk. */
  weights: WeightFile[];
  /** model.safetensors.index.json, of a sharded model. */
  index?: { name: string; text: string };
  /** Number of tokens the tokenizer can produce (highest id + 1); checked against the model's vocabulary. */
  tokenizerSize?: number;
}

export interface ReadableModel {
  config: ModelConfig;
  /** The weight files, of which only the headers were read. */
  files: SafetensorsFile[];
  /** The stored tensors that the model is made of. */
  used: StoredTensor[];
  /**
   * The model's parameters, read one by one.
   * @throws StudioError `tensor-not-finite`, `safetensors-invalid`, `file-unreadable`
   */
  parameters(): AsyncGenerator<HostTensor>;
}

/**
 * Checks everything but the values, of which none is read: config, headers, names, shapes.
 * @throws StudioError `config-unsupported`, `safetensors-invalid`, `file-missing`, `tensor-missing`, `tensor-shape`,
 * `tokenizer-mismatch`, `file-unreadable`
 */
export async function openModel(files: ModelFiles): Promise<ReadableModel> {
  const config = parseConfig(files.config.name, files.config.text);
  if (files.tokenizerSize !== undefined && files.tokenizerSize > config.vocabulary)
    throw new StudioError(
      'tokenizer-mismatch',
      `The tokenizer has ${files.tokenizerSize} tokens, the model's vocabulary ${config.vocabulary}`,
      { tokenizerSize: files.tokenizerSize, modelSize: config.vocabulary },
    );
  const { files: opened, tensors } = await openWeights(files.weights, files.index);
  const { prefix, embedding, head } = namesOf(config.architecture);
  // Files of the decoder without its head lack the prefix; GPT-2's own are such.
  const bare = ![...tensors.keys()].some((name) => name.startsWith(prefix));
  const nameInFile = (name: string) => (bare && name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const layout = fileTensors(config).map((tensor) => {
    const name = nameInFile(tensor.name);
    const found = tensors.get(name);
    if (!found) {
      const file = files.weights.map((weight) => weight.name).join(', ');
      throw new StudioError('tensor-missing', `${file} has no tensor "${name}"`, { file, tensor: name });
    }
    checkShape(found.file, name, found.shape, tensor.shape);
    found.checkFloat();
    return { tensor, found };
  });
  const ownHead = tensors.get(`${head}.weight`);
  if (config.tied && ownHead) await checkTied(files.config.name, tensors.get(nameInFile(`${embedding}.weight`))!, ownHead);
  return {
    config,
    files: opened,
    used: layout.map(({ found }) => found),
    async *parameters() {
      for (const { tensor, found } of layout) yield* fromFile(tensor, await found.read());
    },
  };
}

/** A tied head may stand in the file once more, but not with values of its own: transformers would not tie it then. */
async function checkTied(file: string, embedding: StoredTensor, head: StoredTensor): Promise<void> {
  if (await sameBytes(embedding, head)) return;
  const values = {
    file,
    field: 'tie_word_embeddings',
    value: 'true',
    accepted: `false, since "${head.name}" differs from "${embedding.name}"`,
  };
  throw new StudioError('config-unsupported', `${file}: ${values.field} is true; accepted: ${values.accepted}`, values);
}

async function sameBytes(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.dtype !== b.dtype || a.bytes !== b.bytes) return false;
  const others = b.rawPieces(false);
  for await (const piece of a.rawPieces(false)) {
    const { value: other } = (await others.next()) as { value: Uint8Array };
    if (piece.some((byte, at) => byte !== other[at])) return false;
  }
  return true;
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
