/** The training of a tokenizer: the form, the options made of it, and the state of a training under way. */
import type {
  Normalization,
  NormalizationEffect,
  TokenizerChannel,
  TrainOptions,
  TokenizerRecord,
  TrainProgress,
} from '../contract/tokenizer';
import type { CorpusRecord } from '../contract/corpus';
import { create } from 'zustand';
import { errorRecord, type ErrorRecord } from '../core/errors';
import { lab } from '../lab/lab';
import { modelKey, tokenizerKey } from './refs';
import { useTokenizers } from './store';

export type TrainKind = TrainOptions['kind'];
export const TRAIN_KINDS: readonly TrainKind[] = ['byte-bpe', 'wordpiece', 'unigram'];

type BytePairs = Extract<TrainOptions, { kind: 'byte-bpe' }>;

export interface TrainForm {
  name: string;
  kind: TrainKind;
  /** Corpus id → weight; 0 leaves the channel out. */
  weights: Record<string, number>;
  vocabularySize: number;
  minFrequency: number;
  /** One a line, or parted by blanks. */
  specialTokens: string;
  alphabet: BytePairs['alphabet'];
  /** 0 keeps every character. */
  alphabetLimit: number;
  preTokens: BytePairs['preTokens'];
  /** null: what `normalizerOf` proposes. */
  normalizer: Normalization | null;
  lowercase: boolean;
}

/** What each kind's models use: the end of a text among them, and for those that can meet an unknown character its name. */
export const SPECIAL_TOKENS: Record<TrainKind, string> = {
  'byte-bpe': '<|endoftext|>',
  wordpiece: '[PAD] [UNK] [CLS] [SEP] [MASK]',
  unigram: '<pad> </s> <unk>',
};
/** Kinds that start from characters must hold every Chinese one: more than 6,000 in the starter text. */
const SIZES: Record<TrainKind, number> = { 'byte-bpe': 4096, wordpiece: 8192, unigram: 8192 };
const ENDS = ['<|endoftext|>', '<|end_of_text|>', '</s>', '[SEP]', '<eos>'];
const UNKNOWN = ['[UNK]', '<unk>', '<|unk|>'];

/** SentencePiece's own settings. */
const UNIGRAM = { shrinkingFactor: 0.75, subIterations: 2, maxPieceLength: 16 } as const;

export const NEW_FORM: TrainForm = {
  name: '',
  kind: 'byte-bpe',
  weights: {},
  vocabularySize: SIZES['byte-bpe'],
  minFrequency: 2,
  specialTokens: SPECIAL_TOKENS['byte-bpe'],
  alphabet: 'bytes',
  alphabetLimit: 0,
  preTokens: 'gpt2',
  normalizer: null,
  lowercase: false,
};

/** The form for another kind: its own special tokens, and its own size where none was chosen. */
export function ofKind(form: TrainForm, kind: TrainKind): TrainForm {
  const vocabularySize = form.vocabularySize === SIZES[form.kind] ? SIZES[kind] : form.vocabularySize;
  return { ...form, kind, vocabularySize, specialTokens: SPECIAL_TOKENS[kind] };
}

/** The general channels and the first domain, each counted as it is; what a person has set stays. */
export function startingWeights(corpora: readonly CorpusRecord[], known: Readonly<Record<string, number>>): Record<string, number> {
  const domain = corpora.find(({ role }) => role === 'domain');
  return Object.fromEntries(
    corpora.map((corpus) => [corpus.id, known[corpus.id] ?? (corpus.role === 'general' || corpus === domain ? 1 : 0)]),
  );
}

function specialTokenList(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter((token) => token !== ''))];
}

export type TrainFault = 'name' | 'channels' | 'special' | 'unknown';

/** What keeps this form from being trained; null when nothing does. */
export function trainFault({ name, kind, weights, specialTokens }: TrainForm): TrainFault | null {
  if (!Object.values(weights).some((weight) => weight > 0)) return 'channels';
  const special = specialTokenList(specialTokens);
  if (special.length === 0) return 'special';
  if (kind !== 'byte-bpe' && unknownOf(special) === undefined) return 'unknown';
  return name.trim() === '' ? 'name' : null;
}

/** Share of Chinese characters from which on a channel counts as Chinese. */
const CHINESE = 0.2;

/**
 * The normalization of a form: what the person chose, else none, and NFKC for Unigram, as in SentencePiece. None for Unigram too where one
 * of its channels is Chinese: NFKC would write the punctuation of Chinese as ASCII.
 */
export function normalizerOf({ normalizer, kind, weights }: TrainForm, effects: readonly NormalizationEffect[]): Normalization {
  if (normalizer !== null) return normalizer;
  if (kind !== 'unigram') return 'none';
  return effects.some(({ corpus, han, characters }) => (weights[corpus] ?? 0) > 0 && han > characters * CHINESE) ? 'none' : 'nfkc';
}

