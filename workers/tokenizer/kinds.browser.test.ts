/** The kinds of kinds.test.ts in a browser, with its own Unicode: a part of the strings, by a worker's means of fetching the crate. */
import { expect, it } from 'vitest';
import packed from '../../e2e/parity/fixtures/tokenizer-kinds.json.gz?url';
import { TextTokenizer } from './text-tokenizer';

const EVERY = 10;

function hash(words: readonly number[]): number {
  let value = 0x811c9dc5;
  for (const word of words) value = Math.imul(value ^ word, 0x01000193);
  return value >>> 0;
}

it('gives the ids of tokenizers', async () => {
  const response = await fetch(packed);
  // The dev server says that a .gz is packed, and then the browser has unpacked it.
  const bytes = new Uint8Array(await response.arrayBuffer());
  const json =
    bytes[0] === 0x1f
      ? await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text()
      : new TextDecoder().decode(bytes);
  const fixture = JSON.parse(json) as { texts: string[]; files: string[]; kinds: { name: string; ids: string }[] };
  const wrong: string[] = [];
  for (const [at, { name, ids }] of fixture.kinds.entries()) {
    const wanted = new Uint32Array(Uint8Array.from(atob(ids), (character) => character.charCodeAt(0)).buffer);
    const tokenizer = await TextTokenizer.open({ tokenizer: fixture.files[at]!, config: null, model: '{"eos_token_id":0}' });
    for (let index = 0; index < fixture.texts.length; index += EVERY)
      if (hash(tokenizer.encode(fixture.texts[index]!)) !== wanted[index]) wrong.push(`${name}: ${fixture.texts[index]}`);
  }
  expect(wrong).toEqual([]);
});
