/**
 * Between the tensors of a GGUF file and those of a Hugging Face file, through the decoder's parameters: names, rows of queries and keys
 * that change places (Llama), tensors that hold several parameters, and GPT-2's transposed weights. Values are only moved.
 */
import { StudioError } from '../../../src/core/errors';
import type { ModelConfig } from '../../../src/core/model/config';
import { namesOf } from '../../../src/core/model/names';
import { modulesOf } from '../../../src/core/model/parameters';
import type { GgufTensor } from '../checkpoint/gguf';
import { floatTypeOf } from '../checkpoint/gguf-quants';
import type { StoredTensor } from '../checkpoint/safetensors';
import type { WritableTensor } from '../checkpoint/write';
import { fileTensors, fromFile, toFile, type FileTensor } from './file-layout';
import { LAYER, MODULES } from './gguf-architectures';
import { architectures } from './gguf-families';
import { ropeTensorNames, ropeTensors } from './gguf-rope';

/** A tensor of a GGUF file as a map to parameters, one after the other. */
interface Placed extends FileTensor {
  /** Heads whose rows change places; null where none do. */
  heads: number | null;
  /** Added to the values. */
  offset: number;
}

/** All tensors that a GGUF file of this model has, in the model's order. */
function placedTensors(config: ModelConfig): Placed[] {
  const names = namesOf(config.architecture);
  const { permuted, fused, normOffset = 0 } = architectures[config.architecture];
  const joined = new Map(Object.entries(fused).flatMap(([name, parts]) => parts.map((part) => [part as string, name] as const)));
  const known = new Map<string, { name: string; heads: number | null }>();
  for (const role of Object.keys(MODULES) as (keyof typeof MODULES)[]) known.set(names[role], { name: MODULES[role], heads: null });
  for (let index = 0; index < config.layers; index += 1)
    for (const [role, module] of Object.entries(names.layer(index))) {
      const heads = permuted && role === 'query' ? config.heads : permuted && role === 'key' ? config.kvHeads : null;
      known.set(module as string, { name: `blk.${index}.${joined.get(role) ?? LAYER[role as keyof typeof LAYER]}`, heads });
    }
  const placed = new Map<string, Placed>();
  for (const { name: module, kind, shape, bias } of modulesOf(config)) {
    const { name, heads } = known.get(module)!;
    for (const [end, own] of [['weight', shape], ...(bias ? ([['bias', shape.slice(0, 1)]] as const) : [])] as const) {
      const parameter = { name: `${module}.${end}`, shape: [...own] };
      const before = placed.get(`${name}.${end}`);
      if (before) {
        before.parameters.push(parameter);
        before.shape[0]! += own[0]!;
      } else
        placed.set(`${name}.${end}`, {
          name: `${name}.${end}`,
          shape: [...own],
          parameters: [parameter],
          transposed: false,
          turns: 1,
          heads,
          offset: kind === 'norm' ? normOffset : 0,
        });
    }
  }
  return [...placed.values()];
}

/** Halves of each head to neighbours (`toNeighbours`), or back; rows of any length. */
function swapRows(data: Float32Array, rows: number, heads: number, toNeighbours: boolean): Float32Array {
  const length = data.length / rows;
  const half = rows / heads / 2;
  const moved = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    const head = Math.floor(row / (2 * half)) * 2 * half;
    const within = row - head;
    const other = head + (within % half) * 2 + Math.floor(within / half);
    const [from, to] = toNeighbours ? [row, other] : [other, row];
    moved.set(data.subarray(from * length, (from + 1) * length), to * length);
  }
  return moved;
}

interface Source {
  pieces(): AsyncIterable<Float32Array>;
  read(): Promise<Float32Array>;
}
/** A tensor of either file; those of a Hugging Face file have neither heads nor offset. */
type Movable = FileTensor & Partial<Pick<Placed, 'heads' | 'offset'>>;

/**
 * `target`'s values out of tensors that hold the same parameters: piece by piece where nothing moves inside, else whole.
 * @param holders of `target`'s parameters
 */