/** Of a form without fault. @param effects of normalization on the form's channels */
export function trainingOf(
  form: TrainForm,
  corpora: readonly CorpusRecord[],
  effects: readonly NormalizationEffect[],
): { channels: TokenizerChannel[]; options: TrainOptions } {
  const normalizer = normalizerOf(form, effects);
  const { kind, weights, vocabularySize, minFrequency } = form;
  const specialTokens = specialTokenList(form.specialTokens);
  const endOfText = specialTokens.find((token) => ENDS.includes(token)) ?? specialTokens[0]!;
  const unknownToken = unknownOf(specialTokens) ?? '';
  const common = { vocabularySize, specialTokens, endOfText };
  const alphabetLimit = form.alphabetLimit === 0 ? null : form.alphabetLimit;
  const channels = corpora.flatMap(({ id }) => ((weights[id] ?? 0) > 0 ? [{ corpus: id, weight: weights[id]! }] : []));
  switch (kind) {
    case 'byte-bpe':
      return {
        channels,
        options: {
          ...common,
          kind,
          minFrequency,
          alphabetLimit: null,
          alphabet: form.alphabet,
          preTokens: form.preTokens,
          normalizer,
        },
      };
    case 'wordpiece':
      return { channels, options: { ...common, kind, minFrequency, alphabetLimit, unknownToken, lowercase: form.lowercase, normalizer } };
    case 'unigram':
      return { channels, options: { ...common, kind, unknownToken, ...UNIGRAM, normalizer } };
  }
}

function unknownOf(special: readonly string[]): string | undefined {
  return special.find((token) => UNKNOWN.includes(token.toLowerCase()) || UNKNOWN.includes(token));
}

interface TrainState {
  form: TrainForm;
  state: 'idle' | 'busy' | 'failed';
  progress: TrainProgress | null;
  /** Of the phase under way; null until it has lasted long enough to tell. */
  secondsLeft: number | null;
  error: ErrorRecord | null;
  made: TokenizerRecord | null;
  /** Of the channels that take part, as far as they are known. */
  effects: NormalizationEffect[];

  describe(change: Partial<TrainForm>): void;
  chooseKind(kind: TrainKind): void;
  /** Gives channels that are new their weight. */
  meetCorpora(): void;
  /** Learns what normalization would change in the channels that take part. */
  lookAtText(): Promise<void>;
  train(): Promise<void>;
  cancel(): Promise<void>;
  dismiss(): void;
}

/** Seconds of a phase before what is left of it is said. */
const TELLING = 1;

export const useTraining = create<TrainState>()((set, get) => ({
  form: NEW_FORM,
  state: 'idle',
  progress: null,
  secondsLeft: null,
  error: null,
  made: null,
  effects: [],

  describe: (change) => set({ form: { ...get().form, ...change } }),
  chooseKind: (kind) => set({ form: ofKind(get().form, kind) }),
  meetCorpora() {
    const { form } = get();
    set({ form: { ...form, weights: startingWeights(useTokenizers.getState().corpora, form.weights) } });
  },

  async lookAtText() {
    const known = new Set(get().effects.map(({ corpus }) => corpus));
    for (const [corpus, weight] of Object.entries(get().form.weights)) {
      if (weight === 0 || known.has(corpus)) continue;
      const learned = await lab.tokenizer.normalization([corpus]);
      set({ effects: [...get().effects.filter((effect) => effect.corpus !== corpus), ...learned] });
    }
  },

  async train() {
    const { form, state } = get();
    if (state === 'busy' || trainFault(form) !== null) return;
    set({ state: 'busy', progress: null, secondsLeft: null, error: null, made: null });
    // A channel whose text cannot be read is what the training then fails for, in words.
    await get()
      .lookAtText()
      .catch(() => undefined);
    const { channels, options } = trainingOf(form, useTokenizers.getState().corpora, get().effects);
    let phase: { name: TrainProgress['phase']; began: number } | null = null;
    const onProgress = (progress: TrainProgress) => {
      if (phase?.name !== progress.phase) phase = { name: progress.phase, began: performance.now() };
      const seconds = (performance.now() - phase.began) / 1000;
      const secondsLeft = seconds < TELLING || progress.done === 0 ? null : (seconds / progress.done) * (progress.total - progress.done);
      set({ progress, secondsLeft });
    };
    try {
      const made = await lab.tokenizer.train(form.name.trim(), channels, options, onProgress);
      set({ state: 'idle', made, form: { ...get().form, name: '' } });
      const tokenizers = useTokenizers.getState();
      await tokenizers.load();
      // At once beside the tokenizer of the base.
      const base = useTokenizers.getState().models[0];
      if (base) tokenizers.choose('a', modelKey(base.id));
      tokenizers.choose('b', tokenizerKey(made.id));
    } catch (error) {
      const record = errorRecord(error);
      if (record.code === 'cancelled') set({ state: 'idle' });
      else set({ state: 'failed', error: record });
    } finally {
      set({ progress: null, secondsLeft: null });
    }
  },
  cancel: () => lab.tokenizer.cancel('train'),
  dismiss: () => set({ state: 'idle', error: null }),
}));
