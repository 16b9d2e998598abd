import { expect, test } from 'vitest';
import { boundaryFault } from './eslint-boundaries.mjs';

const fault = (file: string, source: string, typeOnly = false) => boundaryFault('/repo', `/repo/${file}`, source, typeOnly);

test.each([
  ['src/core/run/types.ts', '../errors'],
  ['src/core/recipe/schema.ts', 'zod'],
  ['workers/engine/index.ts', '@tensorflow/tfjs-core'],
  ['workers/train/loop.ts', '../../src/core/schedule/rate'],
  ['workers/train/loop.ts', '../runtime/weights'],
  ['workers/train/api.ts', '../engine'],
  ['workers/trainer.worker.ts', './train/api'],
  ['src/report/html.ts', '../charts/svg'],
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
  ['src/core/run/types.ts', '../../../workers/train/loop', 'src/core must not import workers'],
  ['src/core/rng/pcg.ts', '@tensorflow/tfjs-core', 'src/core must not import @tensorflow'],
  ['src/core/rng/pcg.ts', 'node:crypto', 'src/core must not import node:'],
  ['workers/train/loop.ts', '../../src/desk/store', 'workers/train must not import src/desk'],
  ['workers/train/loop.ts', 'react', 'workers/train must not import react'],
  ['workers/train/loop.ts', 'react-dom/client', 'workers/train must not import react-dom'],
  ['workers/train/api.ts', '../evaluate/channels', 'workers/train must not import workers/evaluate'],
  ['workers/evaluate/channels.ts', '../train/loop', 'workers/evaluate must not import workers/train'],
  ['workers/runtime/weights.ts', '../train/loop', 'workers/runtime must not import workers/train'],
  ['workers/storage/runs.ts', '../tokenizer/open', 'workers/storage must not import workers/tokenizer'],
  ['workers/corpus/api.ts', '@tensorflow/tfjs-core', 'workers/corpus must not import @tensorflow'],
  ['src/ui/Card.tsx', '../charts/LossChart', 'src/ui must not import src/charts'],
  ['src/desk/Page.tsx', '../../workers/trainer.worker', 'src/desk must not import workers'],
  ['src/desk/Page.tsx', '../../workers/engine/index', 'src/desk must not import workers'],
  ['src/desk/Page.tsx', '../runs/store', 'src/desk must not import src/runs'],
  ['src/lab/trainer.ts', '../../workers/engine/index', 'src/lab must not import workers'],
  ['src/ui/Fader.tsx', '../lab/trainer', 'src/ui must not import src/lab'],
])('%s must not import %s', (file, source, words) => {
  expect(fault(file, source)).toContain(words);
});

test('the contract gives types to pages and workers, and is above the core alone', () => {
  expect(fault('src/desk/Page.tsx', '../contract/training', true)).toBeNull();
  expect(fault('workers/train/api.ts', '../../src/contract/training', true)).toBeNull();
  expect(fault('src/desk/Page.tsx', '../contract/training')).toContain('only types');
  expect(fault('src/contract/training.ts', '../core/recipe/schema', true)).toBeNull();
  expect(fault('src/contract/training.ts', '../lab/lab', true)).toContain('must not import src/lab');
  expect(fault('src/core/run/types.ts', '../../contract/training', true)).toContain('must not import src/contract');
});

test('a package whose name only begins like a banned one is free', () => {
  expect(fault('workers/storage/records.ts', 'idb')).toBeNull();
  expect(fault('src/core/rng/pcg.ts', 'idbfs')).toBeNull();
});
