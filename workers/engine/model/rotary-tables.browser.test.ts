import { memory, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '..';
import { rotaryAngles, RotaryTables } from './rotary-tables';

describe('rotary tables', () => {
  beforeAll(async () => {
    await openBackend({ backend: 'wasm', threads: 1, requireHardware: false });
  });

  it('grow to the positions that are asked for, up to the longest text, and hold no memory for the others', () => {
    const before = memory().numTensors;
    const tables = new RotaryTables({ theta: 10_000, dimensions: 4, scaling: null }, 1_000_000);
    const [bytes, count] = [memory().numBytes, memory().numTensors];
    expect(bytes).toBeLessThan(1_000_000);
    const whole = rotaryAngles(1500, { theta: 10_000, dimensions: 4, scaling: null });
    for (const [first, length] of [
      [0, 3],
      [511, 1],
      [512, 1],
      [1490, 10],
    ] as const)
      tidy(() => {
        const [cos, sin] = tables.at(first, length);
        expect(cos!.dataSync()).toEqual(whole.cos.subarray(4 * first, 4 * (first + length)));
        expect(sin!.dataSync()).toEqual(whole.sin.subarray(4 * first, 4 * (first + length)));
      });
    expect(memory().numTensors).toBe(count);
    tables.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
