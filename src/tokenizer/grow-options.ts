/** What a person asks a model's vocabulary to gain. */
import type { CorpusRecord } from '../contract/corpus';
import type { GrowthSource } from '../contract/tokenizer';
import { DEFAULT_TERMS, parseTerms } from './domain-terms';
import { findChoice, type TokenizerChoice } from './refs';

export type GrowKind = GrowthSource['kind'];
export const GROW_KINDS: readonly GrowKind[] = ['terms', 'characters', 'merges', 'adopt'];

export interface GrowForm {
  model: string | null;
  kind: GrowKind;
  /** As typed. */
  terms: string;
  /** Channels whose characters are counted. */
  corpora: Record<string, number>;
  most: number;
  /** Channels whose merges are learnt, with their weights. */
  weights: Record<string, number>;
  merges: number;
  /** Key of the tokenizer to adopt. */
  adopt: string | null;
  name: string;
}

export const NEW_GROWTH: GrowForm = {
  model: null,
  kind: 'terms',
  terms: DEFAULT_TERMS.join('\n'),
  corpora: {},
  most: 200,
  weights: {},
  merges: 256,
  adopt: null,
  name: '',
};

export type GrowFault = 'model' | 'terms' | 'channels' | 'tokenizer';

/** What is asked for, or what is missing. */
export function growthSource(
  form: GrowForm,
  corpora: readonly CorpusRecord[],
  choices: readonly TokenizerChoice[],
): GrowthSource | GrowFault {
  if (form.model === null) return 'model';
  const taking = (weights: Record<string, number>) => corpora.filter(({ id }) => (weights[id] ?? 0) > 0);
  switch (form.kind) {
    case 'terms': {
      const terms = parseTerms(form.terms);
      return terms.length === 0 ? 'terms' : { kind: 'terms', terms };
    }
    case 'characters': {
      const taken = taking(form.corpora).map(({ id }) => id);
      return taken.length === 0 ? 'channels' : { kind: 'characters', corpora: taken, most: form.most };
    }
    case 'merges': {
      const channels = taking(form.weights).map(({ id }) => ({ corpus: id, weight: form.weights[id]! }));
      return channels.length === 0 ? 'channels' : { kind: 'merges', channels, merges: form.merges };
    }
    case 'adopt': {
      const choice = findChoice(choices, form.adopt);
      return choice === null ? 'tokenizer' : { kind: 'adopt', tokenizer: choice.ref };
    }
  }
}
