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
export interface TokenizerApi {
  /** Makes sure the token shards of these corpora under this model's tokenizer are in OPFS. */
  prepare(model: string, corpora: string[], onProgress: OnProgress): Promise<TokenizedCorpus[]>;
  cancel(): Promise<void>;
  encode(model: string, text: string): Promise<{ ids: number[]; tokens: string[] }>;
  decode(model: string, ids: number[]): Promise<string>;
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
