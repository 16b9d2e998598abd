import { expect, it } from 'vitest';
import type { EvaluationRow } from '../../src/core/run/types';
import type { FileStore } from '../storage/files';
import { evaluationCache, type EvaluationSubject } from './evaluation-cache';

const subject: EvaluationSubject = {
  backend: 'cpu',
  weights: 'w',
  tokenizer: 't',
  channels: [{ id: 'en', tokens: Uint16Array.of(1, 2, 3) }],
  context: 8,
  rowsPerChannel: 1,
  rowsPerBatch: 1,
};

function memoryStore() {
  const texts = new Map<string, string>();
  return {
    exists: async (path: string) => texts.has(path),
    readText: async (path: string) => texts.get(path)!,
    write: async (path: string, text: string) => void texts.set(path, text),
  } as unknown as FileStore;
}

it('gives the base’s losses and answers back, to those who ask the same', async () => {
  const store = memoryStore();
  const row: EvaluationRow = {
    step: 0,
    channels: { en: { loss: 3, tokens: 2, bytes: 5 } },
    retention: 1,
    probes: { items: 3, informative: ['grammar'], risk: { value: 0, interval: null }, grain: 0.5, answers: { grammar: '11', logic: '-' } },
  };
  const asking = { ...subject, probes: 'p' };
  await (await evaluationCache(asking, store)).store(row);
  expect(await (await evaluationCache(asking, store)).read()).toEqual(row);
  expect(await (await evaluationCache({ ...subject, probes: 'q' }, store)).read()).toBeNull();
  expect(await (await evaluationCache(subject, store)).read()).toBeNull();
});
