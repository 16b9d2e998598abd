import { expect, it } from 'vitest';
import type { SequenceModel } from '../runtime/sequences';
import { termPlaces } from './terms';

const options = { exclusively: <T>(work: () => Promise<T>) => work(), between: async () => undefined };
/** Loss of a token is its id. */
const model: SequenceModel = {
  context: 64,
  tokenLosses: async ({ targets }) => Float32Array.from(targets, (target) => Math.max(0, target)),
};
const pieces = ['', 'The', ' hea', 'rt', ' of the', ' heart', 'y', ', ', '心', '脏病', '。'];
const utf8 = new TextEncoder();
const tokenizer = { bytesOf: (id: number) => (pieces[id] === undefined ? null : utf8.encode(pieces[id])) };

it('sums the tokens of each occurrence, and shows where it stands', async () => {
  // "The heart of the hearty, heart" and "心脏病。"
  const documents = [Uint16Array.of(1, 2, 3, 4, 5, 6, 7, 2, 3), Uint16Array.of(4), Uint16Array.of(8, 9, 10)];
  const places = await termPlaces(model, tokenizer, 0, documents, ['heart', '脏病'], options);
  expect(places.map(({ term, nll, tokens, bytes }) => ({ term, nll, tokens, bytes }))).toEqual([
    { term: 'heart', nll: 5, tokens: 2, bytes: 5 },
    { term: 'heart', nll: 5, tokens: 2, bytes: 5 },
    { term: '脏病', nll: 9, tokens: 1, bytes: 6 },
  ]);
  expect(places.map(({ document }) => document)).toEqual([0, 0, 2]);
  expect(places[0]).toMatchObject({ before: 'The ', text: 'heart', after: ' of the hearty,  heart' });
  expect(places[2]).toMatchObject({ before: '心', text: '脏病', after: '。' });
});

it('counts a first token too, and one that holds several bytes of a character', async () => {
  const [place] = await termPlaces(model, tokenizer, 0, [Uint16Array.of(8, 9)], ['心脏病'], options);
  expect(place).toMatchObject({ nll: 17, tokens: 2, bytes: 9, before: '' });
});
