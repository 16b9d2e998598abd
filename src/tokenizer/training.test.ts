import { describe, expect, it } from 'vitest';
import type { CorpusRecord } from '../contract/corpus';
import { NEW_FORM, normalizerOf, ofKind, SPECIAL_TOKENS, startingWeights, trainFault, trainingOf } from './training';

const corpus = (id: string, role: CorpusRecord['role']): CorpusRecord => ({
  id,
  name: id,
  bundled: true,
  role,
  documents: { train: 1, heldOut: 1 },
  bytes: { train: 1, heldOut: 1 },
  licence: '',
  attribution: [],
  createdAt: 0,
});
const corpora = [corpus('zh', 'general'), corpus('med', 'domain'), corpus('law', 'domain')];
const ready = { ...NEW_FORM, name: 'mine', weights: { zh: 1, med: 0.5, law: 0 } };

it('starts with the general channels and the first domain, and keeps what was set', () => {
  expect(startingWeights(corpora, {})).toEqual({ zh: 1, med: 1, law: 0 });
  expect(startingWeights(corpora, { zh: 0.25, law: 2 })).toEqual({ zh: 0.25, med: 1, law: 2 });
});

it('takes the size and the special tokens of another kind, unless a size was chosen', () => {
  expect(ofKind(ready, 'unigram')).toMatchObject({ kind: 'unigram', vocabularySize: 8192, specialTokens: '<pad> </s> <unk>' });
  expect(ofKind(ofKind(ready, 'unigram'), 'byte-bpe')).toEqual(ready);
  expect(ofKind({ ...ready, vocabularySize: 1000 }, 'wordpiece')).toMatchObject({ vocabularySize: 1000 });
});

describe('trainFault', () => {
  it('says what is missing', () => {
    expect(trainFault(ready)).toBeNull();
    expect(trainFault({ ...ready, name: ' ' })).toBe('name');
    expect(trainFault({ ...ready, weights: { zh: 0 } })).toBe('channels');
    expect(trainFault({ ...ready, specialTokens: ' ' })).toBe('special');
    expect(trainFault({ ...ready, kind: 'wordpiece' })).toBe('unknown');
    expect(trainFault({ ...ready, kind: 'wordpiece', specialTokens: SPECIAL_TOKENS.wordpiece })).toBeNull();
  });
});

describe('normalizerOf', () => {
  const effect = (corpus: string, han: number) => ({ corpus, characters: 100, han, changed: { nfc: 0, nfkc: 1 }, whole: true });
  const unigram = ofKind(ready, 'unigram');
  it('is NFKC for Unigram alone, and not where a channel that takes part is Chinese', () => {
    expect(normalizerOf(ready, [])).toBe('none');
    expect(normalizerOf(unigram, [effect('med', 5)])).toBe('nfkc');
    expect(normalizerOf(unigram, [effect('zh', 70), effect('med', 5)])).toBe('none');
    expect(normalizerOf({ ...unigram, weights: { zh: 0, med: 1 } }, [effect('zh', 70)])).toBe('nfkc');
  });
  it('is what the person chose', () => {
    expect(normalizerOf({ ...unigram, normalizer: 'nfc' }, [effect('zh', 70)])).toBe('nfc');
  });
});

describe('trainingOf', () => {
  it('takes channels with a weight, and each kind its own options', () => {
    expect(trainingOf(ready, corpora, [])).toEqual({
      channels: [
        { corpus: 'zh', weight: 1 },
        { corpus: 'med', weight: 0.5 },
      ],
      options: {
        kind: 'byte-bpe',
        vocabularySize: 4096,
        minFrequency: 2,
        specialTokens: ['<|endoftext|>'],
        endOfText: '<|endoftext|>',
        alphabet: 'bytes',
        alphabetLimit: null,
        preTokens: 'gpt2',
        normalizer: 'none',
      },
    });
    const pieces = trainingOf({ ...ready, kind: 'wordpiece', specialTokens: SPECIAL_TOKENS.wordpiece, alphabetLimit: 1000 }, corpora, []);
    expect(pieces.options).toMatchObject({ endOfText: '[SEP]', unknownToken: '[UNK]', alphabetLimit: 1000, lowercase: false });
    const unigram = trainingOf({ ...ready, kind: 'unigram', specialTokens: SPECIAL_TOKENS.unigram }, corpora, []);
    expect(unigram.options).toMatchObject({ endOfText: '</s>', unknownToken: '<unk>', specialTokens: ['<pad>', '</s>', '<unk>'] });
  });
});
