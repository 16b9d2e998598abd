/** What normalization would do to a text, told before a tokenizer is trained with it: NFKC turns Chinese punctuation into ASCII, for one. */
import type { Normalization, NormalizationEffect } from '../../src/contract/tokenizer';
import { documentBatches, findCorpus } from '../storage/corpora';
import { utf8Length } from './encode-documents';
import type { Turns } from './turns';

/** UTF-8 bytes that are read of a corpus's training text. */
const MOST_BYTES = 16 * 2 ** 20;
/** What normalizes by itself: a character with its marks, or the parts of Hangul syllables. */
const UNITS = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+\p{M}*|\P{M}\p{M}*|\p{M}+/gu;
const HAN = /\p{sc=Han}/gu;

/** Characters (code points) of a text that a normalization form writes otherwise. */
export function charactersChanged(text: string, form: Exclude<Normalization, 'none'>): number {
  const name = form === 'nfc' ? 'NFC' : 'NFKC';
  if (text.normalize(name) === text) return 0;
  let changed = 0;
  for (const [unit] of text.matchAll(UNITS))
    if ((unit.length > 1 || unit > '\x7f') && unit.normalize(name) !== unit) changed += [...unit].length;
  return changed;
}

/** Of the corpus's training text. @throws StudioError `file-missing`, `fetch-failed`, `cancelled` */
export async function normalizationEffect(corpus: string, turns: Turns): Promise<NormalizationEffect> {
  const effect = { corpus, characters: 0, han: 0, changed: { nfc: 0, nfkc: 0 }, whole: true };
  let bytes = 0;
  for await (const batch of documentBatches(await findCorpus(corpus), 'train'))
    for (const { text } of batch) {
      if (bytes >= MOST_BYTES) return { ...effect, whole: false };
      for (const _ of text) effect.characters++;
      effect.han += text.match(HAN)?.length ?? 0;
      for (const form of ['nfc', 'nfkc'] as const) effect.changed[form] += charactersChanged(text, form);
      bytes += utf8Length(text);
      if (turns.due()) await turns.take();
    }
  return effect;
}
