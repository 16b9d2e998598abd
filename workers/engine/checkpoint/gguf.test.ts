/** GGUF against PyPI's `gguf` (e2e/parity/make_gguf_fixtures.py), and what a hostile header is refused for. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openGguf } from './gguf';
import { encodeGguf } from './gguf-quants';
import { ggufStream, type GgufEntry } from './gguf-write';

const fixtures = 'e2e/parity/fixtures/gguf';
const bytes = new Uint8Array(readFileSync(`${fixtures}/quants.gguf`));
const sha = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

describe('types of numbers', async () => {
  const expected = JSON.parse(readFileSync(`${fixtures}/quants.json`, 'utf8')) as Record<string, string>;
  const { tensors } = await openGguf('quants.gguf', new Blob([bytes]));
  const source = await tensors.get('source')!.read();

  it.each(Object.keys(expected))('%s has the values that gguf.dequantize gives, bit for bit', async (name) => {
    const tensor = tensors.get(name)!;
    expect(tensor.shape).toEqual([2, 512]);
    expect(sha(await tensor.read())).toBe(expected[name]);
  });

  it.each(['F16', 'BF16', 'Q8_0'] as const)('%s is written as gguf.quantize writes it', async (type) => {
    const [written] = [...(await openGguf('x', gguf([], [encodeGguf(source, type)], type))).tensors.values()];
    expect(sha(await written!.read())).toBe(expected[`of-source.${type}`]);
    // Scales and rounded values apart: the bytes themselves, where they lie in the fixture.
    expect(Buffer.from(bytes).includes(Buffer.from(encodeGguf(source, type)))).toBe(true);
  });
});

type Pair = { key: string | Uint8Array; type: number; value: Uint8Array };
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const text = (value: string | Uint8Array) => {
  const inner = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return joined([u64(inner.length), inner]);
};

interface Written {
  name: string;
  sides: (number | bigint)[];
  type: number;
  offset: number;
}
const TYPE_IDS = { F16: 1, BF16: 30, Q8_0: 8 };

/** A file put together by hand. */
function gguf(pairs: readonly Pair[], data: readonly Uint8Array[], type: keyof typeof TYPE_IDS = 'F16', change: Partial<Written> = {}) {
  const entries = data.map((_, at) => ({ name: `t${at}`, sides: [512, 2], type: TYPE_IDS[type], offset: 0, ...change }));
  return file(3, pairs, entries, data);
}
function file(
  version: number,
  pairs: readonly Pair[],
  tensors: readonly Written[],
  data: readonly Uint8Array[],
  counts?: [bigint, bigint],
) {
  const head = joined([
    ...[Buffer.from('GGUF'), u32(version), u64(counts?.[0] ?? tensors.length), u64(counts?.[1] ?? pairs.length)],
    ...pairs.flatMap(({ key, type, value }) => [text(key), u32(type), value]),
    ...tensors.flatMap(({ name, sides, type, offset }) => [text(name), u32(sides.length), ...sides.map(u64), u32(type), u64(offset)]),
  ]);
  return joined([head, new Uint8Array((32 - (head.length % 32)) % 32), ...data]);
}

const tensor = (change: Partial<Written> = {}): Written => ({ name: 'a', sides: [32], type: 0, offset: 0, ...change });
const pair = (key: string, type: number, value: Uint8Array): Pair => ({ key, type, value });
const whole = new Uint8Array(128);

