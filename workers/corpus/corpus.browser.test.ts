/** Import against the browser's own storage, through to tokens. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../src/contract/progress';
import { files as storage } from '../storage/files';
import { loadTokenizer } from '../tokenizer/load';
import { readTokens } from '../tokenizer/shards';
import { tokenizerApi } from '../tokenizer/api';
import { corpusApi } from './api';

const file = (name: string, ...parts: BlobPart[]) => new File(parts, name);
const options = { name: 'mine', role: 'domain' } as const;
const quiet = () => undefined;
const made: string[] = [];

afterEach(async () => {
  for (const id of made.splice(0)) await corpusApi.remove(id);
});

describe('the corpus worker', () => {
  it('lists the bundled corpora with the size of their text', async () => {
    const corpora = await corpusApi.list();
    // Other test files may have left corpora of their own in this origin's storage.
    expect(corpora.filter(({ bundled }) => bundled).map(({ id }) => id)).toEqual(['zh', 'en', 'code', 'domain', 'domain-legal']);
    const domain = corpora.find(({ id }) => id === 'domain')!;
    expect(domain).toMatchObject({ bundled: true, role: 'domain', documents: { train: 839, heldOut: 55 } });
    expect(await corpusApi.sample('domain', 'heldOut', 3)).toHaveLength(3);
  });

  it('imports files, and the tokenizer prepares them once', async () => {
    const lines = Array.from({ length: 40 }, (_, at) => JSON.stringify({ text: `line ${at}\n\nof text 文` }));
    const corpus = await corpusApi.importFiles(
      [file('a.txt', 'one\n\ntwo\n\none'), file('b.jsonl', [...lines, '{"no":1}'].join('\n'))],
      options,
      quiet,
    );
    made.push(corpus.id);
    expect(corpus).toMatchObject({ name: 'mine', role: 'domain', bundled: false });
    expect(corpus.documents.train + corpus.documents.heldOut).toBe(42);
    expect(corpus.intake).toMatchObject({ duplicates: 1, badLines: 1, examples: [{ file: 'b.jsonl', line: 41 }] });
    expect((await corpusApi.list()).find(({ id }) => id === corpus.id)).toEqual(corpus);

    const seen: Progress[] = [];
    const [prepared] = await tokenizerApi.prepare('nano', [corpus.id], (progress) => seen.push(progress));
    expect(seen.at(-1)).toMatchObject({ phase: 'tokenize', item: corpus.id });
    const { hash, tokenizer } = await loadTokenizer('nano');
    const documents = await corpusApi.sample(corpus.id, 'train', 100);
    const { ids, offsets, bytes } = await readTokens(corpus.id, hash, 'train');
    expect(ids).toBeInstanceOf(Uint16Array);
    expect(ids.length).toBe(prepared!.tokens.train);
    expect(bytes).toBe(new TextEncoder().encode(documents.join('')).length);
    expect(documents.map((_, at) => tokenizer.decode(Array.from(ids.subarray(offsets[at], (offsets[at + 1] ?? ids.length) - 1))))).toEqual(
      documents,
    );

    seen.length = 0;
    expect(await tokenizerApi.prepare('nano', [corpus.id], (progress) => seen.push(progress))).toEqual([prepared]);
    expect(seen).toEqual([]);
  });

  it('leaves nothing behind when a file is bad or the import is cancelled', async () => {
    const [before, listed] = [await storage.list('corpora'), await corpusApi.list()];
    const good = file('good.txt', 'one\n\ntwo\n\nthree');
    const latin = file('latin.txt', Uint8Array.of(0x63, 0xe9, 0x0a, 0x0a, 0x63));
    await expect(corpusApi.importFiles([good, latin], options, quiet)).rejects.toMatchObject({
      code: 'file-binary',
      values: { file: 'latin.txt' },
    });
    await expect(corpusApi.importFiles([file('one.txt', 'one line')], options, quiet)).rejects.toMatchObject({ code: 'text-empty' });
    const cancelled = corpusApi.importFiles([good], options, () => void corpusApi.cancel());
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await storage.list('corpora')).toEqual(before);
    expect(await corpusApi.list()).toEqual(listed);
  });

  it('is asked for corpora and models that are not there', async () => {
    await expect(corpusApi.sample('nowhere', 'train', 1)).rejects.toMatchObject({ code: 'file-missing', values: { file: 'nowhere' } });
    await expect(tokenizerApi.encode('nowhere', 'x')).rejects.toMatchObject({ code: 'file-missing' });
    const { hash } = await loadTokenizer('nano');
    await expect(readTokens('nowhere', hash, 'train')).rejects.toMatchObject({ code: 'file-missing' });
  });
});
