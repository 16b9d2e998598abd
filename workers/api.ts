/** The contract between pages and workers: types only. `src/lab` wraps each API in a typed client. */
import type { EvaluationRow, CheckpointRecord, LiveSettings, MetricRow, RunRecord, RunSnapshot } from '../src/core/run/types';
import type { Recipe } from '../src/core/recipe/schema';

export type BackendName = 'webgpu' | 'wasm' | 'cpu';

export interface DeviceInfo {
  backend: BackendName;
  /** CPU threads used by the engine (1 on WebGPU). */
  threads: number;
  /** Adapter description on WebGPU, else empty. */
  adapter: string;
  /** True when the WebGPU adapter is a software one (SwiftShader, llvmpipe, WARP). */
  software: boolean;
  simd: 'none' | 'simd' | 'relaxed-simd';
  /** Why this backend runs: the page turns it into words. */
  reason: 'forced' | 'hardware-gpu' | 'no-gpu-api' | 'no-gpu-adapter' | 'software-gpu-slower' | 'webgpu-failed' | 'no-wasm';
  crossOriginIsolated: boolean;
}

/** done and total in bytes of text unless said otherwise. */
export interface Progress {
  phase: 'fetch' | 'tokenize' | 'load' | 'compile' | 'evaluate' | 'export' | 'import';
  /** What is being worked on: a channel, a file. */
  item: string;
  done: number;
  total: number;
}
export type OnProgress = (progress: Progress) => void;

// ---------------------------------------------------------------- corpora
export interface CorpusRecord {
  id: string;
  /** Shown name; bundled corpora are translated by the page from `corpora.<id>`. */
  name: string;
  bundled: boolean;
  role: 'general' | 'domain';
  documents: { train: number; heldOut: number };
  bytes: { train: number; heldOut: number };
  licence: string;
  attribution: CorpusSource[];
  createdAt: number;
  /** What an import left out; absent on bundled corpora. */
  intake?: CorpusIntake;
}
export interface CorpusIntake {
  /** Documents that stood there before, word for word. */
  duplicates: number;
  /** Lines of .jsonl files that could not be used, and the first of them by name. */
  badLines: number;
  examples: { file: string; line: number; detail: string }[];
}
export interface CorpusSource {
  text: string;
  package: string;
  licence: string;
}
export interface CorpusApi {
  list(): Promise<CorpusRecord[]>;
  /** .txt, .md (blank lines part documents), .jsonl (`text` field). 10 % of documents become held-out text. */
  importFiles(files: File[], options: { name: string; role: 'general' | 'domain' }, onProgress: OnProgress): Promise<CorpusRecord>;
  /** First documents of a split, for a look. */
  sample(id: string, split: 'train' | 'heldOut', count: number): Promise<string[]>;
  remove(id: string): Promise<void>;
  cancel(): Promise<void>;
}

// ---------------------------------------------------------------- tokenizer
export interface TokenizedCorpus {
  corpus: string;
  tokens: { train: number; heldOut: number };
  bytes: { train: number; heldOut: number };
}
/** A tokenizer: the one of a model, or one that was trained or brought in by itself. */
export type TokenizerRef = { kind: 'model'; model: string } | { kind: 'tokenizer'; tokenizer: string };
export type TokenizerKind = 'BPE' | 'WordPiece' | 'Unigram';

