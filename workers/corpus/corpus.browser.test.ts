/** Import against the browser's own storage, through to tokens. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Progress } from '../../src/contract/progress';
import type { StoredCorpus } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { sha256 } from '../storage/hash';
import { records } from '../storage/records';
import { loadTokenizer } from '../tokenizer/open';
import { readChannelTokens } from '../runtime/channel-tokens';
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
    expect(corpora.filter(({ bundled }) => bundled).map(({ id }) => id)).toEqual([
      'zh',
      'en',
      'code',
      'domain',
      'domain-legal',
      'domain-short',
      'domain-instructions',
      'domain-preferences',
      'domain-labels',
    ]);
    const domain = corpora.find(({ id }) => id === 'domain')!;
    expect(domain).toMatchObject({ bundled: true, role: 'domain', documents: { train: 839, heldOut: 55 } });
    expect(await corpusApi.sample('domain', 'heldOut', 3)).toHaveLength(3);
  });

  it('keeps conversations as records from the file to the tokens and out again', async () => {
    const turns = (at: number) => [
      { role: 'user', content: `What is ${at}?` },
      { role: 'assistant', content: `It is ${at}.` },
    ];
    const lines = [...Array.from({ length: 20 }, (_, at) => ({ messages: turns(at) })), { messages: [turns(1)[0]] }];
    const corpus = await corpusApi.importFiles([file('sft.jsonl', lines.map((row) => JSON.stringify(row)).join('\n'))], options, quiet);
    made.push(corpus.id);
    expect(corpus).toMatchObject({ kind: 'conversations', leftOut: { badLines: 1, examples: [{ line: 21, reason: 'no-answer' }] } });
    const [prepared] = await tokenizerApi.prepare('nano', [{ corpus: corpus.id }], quiet);
    expect(prepared!.records!.refused).toBe(0);
    expect(prepared!.records!.lengths).toHaveLength(corpus.documents.train);
    const [read] = await readChannelTokens('nano', (await loadTokenizer('nano')).hash, [{ id: 'mine', corpus: corpus.id }], quiet);
    const { kind, marks } = read!.records!;
    expect(kind).toBe('conversations');
    const { tokenizer } = await loadTokenizer('nano');
    const said = Array.from(read!.heldOut.ids).filter((_, at) => marks.heldOut[at] === 1);
    expect(tokenizer.decode(said)).toMatch(/^(?:It is \d+\.<\|endoftext\|>)+$/);
    const [exported] = await corpusApi.exportCorpora({ corpora: [corpus.id], format: 'jsonl', splits: ['train'], parts: 'one' }, quiet);
    const first = JSON.parse((await exported!.blob.text()).split('\n', 1)[0]!) as { messages: unknown; text?: string };
    expect(lines.map(({ messages }) => messages)).toContainEqual(first.messages);
    expect(first).not.toHaveProperty('text');
  });

  it('imports files, and the tokenizer prepares them once', async () => {
    const lines = Array.from({ length: 40 }, (_, at) =>
      JSON.stringify({ text: `line ${at}\n\nof text 文${at % 4 ? '' : ' <|endoftext|> and on'}` }),
    );
    const corpus = await corpusApi.importFiles(
      [file('a.txt', 'one\n\ntwo\n\none'), file('b.jsonl', [...lines, '{"no":1}'].join('\n'))],
      options,
      quiet,
    );
    made.push(corpus.id);
    expect(corpus).toMatchObject({ name: 'mine', role: 'domain', bundled: false });
    expect(corpus.documents.train + corpus.documents.heldOut).toBe(42);
    expect(corpus.leftOut).toMatchObject({ duplicates: 1, badLines: 1, examples: [{ file: 'b.jsonl', line: 41 }] });
    expect((await corpusApi.list()).find(({ id }) => id === corpus.id)).toEqual(corpus);

    const seen: Progress[] = [];
    const [prepared] = await tokenizerApi.prepare('nano', [{ corpus: corpus.id }], (progress) => seen.push(progress));
    expect(seen.at(-1)).toMatchObject({ phase: 'tokenize', item: corpus.id });
    const { hash, tokenizer } = await loadTokenizer('nano');
    const documents = await corpusApi.sample(corpus.id, 'train', 100);
    const { ids, offsets, documentBytes, bytes } = await readTokens({ corpus: corpus.id, tokenizer: hash, special: 'plain' }, 'train');
    expect(ids).toBeInstanceOf(Uint16Array);
    expect(ids.length).toBe(prepared!.tokens.train);
    expect(bytes).toBe(new TextEncoder().encode(documents.join('')).length);
    expect(Array.from(documentBytes)).toEqual(documents.map((document) => new TextEncoder().encode(document).length));
    expect(documents.map((_, at) => tokenizer.decode(Array.from(ids.subarray(offsets[at], (offsets[at + 1] ?? ids.length) - 1))))).toEqual(
      documents,
    );

    // Each reading of special tokens has shards of its own.
    await tokenizerApi.prepare('nano', [{ corpus: corpus.id, specialTokens: 'tokens' }], () => undefined);
    const key = { corpus: corpus.id, tokenizer: hash };
    const asTokens = await readTokens({ ...key, special: 'tokens' }, 'train');
    const ends = (given: ArrayLike<number>) => Array.from(given).filter((id) => id === tokenizer.endOfText).length;
    const written = documents.join('').split('<|endoftext|>').length - 1;
    expect(await tokenizerApi.specialTokens(corpus.id)).toMatchObject({ whole: true, found: [{ token: '<|endoftext|>', count: 10 }] });
    expect(written).toBeGreaterThan(0);
    expect([ends(ids), ends(asTokens.ids)]).toEqual([documents.length, documents.length + written]);

    seen.length = 0;
    expect(await tokenizerApi.prepare('nano', [{ corpus: corpus.id }], (progress) => seen.push(progress))).toEqual([prepared]);
    expect(seen).toEqual([]);
  });

  it('leaves nothing behind when a file is bad or the import is cancelled', async () => {
    const state = async () => [
      await storage.list('corpora'),
      await storage.list('sources'),
      await corpusApi.list(),
      await corpusApi.channels(),
      await corpusApi.sources(),
    ];
    const before = await state();
    const good = file('good.txt', 'one\n\ntwo\n\nthree');
    const binary = file('binary.txt', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 1, 2, 3, 4));
    await expect(corpusApi.importFiles([good, binary], options, quiet)).rejects.toMatchObject({
      code: 'file-binary',
      values: { file: 'binary.txt' },
    });
    const single = (text: string) => corpusApi.importFiles([file('one.txt', text)], options, quiet);
    await expect(single('one line')).rejects.toMatchObject({ code: 'text-single', values: { file: 'mine', read: 1 } });
    await expect(single('equal\n\n'.repeat(50))).rejects.toMatchObject({ code: 'text-single', values: { read: 50 } });
    const cancelled = corpusApi.importFiles([good], options, () => void corpusApi.cancel('import'));
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(await state()).toEqual(before);
    expect(await corpusApi.interruptedIngests()).toEqual([]);
  });

  it('imports a book without blank lines: its end is held out', async () => {
    const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`);
    const corpus = await corpusApi.importFiles([file('book.txt', lines.join('\r\n'))], options, quiet);
    made.push(corpus.id);
    expect(corpus.documents).toEqual({ train: 1, heldOut: 1 });
    const [train] = await corpusApi.sample(corpus.id, 'train', 1);
    const [heldOut] = await corpusApi.sample(corpus.id, 'heldOut', 1);
    expect(`${train}\n${heldOut}`).toBe(lines.join('\n'));
  });

  it('imports two files of one name', async () => {
    const corpus = await corpusApi.importFiles([file('a.txt', 'one\n\ntwo'), file('a.txt', 'three\n\nfour')], options, quiet);
    made.push(corpus.id);
    expect(corpus.documents.train + corpus.documents.heldOut).toBe(4);
  });

  it('makes a channel of an import, which goes with it unless it has been added to', async () => {
    const import_ = () => corpusApi.importFiles([file('a.txt', 'one\n\ntwo\n\nthree')], options, quiet);
    const corpus = await import_();
    const channel = (await corpusApi.channels()).find(({ id }) => id === corpus.id);
    expect(channel).toMatchObject({ name: 'mine', role: 'domain', corpus: corpus.id });
    await corpusApi.remove(corpus.id);
    expect((await corpusApi.channels()).some(({ id }) => id === corpus.id)).toBe(false);
    expect((await corpusApi.sources()).some((source) => source.channel === corpus.id)).toBe(false);
    expect((await storage.list('corpora')).some(({ name }) => name === corpus.id)).toBe(false);

    const grown = await import_();
    await corpusApi.addCorpusSource('en', grown.id);
    await corpusApi.remove(grown.id);
    expect((await corpusApi.channels()).find(({ id }) => id === grown.id)).toMatchObject({ corpus: null });
    await corpusApi.removeChannel(grown.id);
  });

  it('lists, reads, tokenizes and removes a corpus as a former version imported it', async () => {
    // A record with `intake`, and a text file for each split with a separator that no document contains.
    const documents = { train: ['a\n\n\nb', 'c'], heldOut: ['d\n\ne'] };
    const separator = '\n'.repeat(4);
    const text = { train: `${documents.train.join(separator)}\n`, heldOut: `${documents.heldOut.join(separator)}\n` };
    const bytes = (split: 'train' | 'heldOut') => new TextEncoder().encode(text[split]);
    const intake = { duplicates: 2, badLines: 1, examples: [{ file: 'b.jsonl', line: 41, detail: 'field' }] };
    const record = {
      id: 'c-00000000-0000-4000-8000-000000000000',
      name: 'from before',
      bundled: false,
      role: 'domain',
      documents: { train: 2, heldOut: 1 },
      bytes: { train: bytes('train').length, heldOut: bytes('heldOut').length },
      licence: '',
      attribution: [],
      createdAt: 1,
      intake,
      separator,
      sha256: { train: await sha256(bytes('train')), heldOut: await sha256(bytes('heldOut')) },
    };
    await storage.write(`corpora/${record.id}/train.txt`, bytes('train'));
    await storage.write(`corpora/${record.id}/held-out.txt`, bytes('heldOut'));
    await (await records()).put('corpora', record as unknown as StoredCorpus);

    const listed = (await corpusApi.list()).find(({ id }) => id === record.id);
    const { intake: _intake, separator: _separator, sha256: _sha256, ...shown } = record;
    expect(listed).toEqual({ ...shown, leftOut: intake });
    expect(await corpusApi.sample(record.id, 'train', 9)).toEqual(documents.train);
    expect(await corpusApi.sample(record.id, 'heldOut', 9)).toEqual(documents.heldOut);
    const [prepared] = await tokenizerApi.prepare('nano', [{ corpus: record.id }], quiet);
    expect(prepared!.tokens.train).toBeGreaterThan(0);
    await corpusApi.remove(record.id);
    expect((await corpusApi.list()).some(({ id }) => id === record.id)).toBe(false);
    expect((await storage.list('corpora')).some(({ name }) => name === record.id)).toBe(false);
  });

  it('is asked for corpora and models that are not there', async () => {
    await expect(corpusApi.sample('nowhere', 'train', 1)).rejects.toMatchObject({ code: 'file-missing', values: { file: 'nowhere' } });
    await expect(tokenizerApi.encode('nowhere', 'x')).rejects.toMatchObject({ code: 'file-missing' });
    const { hash } = await loadTokenizer('nano');
    await expect(readTokens({ corpus: 'nowhere', tokenizer: hash, special: 'plain' }, 'train')).rejects.toMatchObject({
      code: 'file-missing',
    });
  });
});