describe('a file that is refused', () => {
  const cases: [string, Uint8Array, Record<string, unknown>][] = [
    ['another kind of file', new TextEncoder().encode('PK\x03\x04 and so on'), { reason: 'gguf-magic', found: '"PK\\u0003\\u0004"' }],
    ['an empty file', new Uint8Array(), { reason: 'gguf-magic', found: '""' }],
    ['version 1', file(1, [], [], []), { reason: 'gguf-version', found: 1 }],
    ['a big-endian file', file(0x03000000, [], [], []), { reason: 'gguf-version', found: 0x03000000 }],
    ['a cut header', bytes.slice(0, 700), { reason: 'gguf-cut', found: 700 }],
    ['a cut file', bytes.slice(0, 9000), { reason: 'data-length' }],
    ['2⁶⁰ tensors', file(3, [], [], [whole], [2n ** 60n, 0n]), { reason: 'gguf-count', field: 'tensor_count', claimed: String(2n ** 60n) }],
    ['2⁶⁰ keys', file(3, [], [], [whole], [0n, 2n ** 60n]), { reason: 'gguf-count', field: 'metadata_kv_count' }],
    [
      'a key of 2⁴⁰ bytes',
      file(3, [{ key: 'k', type: 8, value: joined([u64(2 ** 40), whole]) }], [], []),
      { reason: 'gguf-count', field: 'k' },
    ],
    ['a list of 2⁵⁰ numbers', file(3, [pair('k', 9, joined([u32(4), u64(2 ** 50), whole]))], [], []), { reason: 'gguf-count', field: 'k' }],
    ['a list of lists', file(3, [pair('k', 9, joined([u32(9), u64(1), whole]))], [], []), { reason: 'gguf-value-type', found: 9 }],
    ['an unknown kind of value', file(3, [pair('k', 13, whole)], [], []), { reason: 'gguf-value-type', field: 'k', found: 13 }],
    ['a truth value of 2', file(3, [pair('k', 7, Uint8Array.of(2))], [], [whole]), { reason: 'gguf-flag', field: 'k', found: 2 }],
    ['a key twice', file(3, [pair('k', 4, u32(1)), pair('k', 4, u32(2))], [], [whole]), { reason: 'gguf-key-twice', field: 'k' }],
    [
      'a key that is no text',
      file(3, [{ key: Uint8Array.of(0xff), type: 4, value: u32(1) }], [], []),
      { reason: 'gguf-text', field: 'key 1' },
    ],
    ['a number beyond 2⁵³', file(3, [pair('k', 10, u64(2n ** 60n))], [], [whole]), { reason: 'gguf-integer', found: String(2n ** 60n) }],
    ['an alignment of 24', file(3, [pair('general.alignment', 4, u32(24))], [], []), { reason: 'gguf-alignment', found: 24 }],
    ['one of three parts', file(3, [pair('split.count', 2, Uint8Array.of(3, 0))], [], [whole]), { reason: 'gguf-split', found: 3 }],
    ['a tensor twice', file(3, [], [tensor(), tensor({ offset: 128 })], [whole, whole]), { reason: 'name-twice', tensor: 'a' }],
    ['five axes', file(3, [], [tensor({ sides: [1, 1, 1, 1, 1] })], [whole]), { reason: 'gguf-axes', found: 5 }],
    ['2⁸⁰ values', file(3, [], [tensor({ sides: [2 ** 40, 2 ** 40] })], [whole]), { reason: 'shape-too-large', tensor: 'a' }],
    [
      'half a block',
      file(3, [], [tensor({ sides: [48], type: 8 })], [whole]),
      { reason: 'gguf-block', found: 48, expected: 32, dtype: 'Q8_0' },
    ],
    ['IQ4_XS', file(3, [], [tensor({ type: 23 })], [whole]), { reason: 'gguf-quantisation', found: 'IQ4_XS' }],
    ['type 77', file(3, [], [tensor({ type: 77 })], [whole]), { reason: 'gguf-quantisation', found: '77' }],
    [
      'an overlap',
      file(3, [], [tensor(), tensor({ name: 'b', offset: 64 })], [whole, whole]),
      { reason: 'gguf-offset', found: 64, expected: 128 },
    ],
    [
      'an offset behind the file',
      file(3, [], [tensor({ offset: 2 ** 45 })], [whole]),
      { reason: 'gguf-offset', found: 2 ** 45, expected: 0 },
    ],
    ['too little data', file(3, [], [tensor({ sides: [64] })], [whole]), { reason: 'data-length', expected: 256, found: 128 }],
  ];
  it.each(cases)('%s', async (_, given, values) => {
    await expect(openGguf('m.gguf', new Blob([given as Uint8Array<ArrayBuffer>]))).rejects.toMatchObject({
      ...{ code: 'gguf-invalid', values: { file: 'm.gguf', ...values } },
    });
  });

  it('holds a value that is not finite', async () => {
    const { tensors } = await openGguf(
      'm.gguf',
      file(3, [], [tensor({ sides: [2] })], [new Uint8Array(Float32Array.of(1, Infinity).buffer)]),
    );
    await expect(tensors.get('a')!.read()).rejects.toMatchObject({ code: 'tensor-not-finite', values: { file: 'm.gguf', tensor: 'a' } });
  });
});

describe('a file that is written', () => {
  it('is read again, with metadata of every kind', async () => {
    const entries: GgufEntry[] = [
      ['a', 'u32', 7],
      ['b', 'f32', 0.5],
      ['c', 'flag', true],
      ['d', 'text', '词元 😀'],
      ['e', 'texts', ['x', '', 'Ġ中']],
      ['f', 'i32s', [-1, 6]],
      ['g', 'f32s', [-0.25]],
      // More than the header's first room.
      ['h', 'i32s', Array.from({ length: 40_000 }, (_, at) => at)],
      ['i', 'u32', 9],
    ];
    const pieces = async function* () {
      yield await Promise.resolve(Float32Array.of(1, 2, 3));
    };
    const stream = ggufStream(
      entries,
      [
        { name: 'one', shape: [3], pieces },
        { name: 'two', shape: [1, 3], pieces },
      ],
      'F16',
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.chunks()) chunks.push(chunk);
    const written = joined(chunks);
    expect(written.length).toBe(stream.bytes);
    const { metadata, tensors } = await openGguf('w.gguf', written);
    expect([metadata.count('a'), metadata.number('b'), metadata.flag('c'), metadata.text('d')]).toEqual([7, 0.5, true, '词元 😀']);
    expect([metadata.texts('e'), metadata.numbers('f'), metadata.numbers('g')]).toEqual([['x', '', 'Ġ中'], [-1, 6], [-0.25]]);
    expect([metadata.numbers('h').at(-1), metadata.count('i')]).toEqual([39_999, 9]);
    expect([...tensors.values()].map(({ type, shape }) => [type, shape])).toEqual([
      ['F32', [3]],
      ['F16', [1, 3]],
    ]);
    expect(await tensors.get('two')!.read()).toEqual(Float32Array.of(1, 2, 3));
    expect(() => metadata.count('d')).toThrow(expect.objectContaining({ code: 'config-unsupported' }));
  });
});
