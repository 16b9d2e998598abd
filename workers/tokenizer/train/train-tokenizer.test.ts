/** Against what Hugging Face's trainers learned (e2e/parity/make_tokenizer_training_fixtures.py). */
import { Cancelling } from '../../rpc/expose';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../../src/core/text/documents';
import { utf8Length } from '../encode-documents';
import { trainTokenizer, type TrainingSource } from './train-tokenizer';
import type { ByteBpeOptions, UnigramOptions, WordPieceOptions } from '../../../src/contract/tokenizer';

const root = new URL('../../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface ByteBpeRun {
  name: string;
  options: ByteBpeOptions;
  weights: Record<string, number>;
  vocabulary: number;
  merges: number;
  firstMerges: [string, string][];
  lastMerges: [string, string][];
  mergesSha256: string;
  piecesSha256: string;
}
interface Fixture {
  bytes: number;
  byteBpe: ByteBpeRun[];
  /** `always`: pieces of every run of `tokenizers`, whose ties fall differently each time; `sometimes`: of some. */
  wordPiece: { options: WordPieceOptions; vocabulary: number; always: number; alwaysSha256: string; sometimes: string[] };
  unigram: { options: UnigramOptions; vocab: [string, number][] };
}
const fixture = JSON.parse(text('e2e/parity/fixtures/tokenizer-training.json')) as Fixture;
const { corpora } = JSON.parse(text('public/corpora/manifest.json')) as { corpora: { id: string; train: string; separator: string }[] };

/** The first documents of a corpus, as the script takes them. */
function documentsOf(id: string): string[] {
  const corpus = corpora.find((candidate) => candidate.id === id)!;
  const documents: string[] = [];
  let bytes = 0;
  for (const document of splitDocuments(text(`public/corpora/${corpus.train}`), corpus.separator)) {
    if (bytes >= fixture.bytes) break;
    documents.push(document);
    bytes += utf8Length(document);
  }
  return documents;
}
const sourcesOf = (weights: Record<string, number>): TrainingSource[] =>
  Object.entries(weights).map(([id, weight]) => ({ texts: documentsOf(id), weight }));
const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

interface BpeJson {
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

describe('byte-level BPE', () => {
  it.each(fixture.byteBpe)('learns what tokenizers learns: $name', async (run) => {
    const trained = await trainTokenizer(sourcesOf(run.weights), run.options);
    const { vocab, merges } = (JSON.parse(trained.tokenizer) as BpeJson).model;
    const pieces = Object.keys(vocab).sort((a, b) => vocab[a]! - vocab[b]!);
    expect(merges.slice(0, 20)).toEqual(run.firstMerges);
    expect(merges.slice(-20)).toEqual(run.lastMerges);
    expect(merges.length).toBe(run.merges);
    expect(digest(merges)).toBe(run.mergesSha256);
    expect(digest(pieces)).toBe(run.piecesSha256);
    expect(trained.report).toMatchObject({ vocabulary: run.vocabulary, merges: run.merges });
  });
});

describe('WordPiece', () => {
  it('has the pieces that every run of tokenizers has, and of the others some', async () => {
    const { options, vocabulary, always, alwaysSha256, sometimes } = fixture.wordPiece;
    const trained = await trainTokenizer(sourcesOf({ en: 1, code: 1 }), options);
    const { vocab } = (JSON.parse(trained.tokenizer) as { model: { vocab: Record<string, number> } }).model;
    const pieces = Object.keys(vocab);
    expect(pieces.length).toBe(vocabulary);
    expect(Object.keys(trained.report).sort()).toEqual(['alphabet', 'bytes', 'kind', 'merges', 'milliseconds', 'vocabulary', 'words']);
    const settled = pieces.filter((piece) => !sometimes.includes(piece));
    expect(settled.length).toBe(always);
    expect(digest(settled.sort(byCodePoints))).toBe(alwaysSha256);
  });
});

describe('Unigram', () => {
  it('has the pieces and scores that tokenizers finds', async () => {
    const { options, vocab: wanted } = fixture.unigram;
    const trained = await trainTokenizer(sourcesOf({ code: 1 }), options);
    const { vocab } = (JSON.parse(trained.tokenizer) as { model: { vocab: [string, number][] } }).model;
    const own = new Map(vocab);
    expect(vocab.length).toBe(wanted.length);
    expect(wanted.filter(([piece]) => !own.has(piece))).toEqual([]);
    const distance = ([piece, score]: [string, number]): number => Math.abs(own.get(piece)! - score);
    const isCharacter = ([piece]: [string, number]): boolean => [...piece].length === 1;
    expect(Math.max(...wanted.filter((entry) => !isCharacter(entry)).map(distance))).toBeLessThan(1e-6);
    // Characters that lost their piece come back 1e-4 apart, in an order that differs from run to run of tokenizers.
    expect(Math.max(...wanted.filter(isCharacter).map(distance))).toBeLessThan(1e-3);
  });
});

describe('any training', () => {
  const { options } = fixture.byteBpe[0]!;

  it('can be cancelled', async () => {
    const cancelling = new Cancelling();
    const training = trainTokenizer(sourcesOf({ en: 1, code: 1 }), options, {
      onProgress: ({ phase, done }) => phase === 'learn' && done > 0 && cancelling.cancel(),
      signal: cancelling.signal,
    });
    await expect(training).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    [{ vocabularySize: 1 }, 'vocabularySize'],
    [{ specialTokens: ['<a>', '<a>'], endOfText: '<a>' }, 'specialTokens'],
    [{ endOfText: '<nowhere>' }, 'endOfText'],
  ])('refuses %j', async (change, field) => {
    const training = trainTokenizer([{ texts: ['some text'], weight: 1 }], { ...options, ...change });
    await expect(training).rejects.toMatchObject({ code: 'tokenizer-options', values: { field } });
  });

  it('refuses sources without text', async () => {
    const training = trainTokenizer([{ texts: ['not counted'], weight: 0 }], options);
    await expect(training).rejects.toMatchObject({ code: 'tokenizer-options', values: { field: 'texts' } });
  });
});

function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, index) => character !== right[index]);
  return at < 0 ? left.length - right.length : at >= right.length ? 1 : left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
}
