import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../../src/core/errors';
import { openSafetensors, readSafetensors, type HostTensor } from './safetensors';
import { openWeights, readIndex } from './sharded';
import { safetensorsStream, writeSafetensors } from './write';

function file(header: unknown, data: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** What the two readers say of a file, which must be the same: 'valid', or the detail of `safetensors-invalid`. */
async function detailOf(bytes: Uint8Array): Promise<string> {
  const said = (error: unknown): string => {
    if (!(error instanceof StudioError) || error.code !== 'safetensors-invalid') throw error;
    expect(error.values['file']).toBe('model.safetensors');
    return `${error.values['reason']}: ${error.values['detail']}`;
  };
  const fromDisk = await openSafetensors('model.safetensors', new Blob([bytes.slice()])).then(() => 'valid', said);
  let fromMemory = 'valid';
  try {
    readSafetensors('model.safetensors', bytes);
  } catch (error) {
    fromMemory = said(error);
  }
  // The reader of whole files in memory takes none but floats.
  if (!fromMemory.startsWith('dtype-not-float')) expect(fromDisk).toBe(fromMemory);
  return fromMemory;
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const list: Uint8Array[] = [];
  for await (const chunk of chunks) list.push(chunk.slice());
  return new Uint8Array(Buffer.concat(list));
}

const tensors: fc.Arbitrary<HostTensor[]> = fc
  .uniqueArray(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((name) => name !== '__metadata__'),
    { maxLength: 6 },
  )
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
          const size = shape.reduce((product, side) => product * side, 1);
          return fc.float32Array({ minLength: size, maxLength: size }).map((data) => ({ name, shape, data }));
        }),
      ),
    ),
  );