export interface TokenizerRecord {
  id: string;
  name: string;
  kind: TokenizerKind;
  /** Ids that it can give: 0 … size − 1. */
  size: number;
  createdAt: number;
  /** What it was trained with; null when it was imported. */
  training: TokenizerTraining | null;
}
export interface TokenizerTraining {
  options: TokenizerTrainingOptions;
  /** UTF-8 bytes of text read, per channel in the order of the options. */
  bytes: number[];
  /** Wall milliseconds. */
  took: number;
}
export interface TokenizerTrainingOptions {
  kind: TokenizerKind;
  /** Weight 2 counts every word of the channel's training text twice; the largest is 1. */
  channels: { corpus: string; weight: number }[];
  vocabulary: number;
  minFrequency: number;
  specialTokens: string[];
  /** Characters that are in the vocabulary whether the text holds them or not; byte-level BPE: null for all 256 bytes. */
  initialAlphabet: string[] | null;
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
export interface TokenizedText {
  /** Of the first tokens, as many as were asked for. */
  spans: TokenSpan[];
  /** Of the whole text. */
  counts: TokenCounts;
}

export interface TokenizerApi {
  /** Makes sure the token shards of these corpora under this model's tokenizer are in OPFS. */
  prepare(model: string, corpora: string[], onProgress: OnProgress): Promise<TokenizedCorpus[]>;
  /** Cancels prepare, train, fertility and curves in progress. */
  cancel(): Promise<void>;
  encode(model: string, text: string): Promise<{ ids: number[]; tokens: string[] }>;
  decode(model: string, ids: number[]): Promise<string>;
  /** Trained and imported tokenizers, newest last. */
  list(): Promise<TokenizerRecord[]>;
  /** tokenizer.json, with tokenizer_config.json where there is one. */
  importTokenizer(files: File[], name: string): Promise<TokenizerRecord>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Zip of tokenizer.json and tokenizer_config.json, and training.json for a trained one; `AutoTokenizer` reads the folder. */
  exportTokenizer(ref: TokenizerRef): Promise<Blob>;
  /** @param most tokens of which spans are given */
  tokenize(ref: TokenizerRef, text: string, most: number): Promise<TokenizedText>;
}

// ---------------------------------------------------------------- models, runs: records and files
export interface ModelRecord {
  id: string;
  name: string;
  bundled: boolean;
  architecture: string;
  parameters: number;
  vocabulary: number;
  context: number;
  config: Record<string, unknown>;
  createdAt: number;
}
export interface LibraryApi {
  models(): Promise<ModelRecord[]>;
  /** A folder or loose files in Hugging Face layout: config.json, *.safetensors, tokenizer.json. */
  importModel(files: File[], name: string, onProgress: OnProgress): Promise<ModelRecord>;
  removeModel(id: string): Promise<void>;
  modelCard(id: string): Promise<string>;
  runs(): Promise<RunRecord[]>;
  run(id: string): Promise<RunRecord>;
  snapshot(id: string): Promise<RunSnapshot>;
  checkpoints(id: string): Promise<CheckpointRecord[]>;
  metrics(id: string): Promise<{ rows: MetricRow[]; evaluations: EvaluationRow[] }>;
  renameRun(id: string, name: string): Promise<void>;
  removeRun(id: string): Promise<void>;
  /** Zip in Hugging Face layout with recipe.json, metrics.csv and metrics.jsonl. */
  exportRun(id: string, step: number, dtype: 'F32' | 'F16' | 'BF16', onProgress: OnProgress): Promise<Blob>;
  storage(): Promise<{ used: number; quota: number }>;
}

// ---------------------------------------------------------------- trainer
/** A set of weights: a base model as it came, or a checkpoint of a run. */
export type WeightsRef = { kind: 'model'; model: string } | { kind: 'checkpoint'; run: string; step: number };

export interface Comparison {
  /** Per channel, the same held-out rows for both. */
  a: EvaluationRow;
  b: EvaluationRow;
}
export interface GenerateOptions {
  prompt: string;
  seed: number;
  temperature: number;
  topP: number;
  topK: number;
  maxTokens: number;
}
export interface TokenLoss {
  /** Text of the token as it stands in the input. */
  text: string;
  /** nats; null for the first token, which nothing predicts. */
  a: number | null;
  b: number | null;
}
export interface TrainerApi {
  open(options: { backend: BackendName | null; threads: number | null; requireHardware: boolean }): Promise<DeviceInfo>;
  /** Snapshots of the current run, at most 4 a second; one listener at a time. */
  listen(listener: (snapshot: RunSnapshot) => void): Promise<void>;
  /** Creates a run and trains; resolves when it is created. Throws `run-locked`, `channel-empty`, … before anything is written. */
  start(recipe: Recipe, name: string, onProgress: OnProgress): Promise<string>;
  /** Goes on from the last checkpoint of a stored run. */
  resume(run: string, onProgress: OnProgress): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** One step, then pause. */
  step(): Promise<void>;
  stop(): Promise<void>;
  /** Saves a checkpoint now. */
  save(): Promise<void>;
  change(settings: Partial<LiveSettings>): Promise<void>;
  /** Held-out evaluation of two sets of weights on the same rows; works while a run trains. */
  compare(
    a: WeightsRef,
    b: WeightsRef,
    corpora: { id: string; corpus: string; role: 'general' | 'domain' }[],
    rowsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<Comparison>;
  /** Streams text pieces; resolves with the whole continuation. */
  generate(weights: WeightsRef, options: GenerateOptions, onPiece: (piece: string) => void): Promise<string>;
  tokenLosses(a: WeightsRef, b: WeightsRef, text: string): Promise<TokenLoss[]>;
  /** Cancels compare, generate and tokenLosses in progress. */
  cancel(): Promise<void>;
  /** For tests and the memory read-out. */
  memory(): Promise<{ tensors: number; bytes: number }>;
}
