/** Against what Hugging Face's trainers learned (e2e/parity/make_tokenizer_training_fixtures.py). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../../src/core/text/documents';
import { utf8Length } from '../encode-documents';
import { trainTokenizer } from './train-tokenizer';
import type { ByteBpeOptions, TrainingSource } from './types';

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
const fixture = JSON.parse(text('e2e/parity/fixtures/tokenizer-training.json')) as { bytes: number; byteBpe: ByteBpeRun[] };
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
