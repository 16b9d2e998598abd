import { expect, test } from 'vitest';
import { boundaryFault } from './eslint-boundaries.mjs';

const fault = (file: string, source: string, typeOnly = false) => boundaryFault('/repo', `/repo/${file}`, source, typeOnly);

test.each([
  ['src/core/run/types.ts', '../errors'],
  ['src/core/recipe/schema.ts', 'zod'],
  ['workers/engine/index.ts', '@tensorflow/tfjs-core'],
  ['workers/trainer/loop.ts', '../../src/core/schedule/rate'],
  ['src/lab/trainer.ts', '../../workers/trainer.worker.ts'],
  ['src/lab/trainer.ts', '../../workers/trainer.worker?worker'],
  ['src/desk/Page.tsx', '../lab/trainer'],
  ['src/desk/Page.tsx', './strip/Fader'],
  ['src/main.tsx', './app/Shell'],
  ['tools/start.mjs', '../src/desk/Page'],
])('%s may import %s', (file, source) => {
  expect(fault(file, source)).toBeNull();
});

test.each([
  ['src/core/run/types.ts', '../../lab/trainer', 'src/core must not import src/lab'],
  ['src/core/run/types.ts', '../../../workers/api', 'src/core must not import workers'],
  ['src/core/rng/pcg.ts', '@tensorflow/tfjs-core', 'src/core must not import @tensorflow'],
  ['src/core/rng/pcg.ts', 'node:crypto', 'src/core must not import node:'],
  ['workers/trainer/loop.ts', '../../src/desk/store', 'workers must not import src/desk'],
  ['workers/trainer/loop.ts', 'react', 'workers must not import react'],
  ['workers/trainer/loop.ts', 'react-dom/client', 'workers must not import react-dom'],
  ['src/desk/Page.tsx', '../../workers/trainer.worker', 'src/desk must not import workers'],
  ['src/desk/Page.tsx', '../../workers/engine/index', 'src/desk must not import workers'],
  ['src/desk/Page.tsx', '../runs/store', 'src/desk must not import src/runs'],
  ['src/lab/trainer.ts', '../../workers/engine/index', 'src/lab must not import workers'],
  ['src/ui/Fader.tsx', '../lab/trainer', 'src/ui must not import src/lab'],
])('%s must not import %s', (file, source, words) => {
  expect(fault(file, source)).toContain(words);
});

test('the workers api gives types to pages, and nothing else', () => {
  expect(fault('src/desk/Page.tsx', '../../workers/api', true)).toBeNull();
  expect(fault('src/desk/Page.tsx', '../../workers/api')).toContain('only types');
  expect(fault('src/core/run/types.ts', '../../../workers/api', true)).toContain('must not import workers');
});

test('a package whose name only begins like a banned one is free', () => {
  expect(fault('workers/storage/records.ts', 'idb')).toBeNull();
  expect(fault('src/core/rng/pcg.ts', 'idbfs')).toBeNull();
});
