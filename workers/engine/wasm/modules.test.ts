/** The kernels run inside tfjs's heap, so their modules must bring nothing of their own into it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string) => new WebAssembly.Module(readFileSync(new URL(`build/${file}`, import.meta.url)));

/** Ids of a module's sections (WebAssembly core specification, 5.5.2). */
function sections(file: string): number[] {
  const bytes = readFileSync(new URL(`build/${file}`, import.meta.url));
  const ids: number[] = [];
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  return ids;
}

const [globals, start, data, dataCount] = [6, 8, 11, 12];

// Relaxed SIMD is newer than some Nodes, so those modules are only looked at from outside.
test.each(['kernels.relaxed.wasm', 'kernels.simd.wasm', 'kernels.relaxed.unshared.wasm', 'kernels.simd.unshared.wasm'])(
  '%s has no data, no globals (so no stack in memory) and no start function',
  (file) => {
    const found = sections(file);
    for (const section of [globals, start, data, dataCount]) expect(found).not.toContain(section);
  },
);

test('a module imports the memory alone and exports its kernels alone', () => {
  const module = read('kernels.simd.wasm');
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  const exported = WebAssembly.Module.exports(module);
  expect(exported.filter(({ kind }) => kind === 'function').map(({ name }) => name)).toContain('productRows');
  expect(exported.filter(({ kind, name }) => kind !== 'function' && name !== 'memory')).toEqual([]);
});
