import { expect, it } from 'vitest';
import { throughAccessors } from './half';

it.each([
  ['let a = x[i];', 'let a = x_at(u32(i));'],
  ['y[index] = x[index];', 'y_put(u32(index), x_at(u32(index)));'],
  ['y[i] += x[2u * (i + ids[i])].y * w[i];', 'y_put(u32(i), y_at(u32(i)) + (x_at(u32(2u * (i + ids[i]))).y * w[i]));'],
  ['if (y[i] == x[y[j]]) { z[i] = 1; }', 'if (y_at(u32(i)) == x_at(u32(y_at(u32(j))))) { z[i] = 1; }'],
  ['max[i] + params.x[0] + xx[1];', 'max[i] + params.x[0] + xx[1];'],
])('%s', (text, expected) => {
  expect(throughAccessors(text, ['x', 'y'])).toBe(expected);
});
