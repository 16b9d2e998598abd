import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../../../src/core/errors';
import { readSafetensors, writeSafetensors } from './safetensors';
import type { HostTensor } from './safetensors';
import { readIndex } from './sharded';

function file(header: unknown, data: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function detailOf(bytes: Uint8Array): string {
  try {
    readSafetensors('model.safetensors', bytes);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'safetensors-invalid') {
      expect(error.values['file']).toBe('model.safetensors');
      return String(error.values['detail']);
    }
    throw error;
  }
  return 'valid';
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

  const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

  it.each([
    ['truncated before the header', new Uint8Array(5), /fewer than the 8/],
    ['a header longer than the file', file({}, 0).subarray(0, 9), /claims 2 bytes, the file has 1/],
    ['a header length of 2⁶⁴ − 1', new Uint8Array(16).fill(255), /more than 100000000/],
    ['no JSON', file('{"a":', 0), /not a JSON object/],
    ['a list', file('[]', 0), /not a JSON object/],
    ['bytes that are not UTF-8', (() => file('{}  ', 0).fill(0xff, 10))(), /not UTF-8/],
    ['an unknown dtype', file({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8), /dtype "I64"/],
    ['a negative side', file({ a: f32(0, 4, [-1]) }, 4), /shape of "a"/],
    ['a shape that overflows', file({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4), /too large/],
    ['offsets that do not fit the shape', file({ a: f32(0, 8, [1]) }, 8), /takes 4 bytes, its offsets span 8/],
    ['offsets in reverse', file({ a: f32(8, 4, [1]) }, 8), /span -4/],
    ['overlapping tensors', file({ a: f32(0, 8), b: f32(4, 12) }, 12), /"b" starts at byte 4 of the data, where 8/],
    ['a gap', file({ a: f32(0, 4), b: f32(8, 12) }, 12), /"b" starts at byte 8 of the data, where 4/],
    ['truncated data', file({ a: f32(0, 8) }, 7), /take 8 bytes of data, the file has 7/],
    ['data that no tensor owns', file({ a: f32(0, 8) }, 9), /the file has 9/],
    [
      'a name that stands twice',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      /"a" twice/,
    ],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0), /__metadata__/],
  ])('refuses %s', (_, bytes, detail) => {
    expect(detailOf(bytes)).toMatch(detail);
  });

  it('answers any corruption of the header with a StudioError or a valid reading', () => {
    const good = writeSafetensors(
      [
        { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        { name: 'b', shape: [3], data: Float32Array.of(5, 6, 7) },
      ],
      'F32',
      { format: 'pt' },
    );
    const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));
    const change = fc.tuple(fc.integer({ min: 0, max: headerEnd - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: good.length }), (changes, length) => {
        const bytes = good.slice();
        for (const [at, value] of changes) bytes[at] = value;
        detailOf(bytes);
        detailOf(bytes.subarray(0, length));
      }),
      { numRuns: 2000 },
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

  it.each(['{', '[]', '{"weight_map": []}', '{"weight_map": {"a": 1}}'])('refuses %s', (text) => {
    expect(() => readIndex('index.json', text)).toThrow(expect.objectContaining({ code: 'safetensors-invalid' }));
  });
});
