/** The files of a Hugging Face model, checked before a weight is used. No tensors: an import runs it without a device. */
import { StudioError } from '../../../src/core/errors';
import { openSafetensors, type ByteSource, type HostTensor, type SafetensorsFile, type StoredTensor } from '../checkpoint/safetensors';
import { openWeights, type WeightFile } from '../checkpoint/sharded';
import { parseConfig } from '../../../src/core/model/config';
import type { ModelConfig } from '../../../src/core/model/config';
import type { SoftMethod } from '../../../src/core/recipe/schema';
import { isHead } from '../../../src/core/recipe/objective';
import { adapterHeads, withAdapter, type AdapterFile } from './adapter';
import { softTensors, unmergeable } from '../../../src/core/model/soft-prompt';
import { fileTensors, fromFile } from './file-layout';
import { namesOf } from '../../../src/core/model/names';
import { NOTICE_NAMES, type ModelNotice } from '../../../src/core/model/notices';
import { checkWeightType, familyTensors, refuseForeignWeights, unusedNames } from './tensor-names';

export interface ModelFiles {
  config: { name: string; text: string };
  /** One file, or all the shards: in memory, or on the disk. */
  weights: WeightFile[];
  /** model.safetensors.index.json, of a sharded model. */
  index?: { name: string; text: string };
  /** Number of tokens the tokenizer can produce (highest id + 1); checked against the model's vocabulary. */
  tokenizerSize?: number;
  /** Weights of a low-rank adapter, which are added to the model's. */
  adapter?: AdapterFile;
  /** A soft prompt beside the model, which no weight holds. */
  softPrompt?: SoftPromptFile;
}

/** A file of PEFT with the values of a soft prompt. */
interface SoftPromptFile {
  name: string;
  bytes: ByteSource;
  method: SoftMethod;
}

export interface ReadableModel {
  config: ModelConfig;
  /** What config and weights have that the model does not follow. */
  notices: ModelNotice[];
  /** The weight files, of which only the headers were read. */
  files: SafetensorsFile[];
  /** The stored tensors that the model is made of, with the names that transformers' class of the family has. */
  used: StoredTensor[];
  /** Heads beside them, under their parameters' names. */
  heads: readonly StoredTensor[];
  /** Their names in the files. */
  usedInFiles: ReadonlySet<string>;
  /**
   * The model's parameters, read one by one.
   * @throws StudioError `tensor-not-finite`, `safetensors-invalid`, `file-unreadable`
   */
  parameters(): AsyncGenerator<HostTensor>;
}

/**
 * Checks everything but the values, of which none is read: config, headers, names, shapes.
 * @throws StudioError `model-unmergeable` for a soft prompt, `config-unsupported`, `safetensors-invalid`, `file-missing`, `tensor-missing`, `tensor-shape`, `model-adapter`,
 * `model-quantized`, `tokenizer-mismatch`, `file-unreadable`
 */
