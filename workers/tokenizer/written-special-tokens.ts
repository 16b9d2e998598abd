/**
 * Special tokens that stand written out in a corpus: those of every tokenizer at hand, and well-known ones of others. As tokens they would
 * end a document in its middle, so that a channel reads them as plain text unless it says otherwise.
 */
import type { CorpusSpecialTokens } from '../../src/contract/tokenizer';
import { documentBatches, findCorpus } from '../storage/corpora';
import { bundledModels, findModel, readModelText } from '../storage/models';
import { records } from '../storage/records';
import { listTokenizers, readTokenizerFiles } from '../storage/tokenizers';
import { utf8Length } from './encode-documents';
import { SPLITS } from './shards';
import { TokenFinder } from './token-finder';
import type { Turns } from './turns';

/** UTF-8 bytes that are searched of a corpus. */
const MOST_BYTES = 64 * 2 ** 20;
/** Of GPT-2, Llama, Qwen, BERT, T5, Gemma and DeepSeek. */
const WELL_KNOWN = [
  ...['<|endoftext|>', '<|end_of_text|>', '<|begin_of_text|>', '<|eot_id|>', '<|im_start|>', '<|im_end|>'],
  ...['<s>', '</s>', '<unk>', '<pad>', '<mask>', '<bos>', '<eos>', '<start_of_turn>', '<end_of_turn>'],
  ...['[CLS]', '[SEP]', '[MASK]', '[PAD]', '[UNK]', '<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>'],
];

/** @throws StudioError `file-missing`, `fetch-failed`, `cancelled` */
export async function writtenSpecialTokens(corpus: string, turns: Turns): Promise<CorpusSpecialTokens> {
  const owners = await specialTokensAtHand();
  const tokens = [...owners.keys()];
  const finder = new TokenFinder(tokens);
  const counts = new Uint32Array(tokens.length);
  const record = await findCorpus(corpus);
  let bytes = 0;
  reading: for (const split of SPLITS)
    for await (const batch of documentBatches(record, split))
      for (const { text } of batch) {
        if (bytes >= MOST_BYTES) break reading;
        finder.each(text, (at) => counts[at]!++);
        bytes += utf8Length(text);
        if (turns.due()) await turns.take();
      }
  const found = tokens.flatMap((token, at) => (counts[at]! > 0 ? [{ token, count: counts[at]!, tokenizers: owners.get(token)! }] : []));
  return { corpus, bytes, whole: bytes < MOST_BYTES, found: found.sort((one, other) => other.count - one.count) };
}

/** Token → names of the models and tokenizers at hand in which it is special. */
async function specialTokensAtHand(): Promise<Map<string, string[]>> {
  const owners = new Map(WELL_KNOWN.map((token): [string, string[]] => [token, []]));
  const add = (name: string, tokens: readonly string[]): void => {
    for (const token of tokens) owners.set(token, [...(owners.get(token) ?? []), name]);
  };
  for (const { id, name } of [...(await bundledModels()), ...(await (await records()).getAll('models'))])
    add(name, await specialTokensOf(id, async () => readModelText(await findModel(id), 'tokenizer.json')));
  for (const { id, name } of await listTokenizers())
    add(name, await specialTokensOf(id, async () => (await readTokenizerFiles(id)).tokenizer));
  return owners;
}

/** By id of a model or tokenizer; a tokenizer.json does not change. */
const known = new Map<string, string[]>();

async function specialTokensOf(id: string, read: () => Promise<string | null>): Promise<string[]> {
  const before = known.get(id);
  if (before) return before;
  const json = JSON.parse((await read()) ?? '{}') as { added_tokens?: { content: string; special?: boolean }[] | null };
  const tokens = (json.added_tokens ?? []).flatMap(({ content, special }) => (special && content !== '' ? [content] : []));
  known.set(id, tokens);
  return tokens;
}
