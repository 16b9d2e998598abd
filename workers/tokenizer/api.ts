/** The tokenizer worker: token shards for the trainer, and text to ids and back for the pages. */
import type { TokenizerApi } from '../../src/contract/tokenizer';
import { Cancelling } from '../rpc/expose';
import { listTokenizers, removeTokenizer, renameTokenizer } from '../storage/tokenizers';
import { exportTokenizer, importTokenizer, trainAndKeep } from './collection';
import { loadTokenizer, openTokenizer, readTokenizerTexts } from './open';
import { extendVocabulary, planVocabulary } from './extend-vocabulary';
import { channelFertility, fertilityCurve, heldOutSamples, termTokens, tokenizeText } from './statistics';
import { normalizationEffect } from './normalization';
import { prepareCorpora } from './prepare';
import { Turns } from './turns';
import { writtenSpecialTokens } from './written-special-tokens';

const cancelling = { prepare: new Cancelling(), train: new Cancelling() };
/** Signal for statistics, which take about a second and cannot be cancelled. */
const never = new AbortController().signal;

export const tokenizerApi: TokenizerApi = {
  prepare: (model, texts, onProgress) => prepareCorpora(model, texts, onProgress, cancelling.prepare.signal),

  async cancel(work = 'prepare') {
    cancelling[work].cancel();
  },

  async encode(model, text) {
    const { tokenizer } = await loadTokenizer(model);
    const ids = tokenizer.encode(text);
    return { ids, tokens: ids.map((id) => tokenizer.decode([id])) };
  },

  async decode(model, ids) {
    return (await loadTokenizer(model)).tokenizer.decode(ids);
  },

  list: listTokenizers,
  importTokenizer,
  rename: renameTokenizer,
  remove: (id) => removeTokenizer(id),
  exportTokenizer,
  train: (name, channels, options, onProgress) => trainAndKeep(name, channels, options, onProgress, cancelling.train.signal),

  specialTokens: (corpus) => writtenSpecialTokens(corpus, new Turns(never)),

  async normalization(corpora) {
    const turns = new Turns(never);
    const effects = [];
    for (const corpus of corpora) effects.push(await normalizationEffect(corpus, turns));
    return effects;
  },

  async tokenize(ref, text, most) {
    return tokenizeText(await openTokenizer(ref), text, most);
  },

  async fertility(ref, corpora, terms, sampleBytes) {
    const open = await openTokenizer(ref);
    const turns = new Turns(never);
    const channels = [];
    for (const sample of await heldOutSamples(corpora, sampleBytes, never)) channels.push(await channelFertility(open, sample, turns));
    return { channels, terms: terms.map((term) => ({ term, tokens: termTokens(open.tokenizer, term) })) };
  },

  planVocabulary: (model, source, onProgress) => planVocabulary(model, source, onProgress, cancelling.train.signal),
  extendVocabulary: (model, source, name, onProgress) => extendVocabulary(model, source, name, onProgress, cancelling.train.signal),

  async fertilityCurve(ref, corpora, sampleBytes) {
    const [texts, { tokenizer }] = await Promise.all([readTokenizerTexts(ref), openTokenizer(ref)]);
    return fertilityCurve(texts, tokenizer, await heldOutSamples(corpora, sampleBytes, never), new Turns(never));
  },
};