export async function openModel(files: ModelFiles): Promise<ReadableModel> {
  if (files.softPrompt) throw unmergeable(files.softPrompt.method);
  const notices: ModelNotice[] = [];
  const config = parseConfig(files.config.name, files.config.text, notices);
  if (files.tokenizerSize !== undefined && files.tokenizerSize > config.vocabulary)
    throw new StudioError(
      'tokenizer-mismatch',
      `The tokenizer has ${files.tokenizerSize} tokens, the model's vocabulary ${config.vocabulary}`,
      { tokenizerSize: files.tokenizerSize, modelSize: config.vocabulary },
    );
  const { files: opened, tensors: stored } = await openWeights(files.weights, files.index);
  refuseForeignWeights(stored.values());
  const { tensors, prefix } = familyTensors(stored, config.architecture);
  if (prefix !== '') notices.push({ kind: 'name-prefix', prefix });
  const base = fileTensors(config).map((tensor) => {
    const found = tensors.get(tensor.name);
    if (!found) {
      const file = files.weights.map((weight) => weight.name).join(', ');
      throw new StudioError('tensor-missing', `${file} has no tensor "${tensor.name}"`, { file, tensor: tensor.name });
    }
    checkWeightType(found);
    checkShape(found.file, found.name, found.shape, tensor.shape);
    return { tensor, found };
  });
  const layout = files.adapter ? await withAdapter(config, base, files.adapter) : base;
  const { embedding, head, headBias } = namesOf(config.architecture);
  const tied = [`${head}.weight`, ...(headBias ? [`${head}.bias`] : [])];
  for (const [at, name] of (config.tied ? tied : []).entries()) {
    const own = tensors.get(name);
    if (own) await checkTied(files.config.name, tensors.get([`${embedding}.weight`, `${headBias}.bias`][at]!)!, own);
  }
  const heads = [...(files.adapter ? await adapterHeads(files.adapter) : tensors.values())].filter(
    ({ name, shape }) => isHead(name) && shape.length === 2 && shape[1] === config.hidden,
  );
  const known = [...layout.map(({ tensor }) => tensor.name), ...tied, ...heads.map(({ name }) => name)];
  const unused = unusedNames(tensors, new Set(known));
  if (unused.length > 0) notices.push({ kind: 'unused-tensors', count: unused.length, names: unused.slice(0, NOTICE_NAMES) });
  return {
    config,
    notices,
    files: opened,
    heads,
    used: layout.map(({ tensor, found }) => ({ ...found, name: tensor.name })),
    usedInFiles: new Set(base.map(({ found }) => found.name)),
    async *parameters() {
      for (const { tensor, found } of layout) yield* fromFile(tensor, await found.read());
    },
  };
}

/**
 * The parameters of a soft prompt.
 * @throws StudioError `tensor-missing`, `tensor-shape`, `tensor-not-finite`, `safetensors-invalid`
 */
export async function readSoftPrompt(config: ModelConfig, { name: file, bytes, method }: SoftPromptFile): Promise<HostTensor[]> {
  const { tensors } = await openSafetensors(file, bytes);
  const read: HostTensor[] = [];
  for (const { name, shape, parameters } of softTensors(config, method)) {
    const stored = tensors.get(name);
    if (!stored) throw new StudioError('tensor-missing', `${file} has no tensor "${name}"`, { file, tensor: name });
    checkShape(file, name, stored.shape, shape);
    const values = await stored.read();
    for (const [at, parameter] of parameters.entries()) {
      const data = parameters.length === 1 ? values : columns(values, shape[1]!, at, parameter.shape[1]!);
      read.push({ name: parameter.name, shape: [...parameter.shape], data });
    }
  }
  return read;
}

/** Columns of part `at` of a matrix with so many, each part having `own`. */
function columns(matrix: Float32Array, width: number, at: number, own: number): Float32Array {
  const rows = matrix.length / width;
  const part = new Float32Array(rows * own);
  for (let row = 0; row < rows; row++) part.set(matrix.subarray(row * width + at * own, row * width + (at + 1) * own), row * own);
  return part;
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

/** Bytes of one parameter in float32. The CPU engine's heap ends at 4 GiB and must hold the largest parameter and its gradient. */
const LARGEST_PARAMETER = 2 ** 31;

/** @throws StudioError `file-too-large` */
export function checkParameterSizes(file: string, tensors: readonly { name: string; shape: readonly number[] }[]): void {
  for (const { name, shape } of tensors) {
    const bytes = shape.reduce((product, side) => product * side, 4);
    if (bytes <= LARGEST_PARAMETER) continue;
    throw new StudioError('file-too-large', `${file}: ${name} has ${bytes} bytes in float32, more than ${LARGEST_PARAMETER}`, {
      ...{ file: `${file}: ${name}`, bytes, limit: LARGEST_PARAMETER },
    });
  }
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
