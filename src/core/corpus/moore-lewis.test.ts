/** Against the same models in Python's dictionaries (e2e/parity/make_sorting_fixtures.py). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { splitDocuments } from '../text/documents';
import { ByteModel, domainScore, scoreHistogram, takenEvenly } from './moore-lewis';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const fixture = JSON.parse(read('e2e/parity/fixtures/sorting.json')) as {
  cases: { learnt: string; text: string; bits: number }[];
  rows: number;
  scores: number[];
  atZero: { above: number; right: number };
};
const utf8 = new TextEncoder();
const { corpora } = JSON.parse(read('public/corpora/manifest.json')) as {
  corpora: { id: string; train: string; heldOut: string; separator: string }[];
};
function documents(id: string, split: 'train' | 'heldOut'): Uint8Array[] {
  const corpus = corpora.find((candidate) => candidate.id === id)!;
  return splitDocuments(read(`public/corpora/${corpus[split]}`), corpus.separator).map((text) => utf8.encode(text));
}

it.each(fixture.cases)('gives "$text" its bits after "$learnt"', ({ learnt, text, bits }) => {
  const model = new ByteModel();
  if (learnt !== '') model.learn(utf8.encode(learnt));
  expect(model.bits(utf8.encode(text))).toBeCloseTo(bits, 9);
});

it('sorts a pile of known make-up, half medicine and half English prose', () => {
  const [domain, general] = [new ByteModel(), new ByteModel()];
  for (const text of documents('domain', 'heldOut')) domain.learn(text);
  for (const text of documents('en', 'heldOut')) general.learn(text);
  const pile = [...documents('domain', 'train').slice(0, fixture.rows), ...documents('en', 'train').slice(0, fixture.rows)];
  const scores = pile.map((text) => domainScore(text, domain, general));
  scores.forEach((score, at) => expect(score).toBeCloseTo(fixture.scores[at]!, 5));
  const above = scores.flatMap((score, at) => (score >= 0 ? [at] : []));
  const right = above.filter((at) => at < fixture.rows).length;
  expect({ above: above.length, right }).toEqual(fixture.atZero);
  // Precision and recall.
  expect(right / above.length).toBeGreaterThan(0.95);
  expect(right / fixture.rows).toBeGreaterThan(0.95);
});

it('takes rows evenly, and counts scores beyond the ends in the outer bins', () => {
  expect(Array.from({ length: 10 }, (_, row) => row).filter((row) => takenEvenly(row, 30, 100))).toEqual([0, 3, 6]);
  expect(Array.from({ length: 5 }, (_, row) => row).every((row) => takenEvenly(row, 9, 5))).toBe(true);
  expect(takenEvenly(0, 1, 1e9)).toBe(true);
  const { from, to, rows } = scoreHistogram(Float32Array.from([-1, -0.5, 0, 0.5, 1]), 4);
  expect([from, to, rows]).toEqual([-1, 1, [1, 1, 1, 2]]);
});