describe('safetensors', () => {
  it('reads what the reference implementation wrote', () => {
    const bytes = new Uint8Array(readFileSync('e2e/parity/fixtures/tiny-tied/model.safetensors'));
    const { tensors: stored, metadata } = readSafetensors('model.safetensors', bytes);
    expect(metadata).toEqual({ format: 'pt' });
    expect(stored.size).toBe(20);
    const norm = stored.get('model.norm.weight')!;
    expect([norm.dtype, norm.shape]).toEqual(['BF16', [48]]);
    // The fixture draws norms from 0.5 … 1.5.
    expect(Math.min(...norm.read())).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...norm.read())).toBeLessThanOrEqual(1.5);
  });

  it('reads every float of Python’s safetensors bit for bit, whole and in shards, and leaves other types alone', async () => {
    const folder = 'e2e/parity/fixtures/safetensors';
    const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
      floats: Record<string, { shape: number[]; bits: number[] }>;
      rounded: Record<'F16' | 'BF16', number[]>;
    };
    const shard = (name: string) => ({ name, bytes: new Blob([readFileSync(`${folder}/${name}`)]) });
    const index = { name: 'model.safetensors.index.json', text: readFileSync(`${folder}/model.safetensors.index.json`, 'utf8') };
    const whole = await openSafetensors('whole.safetensors', shard('whole.safetensors').bytes);
    expect(whole.metadata).toEqual({ format: 'pt', 键: '值' });
    const shards = await openWeights(
      [1, 2].map((at) => shard(`model-0000${at}-of-00002.safetensors`)),
      index,
    );
    for (const { tensors: found } of [whole, shards]) {
      expect(found.size).toBe(9);
      for (const [name, { shape, bits }] of Object.entries(expected.floats)) {
        const tensor = found.get(name)!;
        expect(tensor.shape, name).toEqual(shape);
        expect([...new Int32Array((await tensor.read()).buffer)], name).toEqual(bits);
      }
      for (const name of ['ids', 'mask', 'bytes'])
        await expect(found.get(name)!.read(), name).rejects.toMatchObject({ values: { reason: 'dtype-not-float', tensor: name } });
    }
    // And rounds as torch does, header apart.
    const data = await whole.tensors.get('f32')!.read();
    for (const dtype of ['F16', 'BF16'] as const) {
      const bytes = writeSafetensors([{ name: 'f32', shape: [15], data }], dtype);
      expect([...new Int16Array(bytes.slice(-30).buffer)], dtype).toEqual(expected.rounded[dtype]);
    }
  });

  it('gives back what it wrote, bit for bit in F32, whatever the names and shapes', () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (list, metadata) => {
        const bytes = writeSafetensors(list, 'F32', metadata);
        const found = readSafetensors('x', bytes);
        expect({ ...found.metadata }).toEqual({ ...metadata });
        expect(found.tensors.size).toBe(list.length);
        for (const { name, shape, data } of list) {
          const tensor = found.tensors.get(name)!;
          expect(tensor.shape).toEqual(shape);
          expect(tensor.read()).toEqual(data);
        }
      }),
    );
  });

  it.each(['F16', 'BF16'] as const)('loses nothing a second time in %s', (dtype) => {
    fc.assert(
      fc.property(tensors, (list) => {
        const once = [...readSafetensors('x', writeSafetensors(list, dtype)).tensors.values()].map((tensor) => ({
          ...tensor,
          data: tensor.read(),
        }));
        const twice = readSafetensors('x', writeSafetensors(once, dtype)).tensors;
        for (const { name, data } of once) expect(twice.get(name)!.read()).toEqual(data);
      }),
    );
  });

  it('reads tensors from a view into a larger buffer', () => {
    const bytes = writeSafetensors([{ name: 'a', shape: [2], data: Float32Array.of(1, 2) }], 'F32');
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(readSafetensors('x', larger.subarray(3)).tensors.get('a')!.read()).toEqual(Float32Array.of(1, 2));
  });

  it('reads the same from the disk, piece by piece, as from memory', async () => {
    const bytes = new Uint8Array(readFileSync('e2e/parity/fixtures/tiny-tied/model.safetensors'));
    const whole = readSafetensors('x', bytes).tensors;
    const opened = await openSafetensors('x', new Blob([bytes]));
    expect([...opened.tensors.keys()]).toEqual([...whole.keys()]);
    for (const [name, tensor] of opened.tensors) expect(await tensor.read(), name).toEqual(whole.get(name)!.read());
    // Head and data, one after the other, are the file.
    const parts = async function* () {
      yield opened.head;
      for (const tensor of opened.tensors.values()) yield* tensor.rawPieces(true);
    };
    expect(await gathered(parts())).toEqual(bytes);
  });

  it('writes as a stream what it writes in memory', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.constantFrom('F32', 'F16', 'BF16'), async (list, dtype) => {
        const writable = list.map(({ name, shape, data }) => ({
          name,
          shape,
          async *pieces() {
            for (let at = 0; at < data.length; at += 3) yield data.subarray(at, at + 3);
          },
        }));
        const stream = safetensorsStream(writable, dtype, { format: 'pt' });
        const bytes = await gathered(stream.chunks());
        expect(bytes).toEqual(writeSafetensors(list, dtype, { format: 'pt' }));
        expect(stream.bytes).toBe(bytes.length);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['F32', 'F16', 'BF16'] as const)('finds values that are not finite while it reads, in %s', async (dtype) => {
    for (const value of [NaN, -NaN, Infinity, -Infinity]) {
      const data = Float32Array.of(1, -65504, value, 2);
      const bytes = writeSafetensors([{ name: 'w', shape: [4], data }], dtype);
      const tensor = (await openSafetensors('a.safetensors', new Blob([bytes]))).tensors.get('w')!;
      await expect(tensor.read()).rejects.toMatchObject({ code: 'tensor-not-finite', values: { file: 'a.safetensors', tensor: 'w' } });
    }
    const finite = writeSafetensors([{ name: 'w', shape: [3], data: Float32Array.of(65504, -0, 2 ** -24) }], dtype);
    expect((await (await openSafetensors('a', finite)).tensors.get('w')!.read())[2]).toBe(2 ** -24);
  });

  it('opens a file with tensors of other types, and refuses those by name when they are wanted', async () => {
    const header = { mask: { dtype: 'BOOL', shape: [3], data_offsets: [0, 3] }, w: f32(3, 11) };
    const { tensors: found } = await openSafetensors('x', file(header, 11));
    expect(await found.get('w')!.read()).toEqual(new Float32Array(2));
    const refused = { code: 'safetensors-invalid', values: { reason: 'dtype-not-float', tensor: 'mask', found: 'BOOL' } };
    expect(() => found.get('mask')!.checkFloat()).toThrow(expect.objectContaining({ code: refused.code }));
    await expect(found.get('mask')!.read()).rejects.toMatchObject(refused);
  });

  it('says that a file changed since it was chosen', async () => {
    const bytes = writeSafetensors([{ name: 'w', shape: [4], data: new Float32Array(4) }], 'F32');
    const gone = Object.assign(new Blob([bytes]), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) }),
    }) as unknown as Blob;
    await expect(openSafetensors('w.safetensors', gone)).rejects.toMatchObject({
      code: 'file-unreadable',
      values: { file: 'w.safetensors', detail: 'gone' },
    });
  });

  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

  it.each([
    ['truncated before the header', new Uint8Array(5), /^too-short: .*fewer than the 8/],
    ['a header longer than the file', file({}, 0).subarray(0, 9), /claims 2 bytes, the file has 1/],
    ['a header length of 2⁶⁴ − 1', new Uint8Array(16).fill(255), /^header-beyond-file: the header claims 18446744073709551615/],
    ['a header length of 2⁶³', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125), /claims 9223372036854775808 bytes, the file has 2/],
    [
      '2 GB claimed by 1 KB',
      file({ a: f32(0, 2 ** 31) }, 1024),
      /^data-length: its tensors take 2147483648 bytes of data, the file has 1024/,
    ],
    ['no JSON', file('{"a":', 0), /not a JSON object/],
    ['a list', file('[]', 0), /not a JSON object/],
    ['a million open brackets', file(`{"a":${'['.repeat(1e6)}`, 0), /^header-too-deep/],
    ['a million escaped quotes', file(`{"${String.raw`\"`.repeat(1e6)}`, 0), /^header-not-json/],
    ['bytes that are not UTF-8', (() => file('{}  ', 0).fill(0xff, 10))(), /not UTF-8/],
    ['a dtype outside the format', file({ a: { dtype: 'F31', shape: [1], data_offsets: [0, 4] } }, 4), /^dtype-unknown: .*"F31"/],
    ['a dtype that is no text', file({ a: { dtype: 1, shape: [1], data_offsets: [0, 4] } }, 4), /^dtype-unknown/],
    ['a name from every object', file({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 4] } }, 4), /^dtype-unknown/],
    [
      'a dtype that is not float',
      file({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8),
      /^dtype-not-float: "a" has dtype I64/,
    ],
    ['an entry that is a list', file({ a: [] }, 0), /^entry-unreadable: the entry of "a"/],
    ['three offsets', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 4), /^entry-unreadable/],
    ['a negative side', file({ a: f32(0, 4, [-1]) }, 4), /shape of "a"/],
    ['a side that is a fraction', file({ a: f32(0, 4, [0.5, 2]) }, 4), /shape of "a"/],
    ['a shape that overflows', file({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /too large/],
    ['a shape that overflows before it is empty', file({ a: f32(0, 0, [2 ** 40, 2 ** 40, 0]) }, 0), /too large/],
    ['offsets that do not fit the shape', file({ a: f32(0, 8, [1]) }, 8), /takes 4 bytes, its offsets span 8/],
    ['offsets in reverse', file({ a: f32(8, 4, [1]) }, 8), /span -4/],
    ['overlapping tensors', file({ a: f32(0, 8), b: f32(4, 12) }, 12), /^data-overlap: "b" starts at byte 4 of the data, where 8/],
    ['a gap', file({ a: f32(0, 4), b: f32(8, 12) }, 12), /^data-gap: "b" starts at byte 8 of the data, where 4/],
    ['truncated data', file({ a: f32(0, 8) }, 7), /take 8 bytes of data, the file has 7/],
    ['data that no tensor owns', file({ a: f32(0, 8) }, 9), /the file has 9/],
    [
      'a name that stands twice',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      /"a" twice/,
    ],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('refuses %s', async (_, bytes, detail) => {
    expect(await detailOf(bytes)).toMatch(detail);
  });

  it('answers any corruption of the header with an error, unless what it reads is untouched', async () => {
    const list = [
      { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'bias', shape: [3], data: Float32Array.of(5, 6, 7) },
    ];
    const good = writeSafetensors(list, 'F32', { format: 'pt' });
    const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));
    let refused = 0;
    let harmless = 0;
    for (let at = 0; at < headerEnd; at += 1)
      for (const value of [0, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c, 0x5d, 0x7b, 0x7d, 0xff, good[at]! ^ 1, good[at]! ^ 0x80]) {
        if (value === good[at]) continue;
        const bytes = good.slice();
        bytes[at] = value;
        const said = await detailOf(bytes);
        if (said !== 'valid') {
          refused += 1;
          continue;
        }
        harmless += 1;
        const found = readSafetensors('x', bytes).tensors;
        // A name may have become another one, which the model then lacks; shapes and values never change.
        expect([...found.values()].map(({ shape, read }) => [shape, [...read()]])).toEqual(
          list.map(({ shape, data }) => [shape, [...data]]),
        );
      }
    expect(refused).toBeGreaterThan(harmless);
  });

  it('answers any changes and any cut with an error or a reading', async () => {
    const good = writeSafetensors([{ name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }], 'F32', { format: 'pt' });
    const change = fc.tuple(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: good.length }),
        async (changes, length) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          await detailOf(bytes);
          await detailOf(bytes.subarray(0, length));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the index of a sharded model', () => {
  it('maps tensors to files', () => {
    const text = JSON.stringify({
      metadata: { total_size: 8 },
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    });
    expect(readIndex('model.safetensors.index.json', text).get('b')).toBe('model-00002-of-00002.safetensors');
  });

  it.each(['{', '[]', '{"weight_map": []}', '{"weight_map": {"a": 1}}', '{"weight_map": {"a": "../b.safetensors"}}'])(
    'refuses %s',
    (text) => {
      expect(() => readIndex('index.json', text)).toThrow(expect.objectContaining({ code: 'safetensors-invalid' }));
    },
  );

  const shard = (name: string, ...names: string[]) => ({
    name,
    bytes: new Blob([
      writeSafetensors(
        names.map((tensor) => ({ name: tensor, shape: [1], data: Float32Array.of(1) })),
        'F32',
      ),
    ]),
  });
  const index = (map: Record<string, string>) => ({ name: 'index.json', text: JSON.stringify({ weight_map: map }) });

  it('is held against the shards', async () => {
    const shards = [shard('1.safetensors', 'a'), shard('2.safetensors', 'b')];
    const { tensors: found } = await openWeights(shards, index({ a: '1.safetensors', b: '2.safetensors' }));
    expect([...found.values()].map(({ name, file: holder }) => [name, holder])).toEqual([
      ['a', '1.safetensors'],
      ['b', '2.safetensors'],
    ]);
    await expect(openWeights(shards, index({ a: '1.safetensors', b: '3.safetensors' }))).rejects.toMatchObject({
      code: 'file-missing',
      values: { file: 'index.json', wanted: '3.safetensors' },
    });
    await expect(openWeights(shards, index({ a: '1.safetensors', c: '2.safetensors' }))).rejects.toMatchObject({
      code: 'tensor-missing',
      values: { file: '2.safetensors', tensor: 'c' },
    });
    await expect(openWeights([...shards, shard('3.safetensors', 'a')])).rejects.toMatchObject({
      code: 'safetensors-invalid',
      values: { file: '3.safetensors', reason: 'tensor-elsewhere', tensor: 'a', other: '1.safetensors' },
    });
  });
});
