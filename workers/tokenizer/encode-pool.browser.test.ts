/** The pool with real nested workers: the ids of one thread, for any number of them. */
import { Cancelling } from '../rpc/expose';
import { expect, it } from 'vitest';
import { splitDocuments } from '../../src/core/text/documents';
import { encodeDocuments } from './encode-documents';
import { EncodePool } from './encode-pool';
import { TextTokenizer, type TokenizerFiles } from './text-tokenizer';

const text = async (path: string): Promise<string> => (await fetch(path)).text();

async function nano(): Promise<TokenizerFiles> {
  const [tokenizer, config, model] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json', 'config.json'].map((name) => text(`/models/nano/${name}`)),
  );
  return { tokenizer: tokenizer!, config: config!, model: model! };
}

it('gives the ids, offsets and bytes of one thread', async () => {
  const files = await nano();
  const tokenizer = await TextTokenizer.open(files);
  const documents = splitDocuments((await text('/corpora/en.train.txt')).slice(0, 1_200_000), '\n\n');
  const alone = await encodeDocuments(tokenizer, documents);
  for (const workers of [2, 3]) {
    const pool = new EncodePool(tokenizer, async () => files, workers, 0);
    let done = 0;
    expect(await pool.encode(documents, { onBytes: (bytes) => (done = bytes) })).toEqual(alone);
    expect(done).toBe(alone.bytes);
    await pool.close();
  }
});

it('does the work here when the workers cannot open the tokenizer', async () => {
  const files = await nano();
  const tokenizer = await TextTokenizer.open(files);
  const documents = Array.from({ length: 4000 }, (_, at) => `document ${at} ${'word '.repeat(25)}`);
  const pool = new EncodePool(tokenizer, async () => ({ ...files, tokenizer: '{}' }), 2, 0);
  expect(await pool.encode(documents)).toEqual(await encodeDocuments(tokenizer, documents));
  await pool.close();
});

it('can be cancelled', async () => {
  const files = await nano();
  const documents = splitDocuments(await text('/corpora/en.train.txt'), '\n\n');
  const cancelling = new Cancelling();
  const pool = new EncodePool(await TextTokenizer.open(files), async () => files, 2, 0);
  await expect(pool.encode(documents, { onBytes: () => cancelling.cancel(), signal: cancelling.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
  await pool.close();
});
