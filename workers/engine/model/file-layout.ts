/**
 * Between the tensors of a Hugging Face file and the decoder's parameters. Most are the same; GPT-2 keeps its linear weights
 * transposed, and GPT-2, GPT-NeoX and Phi-3 keep several maps in one tensor. Values are only moved, so that a file that was
 * read and written again has the same bits.
 */
import type { HostTensor } from '../checkpoint/safetensors';
import type { ModelConfig } from '../../../src/core/model/config';
import { namesOf } from '../../../src/core/model/names';
import { modulesOf } from '../../../src/core/model/parameters';

/** A tensor as files have it, and the parameters that lie in it. */
export interface FileTensor {
  name: string;
  /** In the file. */
  shape: number[];
  /** In their order in the file. */
  parameters: { name: string; shape: number[] }[];
  /** The file has [in, out]. */
  transposed: boolean;
  /** Rows of the parameters change places this many times: 1 is one parameter after the other, H is head by head. */
  turns: number;
}

/** All tensors that a file of this model has, in the model's order. */
export function fileTensors(config: ModelConfig): FileTensor[] {
  const { file, head, layer } = namesOf(config.architecture);
  const fusedAt = new Map(
    Array.from({ length: config.layers }, (_, index) =>
      file.fused.map(({ name, parts, order }) => [layer(index)[parts[0]!], { name: name(index), count: parts.length, order }] as const),
    ).flat(),
  );
  const tensors: FileTensor[] = [];
  const modules = modulesOf(config);
  for (let at = 0; at < modules.length;) {
    const module = modules[at]!;
    const fused = fusedAt.get(module.name);
    const members = modules.slice(at, at + (fused?.count ?? 1));
    const name = fused?.name ?? module.name;
    const turns = fused?.order === 'by-head' ? config.heads : 1;
    const transposed = file.transposed && module.kind === 'linear' && module.name !== head;
    const shape = [members.reduce((rows, member) => rows + member.shape[0]!, 0), ...module.shape.slice(1)];
    if (module.kind !== 'bias')
      tensors.push({
        name: `${name}.weight`,
        shape: transposed ? shape.toReversed() : shape,
        parameters: members.map((member) => ({ name: `${member.name}.weight`, shape: member.shape })),
        transposed,
        turns,
      });
    if (module.bias) {
      const parameters = members.map((member) => ({ name: `${member.name}.bias`, shape: member.shape.slice(0, 1) }));
      tensors.push({ name: `${name}.bias`, shape: shape.slice(0, 1), parameters, transposed: false, turns });
    }
    at += members.length;
  }
  return tensors;
}

/** The parameters in a tensor of the file. The array may be the same. */
export function fromFile(tensor: FileTensor, data: Float32Array): HostTensor[] {
  const rows = tensor.transposed ? transpose(data, tensor.shape) : data;
  if (tensor.parameters.length === 1) return [{ ...tensor.parameters[0]!, data: rows }];
  const parts = tensor.parameters.map(({ name, shape }) => ({ name, shape, data: new Float32Array(elements(shape)) }));
  eachPiece(tensor, (part, at, fileAt, length) => parts[part]!.data.set(rows.subarray(fileAt, fileAt + length), at));
  return parts;
}

/** The tensor of the file that holds these parameters: exactly what `fromFile` undoes. */
export function toFile(tensor: FileTensor, data: readonly Float32Array[]): HostTensor {
  const { name, shape, transposed } = tensor;
  let rows = data[0]!;
  if (data.length > 1) {
    rows = new Float32Array(elements(shape));
    eachPiece(tensor, (part, at, fileAt, length) => rows.set(data[part]!.subarray(at, at + length), fileAt));
  }
  return { name, shape, data: transposed ? transpose(rows, shape.toReversed()) : rows };
}

/** Every run of rows of one parameter: number of the parameter, place in it, place in the file's rows, length; in elements. */
function eachPiece({ parameters, turns }: FileTensor, visit: (part: number, at: number, fileAt: number, length: number) => void): void {
  const lengths = parameters.map(({ shape }) => elements(shape) / turns);
  let fileAt = 0;
  for (let turn = 0; turn < turns; turn += 1)
    for (const [part, length] of lengths.entries()) {
      visit(part, turn * length, fileAt, length);
      fileAt += length;
    }
}

/** [a, b] → [b, a] */
function transpose(data: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows!; row += 1)
    for (let column = 0; column < columns!; column += 1) turned[column * rows! + row] = data[row * columns! + column]!;
  return turned;
}

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
