/** The usual kinds of tokenizer against ids by Hugging Face's `tokenizers` (e2e/parity/make_tokenizer_pipeline_fixtures.py). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../src/core/text/documents';
import { FastEncoder } from './fast-encoder';
import { TextTokenizer } from './text-tokenizer';
import { TokenBuffer } from './shards';
import { parseTokenizerJson } from './tokenizer-json';

const root = new URL('../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Kind {
  name: string;
  strings: { ids?: number[]; count?: number; sha256?: string; decodedSha256: string }[];
  files: { corpus: string; count: number; sha256: string }[];
}
const fixture = JSON.parse(text('e2e/parity/fixtures/tokenizer-pipelines.json')) as { texts: string[]; kinds: Kind[] };
const { corpora } = JSON.parse(text('public/corpora/manifest.json')) as { corpora: { id: string; heldOut: string; separator: string }[] };
const heldOut = new Map(corpora.map((corpus) => [corpus.id, splitDocuments(text(`public/corpora/${corpus.heldOut}`), corpus.separator)]));
const digest = (ids: ArrayLike<number>): string => createHash('sha256').update(Uint32Array.from(ids)).digest('hex');

describe.each(fixture.kinds)('$name', async ({ name, strings, files }) => {
  const source = text(`e2e/parity/fixtures/tokenizers/${name}.json`);
  const tokenizer = await TextTokenizer.open({ tokenizer: source, config: null, model: '{"eos_token_id":0}' });

  it('is encoded by the fast path', () => {
    expect(FastEncoder.of(parseTokenizerJson(source))).not.toBeNull();
  });

  it.each(fixture.texts.map((sample, index) => [sample, strings[index]!] as const))('encodes %j', (sample, wanted) => {
    const ids = tokenizer.encode(sample);
    if (wanted.ids) expect(ids).toEqual(wanted.ids);
    else expect([ids.length, digest(ids)]).toEqual([wanted.count, wanted.sha256]);
    const decoded = createHash('sha256').update(tokenizer.decode(ids)).digest('hex').slice(0, 16);
    expect(decoded).toBe(wanted.decodedSha256);
  });

  it.each(files)('encodes all of $corpus held out', ({ corpus, count, sha256 }) => {
    const ids = new TokenBuffer();
    for (const document of heldOut.get(corpus)!) tokenizer.encodeInto(document, ids);
    expect(ids.length).toBe(count);
    expect(digest(ids.view())).toBe(sha256);
  });
});
