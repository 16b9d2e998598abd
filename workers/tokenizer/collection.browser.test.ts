import { unzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { FileStore, files } from '../storage/files';
import { findTokenizer, listTokenizers, readTokenizerFiles, removeTokenizer, renameTokenizer, saveTokenizer } from '../storage/tokenizers';
import { openWriter } from '../storage/writer';
import { exportTokenizer, importTokenizer } from './collection';
import { tokenizerApi } from './api';

/** Byte-level BPE with three characters and one merge. */
const TOKENIZER = JSON.stringify({
  added_tokens: [{ id: 4, content: '<end>', special: true }],
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: { a: 0, b: 1, Ġ: 2, ab: 3 }, merges: [['a', 'b']] },
});
const file = (name: string, text = TOKENIZER) => new File([text], name);
const mine: string[] = [];
afterAll(() => Promise.all(mine.map((id) => removeTokenizer(id))));

async function take(given: File[], name: string) {
  const record = await importTokenizer(given, name);
  mine.push(record.id);
  return record;
}

describe('tokenizers of their own', () => {
  it('are taken in, used, renamed, exported and removed', async () => {
    const record = await take([file('tokenizer.json'), file('tokenizer_config.json', '{"eos_token":"<end>"}')], 'small');
    expect(record).toMatchObject({ name: 'small', kind: 'BPE', size: 5, training: null });
    const ref = { kind: 'tokenizer', tokenizer: record.id } as const;
    const { spans, counts } = await tokenizerApi.tokenize(ref, 'ab a', 2);
    expect(counts).toMatchObject({ tokens: 3, characters: 4, bytes: 4, unknown: 0 });
    // Of the first two tokens.
    expect(spans.map(({ text }) => text)).toEqual(['ab', ' ']);

    await renameTokenizer(record.id, 'another name');
    expect((await findTokenizer(record.id)).name).toBe('another name');
    const zip = unzipSync(new Uint8Array(await (await exportTokenizer(ref)).zip.arrayBuffer()));
    expect(Object.keys(zip)).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    expect(new TextDecoder().decode(zip['tokenizer.json'])).toBe(TOKENIZER);

    await removeTokenizer(record.id);
    await expect(findTokenizer(record.id)).rejects.toMatchObject({ code: 'file-missing' });
    await expect(renameTokenizer(record.id, 'gone')).rejects.toMatchObject({ code: 'file-missing' });
    await expect(readTokenizerFiles(record.id)).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('come as a single file of any name, and need no end of text', async () => {
    const plain = JSON.stringify({ ...(JSON.parse(TOKENIZER) as object), added_tokens: [] });
    expect(await take([file('my-own.json', plain)], 'plain')).toMatchObject({ size: 4 });
  });

  it('come as vocab.json and merges.txt, which is told', async () => {
    const vocab = file('vocab.json', JSON.stringify({ a: 0, b: 1, Ġ: 2, ab: 3, '<|endoftext|>': 4 }));
    const config = file('tokenizer_config.json', '{"tokenizer_class":"Qwen2Tokenizer","eos_token":"<|endoftext|>"}');
    const record = await take([vocab, file('merges.txt', '#version: 0.2\na b\n'), config], 'old');
    expect(record).toMatchObject({ kind: 'BPE', size: 5, notices: [{ kind: 'tokenizer-made' }] });
    const ref = { kind: 'tokenizer', tokenizer: record.id } as const;
    const { spans, special } = await tokenizerApi.tokenize(ref, 'ab<|endoftext|>', 9);
    expect(spans.flatMap(({ pieces }) => pieces.map(({ id }) => id))).toEqual([3, 4]);
    expect(special).toEqual([{ token: '<|endoftext|>', count: 1 }]);
    const { zip, replaced } = await exportTokenizer(ref);
    expect(replaced).toBe('Qwen2Tokenizer');
    const written = unzipSync(new Uint8Array(await zip.arrayBuffer()))['tokenizer_config.json'];
    expect(JSON.parse(new TextDecoder().decode(written))).toEqual({
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: '<|endoftext|>',
    });
  });

  it('are refused by name, and nothing is stored', async () => {
    const before = await listTokenizers();
    await expect(importTokenizer([file('a.json'), file('b.json')], 'x')).rejects.toMatchObject({ code: 'file-missing' });
    await expect(importTokenizer([file('tokenizer.json', '{"model":{"type":"Magic"}}')], 'x')).rejects.toMatchObject({
      code: 'tokenizer-invalid',
    });
    expect(await listTokenizers()).toEqual(before);
  });

  it('leave nothing on a full disk', async () => {
    const full = new FileStore(undefined, async (handle) => ({
      ...(await openWriter(handle)),
      write: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
    }));
    const before = [await listTokenizers(), await files.list('tokenizers')];
    const saving = saveTokenizer({ name: 'x', kind: 'BPE', size: 5, training: null }, { tokenizer: TOKENIZER, config: null }, full);
    await expect(saving).rejects.toMatchObject({ code: 'quota' });
    expect([await listTokenizers(), await files.list('tokenizers')]).toEqual(before);
  });
});
