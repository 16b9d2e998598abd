import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from './config';
import { parameterShapes } from './parameters';
import { dequantise, quantise, quantisedLayout, quantisedParameters } from './quantisation';

interface Fixture {
  shape: [number, number];
  nf4: { codes: string; numbers: string; mean: number; scales: number[]; sum: number };
  int8: { codes: string; scales: number[]; sum: number };
}
const fixtures = 'e2e/parity/fixtures';
const fixture = JSON.parse(readFileSync(`${fixtures}/quantisation.json`, 'utf8')) as Fixture;
const [rows, columns] = fixture.shape;
/** As make_quantisation_fixtures.py has it. */
const matrix = Float32Array.from({ length: rows * columns }, (_, at) => (((at * 2654435761) % 4294967296) / 4294967296 - 0.5) ** 3 * 4);
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const total = (values: Float32Array) => values.reduce((sum, value) => sum + Math.abs(value), 0);

describe('quantisation', () => {
  it("has bitsandbytes' NF4 codes, 8-bit magnitudes and their scales", () => {
    const words = quantise('nf4', matrix, rows, columns);
    const layout = quantisedLayout('nf4', rows, columns);
    const [bytes, floats] = [new Uint8Array(words.buffer), new Float32Array(words.buffer)];
    const { codes, numbers, mean, scales, sum } = fixture.nf4;
    expect(Buffer.compare(bytes.subarray(4 * layout.codes), bytesOf(codes))).toBe(0);
    expect(Buffer.compare(bytes.subarray(4 * layout.magnitudes, 4 * layout.magnitudes + bytesOf(numbers).length), bytesOf(numbers))).toBe(
      0,
    );
    expect(floats[layout.mean]).toBeCloseTo(mean, 6);
    scales.forEach((scale, at) => expect(floats[layout.scales + at]).toBeCloseTo(scale, 6));
    expect(total(dequantise('nf4', words, rows, columns)) / sum).toBeCloseTo(1, 6);
    // 4 bits and 8 more for 64 weights.
    expect((32 * (layout.words - layout.scales)) / (rows * columns)).toBeLessThan(4.13);
  });

  it("has bitsandbytes' 8-bit codes by rows", () => {
    const words = quantise('int8', matrix, rows, columns);
    expect(Buffer.compare(new Uint8Array(words.buffer, 4 * rows), bytesOf(fixture.int8.codes))).toBe(0);
    expect([...new Float32Array(words.buffer, 0, rows)]).toEqual(fixture.int8.scales.map(Math.fround));
    expect(total(dequantise('int8', words, rows, columns)) / fixture.int8.sum).toBeCloseTo(1, 6);
  });

  it.each(['nf4', 'int8'] as const)('%s leaves rows of zeros zero, and blocks of any length whole', (format) => {
    expect(dequantise(format, quantise(format, new Float32Array(70), 7, 10), 7, 10)).toEqual(new Float32Array(70));
    const odd = Float32Array.from({ length: 65 }, (_, at) => (at === 64 ? 0.5 : 1 - at / 32));
    const found = dequantise(format, quantise(format, odd, 1, 65), 1, 65);
    for (const [at, value] of odd.entries()) expect(Math.abs(found[at]! - value)).toBeLessThan(format === 'int8' ? 0.004 : 0.16);
  });

  it('is for the maps of the blocks, and for no table and no head', () => {
    const config = parseConfig('config.json', readFileSync(`${fixtures}/families/phi3/config.json`, 'utf8'));
    const names = [...quantisedParameters(config).keys()];
    const maps = [...parameterShapes(config)].filter(([, shape]) => shape.length > 1).map(([name]) => name);
    expect(maps.filter((name) => !names.includes(name))).toEqual(['model.embed_tokens.weight', 'lm_head.weight']);
    expect(names).toHaveLength(7 * config.layers);
  });
});