async function* moved(target: Movable, holders: readonly (Movable & { source: Source })[]): AsyncGenerator<Float32Array> {
  const plain = (one: Movable) => one.parameters.length === 1 && !one.transposed && one.heads == null && !one.offset;
  if (holders.length === 1 && plain(target) && plain(holders[0]!)) {
    yield* holders[0]!.source.pieces();
    return;
  }
  const parameters = new Map<string, Float32Array>();
  for (const holder of holders) {
    const data = await holder.source.read();
    const rows = holder.heads == null ? data : swapRows(data, holder.shape[0]!, holder.heads, false);
    for (const { name, data: values } of fromFile(holder, added(rows, -(holder.offset ?? 0)))) parameters.set(name, values);
  }
  const { data } = toFile(
    target,
    target.parameters.map(({ name }) => parameters.get(name)!),
  );
  yield added(target.heads == null ? data : swapRows(data, target.shape[0]!, target.heads, true), target.offset ?? 0);
}

const added = (data: Float32Array, offset: number): Float32Array => (offset === 0 ? data : data.map((value) => value + offset));

/** By the name of each parameter, the tensor that holds it. */
function byParameter<Holder extends FileTensor>(holders: readonly Holder[]): Map<string, Holder> {
  return new Map(holders.flatMap((holder) => holder.parameters.map(({ name }) => [name, holder] as const)));
}

function holdersOf<Holder extends FileTensor>({ parameters }: FileTensor, holders: ReadonlyMap<string, Holder>): Holder[] {
  return [...new Set(parameters.map(({ name }) => holders.get(name)!))];
}

/**
 * The model's tensors as a Hugging Face file has them, read from a GGUF file as they are asked for, and the names of those that the
 * model does not use.
 * @throws StudioError `tensor-missing`, `tensor-shape`
 */
export function fromGguf(
  config: ModelConfig,
  file: string,
  tensors: ReadonlyMap<string, GgufTensor>,
): { tensors: (WritableTensor & { from: string })[]; unused: string[] } {
  const placed = placedTensors(config).map((tensor) => {
    const source = tensors.get(tensor.name);
    if (!source) throw new StudioError('tensor-missing', `${file} has no tensor "${tensor.name}"`, { file, tensor: tensor.name });
    const [found, expected] = [source.shape, tensor.shape].map((shape) => `[${shape.join(', ')}]`);
    if (found !== expected)
      throw new StudioError('tensor-shape', `${file}: "${tensor.name}" has shape ${found}, its metadata asks for ${expected}`, {
        ...{ file, tensor: tensor.name, found: found!, expected: expected! },
      });
    return { ...tensor, source };
  });
  const holders = byParameter(placed);
  // A tied head may stand in the file once more.
  const used = new Set([...placed.map(({ name }) => name), ...ropeTensorNames, `${MODULES.head}.weight`]);
  return {
    tensors: fileTensors(config).map((target) => {
      const own = holdersOf(target, holders);
      const types = new Set(own.map(({ source }) => floatTypeOf(source.type)));
      return {
        name: target.name,
        shape: target.shape,
        from: own.map(({ name }) => name).join(', '),
        as: types.size === 1 ? [...types][0]! : 'F32',
        pieces: () => moved(target, own),
      };
    }),
    unused: [...tensors.keys()].filter((name) => !used.has(name)),
  };
}

/** The tensors of a GGUF file, read from those of a Hugging Face file as they are asked for. */
export function toGguf(config: ModelConfig, stored: readonly StoredTensor[]): WritableTensor[] {
  const sources = new Map(stored.map((tensor) => [tensor.name, tensor]));
  const holders = byParameter(fileTensors(config).map((tensor) => ({ ...tensor, source: sources.get(tensor.name)! })));
  const tensors = placedTensors(config).map((target): WritableTensor => {
    return { name: target.name, shape: target.shape, pieces: () => moved(target, holdersOf(target, holders)) };
  });
  const extra = ropeTensors(config).map(({ name, data }): WritableTensor => {
    const pieces = async function* () {
      yield await Promise.resolve(data);
    };
    return { name, shape: [data.length], pieces };
  });
  return [...extra, ...tensors];
}
