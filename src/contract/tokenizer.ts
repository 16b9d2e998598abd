import type { SpecialTokens } from '../core/recipe/schema';
import type { OnProgress } from './progress';
import type { TokenizerNotice } from '../core/model/notices';
import type { ModelRecord } from './library';

/** Unicode's normalization form that text is written in before it is split; `none` leaves every character as it stands. */
export type Normalization = 'none' | 'nfc' | 'nfkc';

interface Vocabulary {
  /** Special tokens, alphabet and learned pieces together. */
  vocabularySize: number;
  /** They get the first ids, in this order. */
  specialTokens: string[];
  /** Ends a document; one of `specialTokens`. */
  endOfText: string;
}

interface Alphabet {
  /** A pair (weighted count) below this is never merged. */
  minFrequency: number;
  /** At most so many characters of the text, the most frequent; null keeps all. */
  alphabetLimit: number | null;
}

/** Byte-level BPE, the kind of GPT-2, Llama 3 and Qwen. */
export interface ByteBpeOptions extends Vocabulary, Alphabet {
  kind: 'byte-bpe';
  /** All 256 bytes (any text can be written), or only those that the text has. */
  alphabet: 'bytes' | 'seen';
  /** Whose expression cuts the text into the pieces that no merge crosses. */
  preTokens: 'gpt2' | 'llama3' | 'qwen2';
  normalizer: Normalization;
}

/** BERT's kind. `specialTokens` must hold `unknownToken`. */
export interface WordPieceOptions extends Vocabulary, Alphabet {
  kind: 'wordpiece';
  unknownToken: string;
  lowercase: boolean;
  /** Before BERT's own normalizer; nothing said: `none`. */
  normalizer?: Normalization | undefined;
}

/** T5's kind. `specialTokens` must hold `unknownToken`. */
export interface UnigramOptions extends Vocabulary {
  kind: 'unigram';
  unknownToken: string;
  /** Share of pieces that a round of pruning keeps: 0.75 in SentencePiece. */
  shrinkingFactor: number;
  /** Rounds of expectation and maximisation between two prunings: 2 in SentencePiece. */
  subIterations: number;
  /** Characters: 16 in SentencePiece. */
  maxPieceLength: number;
  /** Nothing said: `nfkc`, as in SentencePiece. */
  normalizer?: Normalization | undefined;
}

export type TrainOptions = ByteBpeOptions | WordPieceOptions | UnigramOptions;

export interface TrainProgress {
  /** `count`: bytes of text read (total 0: not known); `learn`: merges made, or rounds of pruning done. */
  phase: 'count' | 'learn';
  done: number;
  total: number;
}

export interface TrainReport {
  kind: TrainOptions['kind'];
  /** Ids in all; fewer than asked for when no pair reached `minFrequency`. */
  vocabulary: number;
  /** Characters or bytes it started from. */
  alphabet: number;
  /** Merges learned; 0 for Unigram. */
  merges: number;
  /** UTF-8 bytes of text read from each source, in their order; 0 for a source with weight 0. */
  bytes: number[];
  /** Distinct pre-tokens. */
  words: number;
  milliseconds: number;
}

// ---------------------------------------------------------------- tokenizer
export interface TokenizedCorpus {
  corpus: string;
  tokens: { train: number; heldOut: number };
  bytes: { train: number; heldOut: number };
  /** Of records: tokens of each training document, and documents that the chat template refuses. */
  records?: { lengths: Uint32Array; refused: number };
}

/** A tokenizer: the one of a model, or one that was trained or brought in by itself. */
export type TokenizerRef = { kind: 'model'; model: string } | { kind: 'tokenizer'; tokenizer: string };

export type TokenizerKind = 'BPE' | 'WordPiece' | 'WordLevel' | 'Unigram';

export interface TokenizerRecord {
  id: string;
  name: string;
  kind: TokenizerKind;
  /** Ids that it can give: 0 … size − 1. */
  size: number;
  createdAt: number;
  /** What it was trained with; null when it was imported. */
  training: TokenizerTraining | null;
  /** What its import told; absent where there was nothing. */
  notices?: TokenizerNotice[];
}

export interface TokenizerTraining {
  channels: TokenizerChannel[];
  options: TrainOptions;
  report: TrainReport;
}

/** Text to train on: the words of the channel's training text count `weight` times. */
export interface TokenizerChannel {
  corpus: string;
  weight: number;
}

export interface TokenPiece {
  id: number;
  /** As the vocabulary spells it. */
  token: string;
  /** UTF-8 of the text it stands for; empty for unknown and special tokens. */
  bytes: number[];
  /** `byte`: a part of a character, in byte-level vocabularies and by byte fallback. */
  kind: 'text' | 'byte' | 'special' | 'unknown';
}

/** A stretch of the text: one token, several where a character is in pieces, none where the tokenizer drops white space. */
export interface TokenSpan {
  text: string;
  pieces: TokenPiece[];
}

export interface TokenCounts {
  tokens: number;
  /** Unicode characters (code points). */
  characters: number;
  /** By Intl.Segmenter: runs of letters, dictionary words in Chinese. */
  words: number;
  bytes: number;
  unknown: number;
  /** Tokens that are a part of a character. */
  byteFallback: number;
}

/** A special token that stands written out in a text, and how often. */
export interface WrittenToken {
  token: string;
  count: number;
}

