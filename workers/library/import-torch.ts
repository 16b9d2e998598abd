/**
 * Weights in a file of torch.save, as DeepSpeed's zero_to_fp32.py and older folders have them, made into a safetensors file. Such a file is a zip
 * of a pickle and the tensors' bytes. A pickle is a program that can call anything; here the few instructions of a dictionary of tensors are
 * followed, nothing is called, and any other is refused.
 */
import { StudioError } from '../../src/core/errors';
import { torchLines } from '../../src/core/model/folder';
import { archiveLimits, refuseFaulty } from '../archive/archive';
import { openZip } from '../archive/zip-reader';

/** A pickle of a thousand tensors has some hundred KB. */
const LARGEST_PICKLE = 64 * 2 ** 20;
const PIECE = 4 * 2 ** 20;

/** Storages by their class: the type in a safetensors file, and bytes of an element. */
const STORAGES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  FloatStorage: ['F32', 4],
  HalfStorage: ['F16', 2],
  BFloat16Storage: ['BF16', 2],
  DoubleStorage: ['F64', 8],
  LongStorage: ['I64', 8],
  IntStorage: ['I32', 4],
  ShortStorage: ['I16', 2],
  CharStorage: ['I8', 1],
  ByteStorage: ['U8', 1],
  BoolStorage: ['BOOL', 1],
};

const FLOATS = /^B?F\d+$/;

interface Tensor {
  storage: string;
  dtype: string;
  width: number;
  /** Element at which it begins. */
  offset: number;
  shape: number[];
  strides: number[];
}

/** A class or function that the pickle names; none is ever called. */
class Named {
  constructor(readonly name: string) {}
}
class Storage {
  constructor(
    readonly key: string,
    readonly kind: string,
  ) {}
}
const isTensor = (value: unknown): value is Tensor => typeof value === 'object' && value !== null && 'strides' in value;

class Refused extends Error {}

/** What a pickle of tensors builds, by its instructions (pickletools.py of CPython). @throws Refused */
function unpickle(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new TextDecoder();
  const stack: unknown[] = [];
  const marks: number[] = [];
  const memo: unknown[] = [];
  let at = 0;
  const take = (count: number) => {
    if (at + count > bytes.length) throw new Refused('it ends too early');
    return bytes.subarray(at, (at += count));
  };
  const number = (count: number) => take(count).reduceRight((sum, byte) => sum * 256 + byte, 0);
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new Refused('it ends too early');
    const text = words.decode(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  const pop = () => {
    if (stack.length === 0) throw new Refused('an instruction finds nothing');
    return stack.pop();
  };
  const fromMark = () => {
    const mark = marks.pop();
    if (mark === undefined) throw new Refused('an instruction finds no mark');
    return stack.splice(mark);
  };
  const setItems = (items: unknown[]) => {
    const target = stack.at(-1);
    if (!(target instanceof Map)) throw new Refused('items of something that is no dictionary');
    for (let item = 0; item + 1 < items.length; item += 2) target.set(items[item], items[item + 1]);
  };
  for (;;) {
    const code = number(1);
    switch (code) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return pop();
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x28: // MARK
        marks.push(stack.length);
        break;
      case 0x71: // BINPUT
        memo[number(1)] = stack.at(-1);
        break;
      case 0x72: // LONG_BINPUT
        memo[number(4)] = stack.at(-1);
        break;
      case 0x94: // MEMOIZE
        memo.push(stack.at(-1));
        break;
      case 0x68: // BINGET
        stack.push(memo[number(1)]);
        break;
      case 0x6a: // LONG_BINGET
        stack.push(memo[number(4)]);
        break;
      case 0x58: // BINUNICODE
        stack.push(words.decode(take(number(4))));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(words.decode(take(number(1))));
        break;
      case 0x4b: // BININT1
        stack.push(number(1));
        break;
      case 0x4d: // BININT2
        stack.push(number(2));
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(at, true));
        take(4);
        break;
      case 0x8a: // LONG1
        stack.push(number(number(1)));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(at));
        take(8);
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(code === 0x88);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(stack.splice(Math.max(0, stack.length - (code - 0x84))));
        break;
      case 0x74: // TUPLE
        stack.push(fromMark());
        break;
      case 0x61: // APPEND
      case 0x65: {
        // APPENDS
        const items = code === 0x61 ? [pop()] : fromMark();
        const list = stack.at(-1);
        if (Array.isArray(list)) list.push(...items);
        break;
      }
      case 0x73: {
        // SETITEM
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(fromMark());
        break;
      case 0x63: // GLOBAL
        stack.push(new Named(`${line()}.${line()}`));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        stack.push(new Named(`${String(pop())}.${String(name)}`));
        break;
      }
      case 0x51: // BINPERSID
        stack.push(storageOf(pop()));
        break;
      case 0x52: {
        // REDUCE
        const given = pop();
        stack.push(madeOf(pop(), given));
        break;
      }
      case 0x62: // BUILD: the versions of a module's state, kept beside the dictionary
        pop();
        break;
      default:
        throw new Refused(`the instruction 0x${code.toString(16)} at byte ${at - 1}`);
    }
  }
}

