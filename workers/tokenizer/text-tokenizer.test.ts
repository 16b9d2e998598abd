/** Against ids by Hugging Face's `tokenizers` (e2e/parity/make_tokenizer_fixtures.py). */
import { Cancelling } from '../rpc/expose';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../src/core/text/documents';
import { encodeDocuments, utf8Length } from './encode-documents';
import { StreamDecoder } from './decoder';
import { TextTokenizer } from './text-tokenizer';

const root = new URL('../../', import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Fixture {
  tokenizerSha256: string;
  endOfText: number;
  strings: { text: string; ids: number[]; decoded: string }[];
  files: { corpus: string; split: 'train' | 'heldOut'; documents: number; bytes: number; count: number; first: number[]; sha256: string }[];
}
const fixture = JSON.parse(text('e2e/parity/fixtures/tokenizer.json')) as Fixture;
const source = text('public/models/nano/tokenizer.json');
const files = {
  tokenizer: source,
  config: text('public/models/nano/tokenizer_config.json'),
  model: text('public/models/nano/config.json'),
};
const tokenizer = await TextTokenizer.open(files);
const { corpora } = JSON.parse(text('public/corpora/manifest.json')) as {
  corpora: { id: string; train: string; heldOut: string; separator: string }[];
};
const documentsOf = (id: string, split: 'train' | 'heldOut'): string[] => {
  const corpus = corpora.find((candidate) => candidate.id === id)!;
  return splitDocuments(text(`public/corpora/${corpus[split]}`), corpus.separator);
};

describe("the base's tokenizer", () => {
  it('is the one the fixture was made with', () => {
    expect(createHash('sha256').update(source).digest('hex')).toBe(fixture.tokenizerSha256);
    expect(tokenizer.size).toBe(4096);
    expect(tokenizer.endOfText).toBe(fixture.endOfText);
  });

  it.each(fixture.strings)('encodes and decodes as tokenizers does: $text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each(fixture.files)(
    'encodes all of $corpus $split as tokenizers does',
    async ({ corpus, split, documents, bytes, count, first, sha256 }) => {
      const encoded = await encodeDocuments(tokenizer, documentsOf(corpus, split));
      expect(encoded.offsets.length).toBe(documents);
      expect(encoded.bytes).toBe(bytes);
      expect(encoded.ids.length).toBe(count);
      expect(Array.from(encoded.ids.subarray(0, 200))).toEqual(first);
      expect(createHash('sha256').update(encoded.ids).digest('hex')).toBe(sha256);
    },
  );

  it('has a stand-in for hidden tokens: a spare row of the table, else the byte that no text has', async () => {
    const wider = await TextTokenizer.open({ ...files, model: files.model.replace('"vocab_size": 4096', '"vocab_size": 4100') });
    expect(wider.marks).toMatchObject({ mask: 4096, start: fixture.endOfText, end: fixture.endOfText });
    expect([...tokenizer.bytesOf(tokenizer.marks.mask)!]).toEqual([0xff]);
  });

  it('knows the words of its tokens, in Chinese as well', () => {
    const ids = tokenizer.encode('The pericarditis of 中国人民银行 returned.');
    const words = tokenizer.words(ids);
    const texts = new Map<number, number[]>();
    ids.forEach((id, at) => texts.set(words[at]!, [...(texts.get(words[at]!) ?? []), id]));
    // As Intl.Segmenter divides it; a token of several words is of the first.
    const expected = [...new Intl.Segmenter(undefined, { granularity: 'word' }).segment('The pericarditis of 中国人民银行 returned.')];
    const found = [...texts.values()].map((own) => tokenizer.decode(own).trim());
    for (const word of ['pericarditis', 'returned']) expect(found).toContain(word);
    expect(expected.map(({ segment }) => segment)).toContain('银行');
    expect(found.join('')).toBe('Thepericarditisof中国人民银行returned.');
  });

  it('has the marks of BERT, which says its end of text by its separator alone', async () => {
    const vocab = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, '[MASK]': 4, a: 5 };
    const added = Object.entries(vocab)
      .slice(0, 5)
      .map(([content, id]) => ({ id, content, special: true, normalized: false, single_word: false, lstrip: false, rstrip: false }));
    const json = {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: added },
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
    };
    const config = JSON.stringify({ cls_token: '[CLS]', sep_token: '[SEP]', mask_token: '[MASK]' });
    const bert = await TextTokenizer.open({ tokenizer: JSON.stringify(json), config, model: '{"vocab_size": 6}' });
    expect(bert.marks).toEqual({ mask: 4, start: 2, end: 3 });
    expect([bert.frames, tokenizer.frames]).toEqual([true, false]);
  });

  it('knows how many bytes every id stands for', async () => {
    const lengths = tokenizer.byteLengths();
    expect(lengths[tokenizer.endOfText]).toBe(0);
    for (const { corpus, split, bytes } of fixture.files.filter(({ split }) => split === 'heldOut')) {
      const { ids } = await encodeDocuments(tokenizer, documentsOf(corpus, split));
      expect(Array.from(ids).reduce((sum, id) => sum + lengths[id]!, 0)).toBe(bytes);
    }
  });

  it('starts documents where the offsets say, after an end of text', async () => {
    const documents = ['first 文', 'second', 'third'];
    const { ids, offsets } = await encodeDocuments(tokenizer, documents);
    documents.forEach((document, index) => {
      const end = offsets[index + 1] ?? ids.length;
      expect(tokenizer.decode(Array.from(ids.subarray(offsets[index], end - 1)))).toBe(document);
      expect(ids[end - 1]).toBe(tokenizer.endOfText);
    });
  });

  it('can be cancelled between chunks', async () => {
    const cancelling = new Cancelling();
    const many = Array.from({ length: 2000 }, (_, at) => `document ${at} ${'word '.repeat(60)}`);
    const encoding = encodeDocuments(tokenizer, many, { onBytes: () => cancelling.cancel(), signal: cancelling.signal });
    await expect(encoding).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('StreamDecoder', () => {
  it.each(['患者👩‍👩‍👧‍👦体温', 'plain text', 'é\u0301鑫'])('gives %s whole, never half a character', (sample) => {
    const decoder = new StreamDecoder(tokenizer);
    const pieces = tokenizer.encode(sample).map((id) => decoder.push(id));
    expect(pieces.join('')).toBe(sample);
    expect(pieces.every((piece) => !piece.includes('\uFFFD'))).toBe(true);
    expect(decoder.end()).toBe('');
  });

  it('marks a character that never became whole, and leaves special tokens out', () => {
    const decoder = new StreamDecoder(tokenizer);
    const ids = tokenizer.encode('龘'); // rare: one token a byte
    expect(ids.length).toBeGreaterThan(1);
    expect(decoder.push(ids[0]!)).toBe('');
    expect(decoder.push(tokenizer.endOfText)).toBe('');
    expect(decoder.end()).toBe('\uFFFD');
  });
});

describe('a tokenizer that is none', () => {
  const refused = (change: Partial<typeof files>): Promise<unknown> =>
    TextTokenizer.open({ ...files, ...change }).catch((error: unknown) => error);
  it('is refused with the file and what is wrong', async () => {
    expect(await refused({ tokenizer: '{' })).toMatchObject({ code: 'tokenizer-invalid', values: { file: 'tokenizer.json' } });
    expect(await refused({ tokenizer: '{"model":{"type":"Lattice"}}' })).toMatchObject({
      code: 'tokenizer-invalid',
      values: { detail: expect.stringContaining('model.type') as string },
    });
    expect(await refused({ config: '{}', model: '{}' })).toMatchObject({
      code: 'tokenizer-invalid',
      values: { file: 'tokenizer_config.json' },
    });
    const torn = JSON.parse(source) as { model: { vocab: Record<string, number> } };
    delete torn.model.vocab['the'];
    expect(await refused({ tokenizer: JSON.stringify(torn) })).toMatchObject({
      code: 'tokenizer-invalid',
      values: { detail: expect.stringContaining('not in the vocabulary') as string },
    });
  });
});

describe('utf8Length', () => {
  it.each(['', 'abc', 'é', '文字', '👍🏽', 'a\ud800b'])('of %j', (sample) => {
    expect(utf8Length(sample)).toBe(new TextEncoder().encode(sample).length);
  });
});

describe('special tokens that are pieces of the model', () => {
  const unigram = (score: number) =>
    JSON.stringify({
      added_tokens: [
        { id: 0, content: '<unk>', special: true },
        { id: 1, content: '</s>', special: true },
      ],
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [['<unk>', 0], ['</s>', score], ...['a', '<', '/', 's', '>'].map((piece) => [piece, -3])],
      },
    });

  // Ids by `tokenizers` 0.23.3 with encode_special_tokens.
  it.each([
    [0, [2, 1, 2], [{ kind: 'special-pieces', count: 1, names: ['</s>'] }]],
    [-50, [2, 3, 4, 5, 6, 2], []],
  ])('are told where plain text gives them: score %d', async (score, ids, notices) => {
    const small = await TextTokenizer.open({ tokenizer: unigram(score), config: null, model: '{"eos_token_id":1}' });
    expect(small.encode('a</s>a', 'plain')).toEqual(ids);
    expect(small.notices).toEqual(notices);
  });
});
