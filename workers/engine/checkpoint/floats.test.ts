import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allFinite, decodeFloats, encodeFloats, fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './floats';

/** float32 → bits, from torch: torch.tensor(x).to(torch.float16 / torch.bfloat16).view(torch.uint16). */
const fromTorch: [value: number, float16: number, bfloat16: number][] = [
  [0.0, 0x0000, 0x0000],
  [-0.0, 0x8000, 0x8000],
  [1.0, 0x3c00, 0x3f80],
  [-1.5, 0xbe00, 0xbfc0],
  [0.10000000149011612, 0x2e66, 0x3dcd],
  [3.1415927410125732, 0x4248, 0x4049],
  [65504.0, 0x7bff, 0x4780],
  [65519.0, 0x7bff, 0x4780],
  [65520.0, 0x7c00, 0x4780],
  [-1000000.0, 0xfc00, 0xc974],
  [9.99999993922529e-9, 0x0000, 0x322c],
  [5.99999978589949e-8, 0x0001, 0x3381],
  [5.960464477539063e-8, 0x0001, 0x3380],
  [2.98023224e-8, 0x0000, 0x3300],
  [2.980232594040899e-8, 0x0001, 0x3300],
  [8.940696716308594e-8, 0x0002, 0x33c0],
  [6.103515625e-5, 0x0400, 0x3880],
  [6.097555160522461e-5, 0x03ff, 0x3880],
  [6.1005353927612305e-5, 0x0400, 0x3880],
  [1.00048828125, 0x3c00, 0x3f80],
  [1.00146484375, 0x3c02, 0x3f80],
  [1.00390625, 0x3c04, 0x3f80],
  [1.01171875, 0x3c0c, 0x3f82],
  [3.3895314e38, 0x7c00, 0x7f7f],
  [3.4e38, 0x7c00, 0x7f80],
  [1.1754943508222875e-38, 0x0000, 0x0080],
  [9.99994610111476e-41, 0x0000, 0x0001],
  [Infinity, 0x7c00, 0x7f80],
  [-Infinity, 0xfc00, 0xff80],
];

describe('half-precision floats', () => {
  it.each(fromTorch)('%f rounds as in torch', (value, float16, bfloat16) => {
    expect(toFloat16(value)).toBe(float16);
    expect(toBfloat16(value)).toBe(bfloat16);
  });

  it('keeps every one of the 65,536 patterns through float32, NaN as NaN', () => {
    for (const [decode, encode] of [
      [fromFloat16, toFloat16],
      [fromBfloat16, toBfloat16],
    ] as const)
      for (let bits = 0; bits < 65_536; bits += 1) {
        const value = decode(bits);
        if (Number.isNaN(value)) expect(decode(encode(value))).toBeNaN();
        else if (encode(value) !== bits) expect.fail(`pattern ${bits} came back as ${encode(value)}`);
      }
  });

  it('rounds to the nearest: no other half is closer', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65_000, max: 65_000 }), (value) => {
        for (const [decode, encode] of [
          [fromFloat16, toFloat16],
          [fromBfloat16, toBfloat16],
        ] as const) {
          const bits = encode(value);
          const error = Math.abs(decode(bits) - value);
          for (const other of [bits - 1, bits + 1])
            if (Number.isFinite(decode(other & 0xffff))) expect(error).toBeLessThanOrEqual(Math.abs(decode(other & 0xffff) - value));
        }
      }),
    );
  });

  it('goes over whole tensors as over single values, wherever their bytes lie', () => {
    const values = Float32Array.from(fromTorch, ([value]) => value);
    for (const [dtype, column] of [
      ['F16', 1],
      ['BF16', 2],
    ] as const) {
      const bytes = encodeFloats(values, dtype);
      expect(Array.from(new Uint16Array(bytes.buffer))).toEqual(fromTorch.map((row) => row[column]));
      const decode = dtype === 'F16' ? fromFloat16 : fromBfloat16;
      const odd = new Uint8Array(bytes.length + 1);
      odd.set(bytes, 1);
      expect(Array.from(decodeFloats(odd.subarray(1), dtype))).toEqual(fromTorch.map((row) => decode(row[column])));
    }
  });

  it('finds every pattern that is not finite', () => {
    for (const [dtype, decode] of [
      ['F16', fromFloat16],
      ['BF16', fromBfloat16],
    ] as const)
      for (let bits = 0; bits < 65_536; bits += 1)
        if (allFinite(new Uint8Array(Uint16Array.of(bits).buffer), dtype) !== Number.isFinite(decode(bits)))
          expect.fail(`${dtype} ${bits}`);
    for (const value of [NaN, Infinity, -Infinity, 3.4028234663852886e38, 1e-45, 0])
      expect(allFinite(encodeFloats(Float32Array.of(1, value), 'F32'), 'F32')).toBe(Number.isFinite(value));
  });
});