/** ("storage", class, key, device, elements) */
function storageOf(id: unknown): Storage {
  const [word, kind, key] = Array.isArray(id) ? (id as unknown[]) : [];
  if (word !== 'storage' || !(kind instanceof Named) || typeof key !== 'string')
    throw new Refused('a reference to something that is no storage');
  return new Storage(key, kind.name.replace(/^torch\./, ''));
}

function madeOf(maker: unknown, given: unknown): unknown {
  const name = maker instanceof Named ? maker.name : String(maker);
  const values = Array.isArray(given) ? (given as unknown[]) : [];
  if (name === 'collections.OrderedDict') return new Map();
  if (name === 'torch._utils._rebuild_parameter') return values[0];
  if (name !== 'torch._utils._rebuild_tensor_v2') throw new Refused(`a call of ${name}`);
  const [storage, offset, shape, strides] = values;
  const numbers = (list: unknown): list is number[] => Array.isArray(list) && list.every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!(storage instanceof Storage) || !numbers([offset]) || !numbers(shape) || !numbers(strides))
    throw new Refused('a tensor without its storage');
  const [dtype, width] = STORAGES[storage.kind] ?? [];
  if (dtype === undefined || width === undefined) throw new Refused(`numbers of ${storage.kind}`);
  return { storage: storage.key, dtype, width, offset: offset as number, shape, strides } satisfies Tensor;
}

/** Tensors by name: of the dictionary itself, or of the one that it holds under a usual name. */
function tensorsOf(pickled: unknown): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  const state =
    pickled instanceof Map
      ? (['state_dict', 'model', 'module'].map((key) => pickled.get(key) as unknown).find((one) => one instanceof Map) ?? pickled)
      : null;
  if (!(state instanceof Map)) throw new Refused('no dictionary of tensors');
  for (const [name, value] of state) if (typeof name === 'string' && isTensor(value)) found.set(name, value);
  if (found.size === 0) throw new Refused('no tensor');
  return found;
}

/**
 * The same tensors as the bytes of a safetensors file, in the order of their names.
 * @throws StudioError `model-format` for what is no file of tensors alone, `archive-invalid`
 */
export async function safetensorsOfTorch(name: string, blob: Blob): Promise<{ bytes: number; chunks(): AsyncGenerator<Uint8Array> }> {
  const refuse = (detail: string): never => {
    const lines = torchLines('');
    throw new StudioError('model-format', `${name} is not read here (${detail}); convert it to safetensors:\n${lines}`, {
      file: name,
      lines,
    });
  };
  const archive = await openZip({ name, blob }, archiveLimits).catch((error: unknown) =>
    error instanceof StudioError && error.code === 'archive-invalid' ? null : Promise.reject(error as Error),
  );
  // torch before 1.6 wrote no zip.
  if (!archive) return refuse('it is no zip');
  const pickle = archive.entries.find(({ path }) => path.endsWith('data.pkl'));
  if (!pickle || pickle.size > LARGEST_PICKLE) return refuse('it has no data.pkl');
  refuseFaulty(name, pickle);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of archive.read(pickle)) parts.push(piece);
  let tensors = new Map<string, Tensor>();
  try {
    tensors = tensorsOf(unpickle(new Uint8Array(await new Blob(parts).arrayBuffer())));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(error.message);
  }
  const folder = pickle.path.slice(0, -'data.pkl'.length);
  const entries = new Map(archive.entries.map((entry) => [entry.path, entry]));
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const sources: Blob[] = [];
  let end = 0;
  // Masks and positions are computed, not read.
  const weights = [...tensors].filter(([, { dtype }]) => FLOATS.test(dtype));
  for (const [tensor, { storage, dtype, width, offset, shape, strides }] of weights.sort(([one], [other]) => (one < other ? -1 : 1))) {
    const elements = shape.reduce((product, side) => product * side, 1);
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; step *= shape[axis--]!)
      if (shape[axis]! > 1 && strides[axis] !== step) refuse(`${tensor} is not contiguous`);
    const entry = entries.get(`${folder}data/${storage}`);
    const stored = entry && (await archive.stored(entry));
    if (!stored) return refuse(`the bytes of ${tensor} are missing or packed`);
    const [from, to] = [offset * width, (offset + elements) * width];
    if (to > stored.size) refuse(`${tensor} is longer than its storage`);
    sources.push(stored.slice(from, to));
    header[tensor] = { dtype, shape, data_offsets: [end, (end += to - from)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  return {
    bytes: head.length + end,
    async *chunks() {
      yield head;
      for (const source of sources)
        for (let from = 0; from < source.size; from += PIECE) yield new Uint8Array(await source.slice(from, from + PIECE).arrayBuffer());
    },
  };
}