/** Special tokens written out in a corpus, most frequent first. */
export interface CorpusSpecialTokens {
  corpus: string;
  /** UTF-8 bytes that were searched; `whole`: all of the corpus. */
  bytes: number;
  whole: boolean;
  /** `tokenizers`: names of the models and tokenizers at hand in which the token is special. */
  found: (WrittenToken & { tokenizers: string[] })[];
}

/** What normalization would change in a corpus's training text; `whole`: all of it was read. */
export interface NormalizationEffect {
  corpus: string;
  /** Unicode characters (code points), and Chinese ones among them. */
  characters: number;
  han: number;
  changed: Record<Exclude<Normalization, 'none'>, number>;
  whole: boolean;
}

export interface TokenizedText {
  /** Of the first tokens, as many as were asked for. */
  spans: TokenSpan[];
  /** Of the whole text. */
  counts: TokenCounts;
  special: WrittenToken[];
}

/** How a tokenizer fits a channel: counts over a sample of its held-out documents, special tokens written out in them read as plain text. */
export interface ChannelFertility {
  corpus: string;
  documents: number;
  counts: TokenCounts;
  special: WrittenToken[];
}

export interface FertilityReport {
  channels: ChannelFertility[];
  /** Tokens of each term, by itself or after a space, whichever are fewer. */
  terms: { term: string; tokens: number }[];
}

/** The same tokenizer with a part of its merges. */
export interface FertilityPoint {
  vocabulary: number;
  /** Corpus id → tokens per character. */
  tokensPerCharacter: Record<string, number>;
}

/** Where the tokens come from that a model's vocabulary is to gain. */
export type VocabularySource =
  /** Each term as one token. */
  | { kind: 'terms'; terms: string[] }
  /** The most frequent Chinese characters of these corpora's training text that are several tokens yet. */
  | { kind: 'characters'; corpora: string[]; most: number }
  /** So many more merges, learnt on channels. */
  | { kind: 'merges'; channels: TokenizerChannel[]; merges: number }
  /** Another tokenizer altogether in the place of the model's own. */
  | { kind: 'replace'; tokenizer: TokenizerRef };

export interface VocabularyPlan {
  /** Asked for, and one token already. */
  known: string[];
  /** What becomes one token: how many it takes now, and how often it stands in the text where that was counted. */
  added: { text: string; tokens: number; count: number | null }[];
  /** Ids before and after. More may be added than texts: pieces on the way to them are rows as well. */
  before: number;
  after: number;
}

/** A tokenizer in files that transformers reads as they are. */
export interface TokenizerExport {
  zip: Blob;
  /** The class that tokenizer_config.json named and the export does not, since transformers would rebuild the tokenizer by its rules. */
  replaced: string | null;
}

/** A corpus as a channel reads it; special tokens written out in it are plain text where nothing is said. */
export interface ChannelText {
  corpus: string;
  specialTokens?: SpecialTokens | undefined;
}

export interface TokenizerApi {
  /** Makes sure the token shards of these texts under this model's tokenizer are in OPFS. */
  prepare(model: string, texts: ChannelText[], onProgress: OnProgress): Promise<TokenizedCorpus[]>;
  /** Cancels all preparing (the default), or all of train, planVocabulary and extendVocabulary. */
  cancel(work?: 'prepare' | 'train'): Promise<void>;
  encode(model: string, text: string): Promise<{ ids: number[]; tokens: string[] }>;
  decode(model: string, ids: number[]): Promise<string>;
  /** Trained and imported tokenizers, newest last. */
  list(): Promise<TokenizerRecord[]>;
  /** tokenizer.json, or vocab.json and merges.txt; with tokenizer_config.json where there is one. */
  importTokenizer(files: File[], name: string): Promise<TokenizerRecord>;
  /** Stores what was trained under the name. Throws `text-empty`, `cancelled`, `quota`; then nothing is stored. */
  train(
    name: string,
    channels: TokenizerChannel[],
    options: TrainOptions,
    onProgress: (progress: TrainProgress) => void,
  ): Promise<TokenizerRecord>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Zip of tokenizer.json and tokenizer_config.json, and training.json for a trained one; `AutoTokenizer` reads the folder. */
  exportTokenizer(ref: TokenizerRef): Promise<TokenizerExport>;
  /** Special tokens that stand written out in a corpus. */
  specialTokens(corpus: string): Promise<CorpusSpecialTokens>;
  /** What normalization would change in the training text of these corpora. */
  normalization(corpora: string[]): Promise<NormalizationEffect[]>;
  /** @param most tokens of which spans are given */
  tokenize(ref: TokenizerRef, text: string, most: number): Promise<TokenizedText>;
  /** @param sampleBytes UTF-8 bytes of held-out text per channel, in whole documents evenly spread */
  fertility(ref: TokenizerRef, corpora: string[], terms: string[], sampleBytes: number): Promise<FertilityReport>;
  /** Fertility after fewer merges, smallest vocabulary first; for kinds without merges the one point that there is. */
  fertilityCurve(ref: TokenizerRef, corpora: string[], sampleBytes: number): Promise<FertilityPoint[]>;
  /** What the extension would add; nothing is made. Throws `tokenizer-options` for a tokenizer that cannot be extended. */
  planVocabulary(model: string, source: VocabularySource, onProgress: (progress: TrainProgress) => void): Promise<VocabularyPlan>;
  /** A new model with the larger vocabulary, new rows the mean of the old pieces' rows. */
  extendVocabulary(model: string, source: VocabularySource, name: string, onProgress: OnProgress): Promise<ModelRecord>;
}
