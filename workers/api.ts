/** The contract between pages and workers: types only. `src/lab` wraps each API in a typed client. */
import type { MixtureMeasure } from '../src/core/metrics/channel-measure';
import type { MemorisationMeasure } from '../src/core/metrics/memorisation';
import type { DeviceMemory } from '../src/core/model/memory';
import type { ProbeMeasure } from '../src/core/metrics/probe-measure';
import type { TermLoss } from '../src/core/metrics/term-measure';
import type { BadProbeLine, Probe } from '../src/core/probes/probe';
import type { ProbeScore } from '../src/core/probes/score';
import type { EvaluationRow, CheckpointRecord, LiveSettings, MetricRow, RunRecord, RunSnapshot } from '../src/core/run/types';
import type { RowQuery, RowVerdict } from '../src/core/corpus/ledger';
import type { PipelineReport } from '../src/core/corpus/report';
import type { PipelineSettingsInput } from '../src/core/corpus/settings';
import type { ErrorRecord } from '../src/core/errors';
import type { PipelineProgress } from './corpus/pipeline/contract';
import type { Recipe } from '../src/core/recipe/schema';
import type { TrainOptions, TrainProgress, TrainReport } from './tokenizer/train/types';

export type { TrainOptions, TrainProgress, TrainReport };

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
  memory: DeviceMemory;
}

/** done and total in bytes of text unless said otherwise. */
export interface Progress {
  phase: 'fetch' | 'tokenize' | 'load' | 'compile' | 'evaluate' | 'export' | 'import' | 'count' | 'learn';
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
  /** The workshop's channel that it was prepared from, and that channel's colour token; absent on others. */
  channel?: string;
  colour?: string;
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
// ---------------------------------------------------------------- corpora: files of a person
/** `code` is one document a file, whatever is in it. */
export type FileKind = 'text' | 'markdown' | 'json-lines' | 'json' | 'csv' | 'tsv' | 'parquet' | 'html' | 'code' | 'zip';
export type TextEncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030';
/** Where a plain text's documents end. */
export type Parting = 'blank-lines' | 'lines' | 'whole-file';

/** A file as it was dropped or picked. */
export interface IntakeFile {
  file: File;
  /** Path inside a dropped folder ("notes/a.txt"), else the file's name: shown, and what a resumed take-in knows it by. */
  path: string;
  /** Where the browser gives one; an interrupted take-in can then go on without the files being dropped again. */
  handle?: FileSystemFileHandle;
}

export interface InspectedColumn {
  name: string;
  /** First values, shortened. */
  values: string[];
  /** False where the values are numbers, lists or objects, which cannot be the text. */
  text: boolean;
}

/** What the beginning of a file tells; nothing is stored. */
export interface InspectedFile {
  path: string;
  bytes: number;
  /** Null: no kind that can be read; a take-in leaves the file out. */
  kind: FileKind | null;
  /** Null where bytes are no text (parquet, zip). */
  encoding: TextEncodingName | null;
  /** Of json-lines, json, csv, tsv and parquet; a zip shows those of its first such file. */
  columns: InspectedColumn[];
  /** Guesses: the column with the text, and the one that tells the channel. */
  textField: string | null;
  channelField: string | null;
  /** Guess, for plain text. */
  parting: Parting;
  /** First documents under these guesses, shortened. */
  preview: string[];
  /** What a zip holds. */
  inside: { files: number; bytes: number; kinds: Partial<Record<FileKind, number>> } | null;
  /** Why a take-in would leave the file out; the reading itself may find more. */
  problem: ErrorRecord | null;
}

/** The person's choice for a file; what is absent is guessed as `inspect` does. */
export interface FileChoice {
  encoding?: TextEncodingName;
  textField?: string;
  /** Rows go into the channel with this column's value as its name, which is made where there is none. Null: all into one. */
  channelField?: string | null;
  parting?: Parting;
}

export interface IntakeOptions {
  /** Workshop channel for all rows without a channel of their own. */
  channel: string;
  /** `held-out`: the rows are given evaluation text and never trained on. */
  use: 'split' | 'held-out';
  /** For every file, and by path where a file differs. */
  choice: FileChoice;
  choices: Record<string, FileChoice>;
}

/** done, total: bytes of the files as they lie. */
export interface IntakeProgress {
  path: string;
  /** From 1. */
  file: number;
  files: number;
  done: number;
  total: number;
  rows: number;
  badRows: number;
  bytesPerSecond: number;
}

/** `json`: not JSON; `field`: no text in the text field; `empty`: nothing but white space; `too-long`: over 16 MiB; `columns`: a torn row. */
export type BadRowReason = 'json' | 'field' | 'empty' | 'too-long' | 'columns';
export interface BadRow {
  path: string;
  /** Line of the file from 1, or row where a file has no lines (parquet, json). */
  line: number;
  reason: BadRowReason;
  /** The parser's own words, or the start of what was found. */
  detail: string;
}
/** `kind`: no kind that can be read; `name`: a path that leads out of its archive; `nested`: an archive too deep inside others. */
export type SkipReason = 'kind' | 'empty' | 'no-text' | 'binary' | 'encrypted' | 'name' | 'nested' | 'unreadable' | 'no-field';
export interface SkippedFile {
  path: string;
  reason: SkipReason;
  detail: string;
}
/** What a take-in left out: counts, and the first ones by name. */
export interface IntakeFindings {
  badRows: number;
  badExamples: BadRow[];
  skipped: number;
  skippedExamples: SkippedFile[];
  /** Places that could not be decoded and read U+FFFD now. */
  undecodable: number;
}

// ---------------------------------------------------------------- corpora: the workshop
export interface WorkshopChannel {
  id: string;
  name: string;
  /** Name of a colour token: `zh`, `en`, `code`, `domain`, `domain-legal`, `extra-0` … `extra-3`. */
  colour: string;
  role: 'general' | 'domain';
  /** Language that its rows should have: ISO 639-1, or `code`; null where any will do. */
  language: string | null;
  createdAt: number;
  /** The corpus made from it, usable on the desk, and the preparation that made it; null before the pipeline ran. */
  corpus: string | null;
  preparation: string | null;
}
/** What a person sets. */
export type ChannelSettings = Pick<WorkshopChannel, 'name' | 'colour' | 'role' | 'language'>;

export interface SourceRecord {
  id: string;
  channel: string;
  name: string;
  /** Files of a person whose rows are stored, or a corpus of the desk (bundled or of an earlier version) read where it lies. */
  origin:
    | { kind: 'files'; files: { path: string; bytes: number; kind: FileKind; encoding: TextEncodingName | null }[] }
    | { kind: 'corpus'; corpus: string };
  use: 'split' | 'held-out';
  rows: number;
  /** UTF-8 of the text. */
  bytes: number;
  findings: IntakeFindings;
  createdAt: number;
}

/** A raw row. */
export interface SourceRow {
  /** From 0 in its source. */
  index: number;
  text: string;
  path: string;
  /** Line or row of the file, from 1; 0 in corpora. */
  line: number;
}

/** A take-in that a reload or a crash cut off. */
export interface InterruptedIntake {
  id: string;
  channel: string;
  startedAt: number;
  /** Rows safely stored. */
  rows: number;
  /** `partial`: stored up to `done` bytes (0 where the format has no such place: it is read again from its start). */
  files: { path: string; bytes: number; state: 'done' | 'partial' | 'missing'; done: number }[];
  /** Of every file that is not done: none of them needs to be dropped again, once reading is allowed. Empty else. */
  handles: FileSystemFileHandle[];
}

// ---------------------------------------------------------------- corpora: the pipeline
export interface PrepareRequest {
  /** Channels that take part: duplicates are looked for across them, and general text is sized by the domain's. */
  channels: string[];
  settings: PipelineSettingsInput;
  /** Probe sets in JSON Lines (METHOD 9) that no training row may overlap with. The bundled sets always count. */
  probes: { name: string; content: string }[];
}
export interface PreparationRecord {
  id: string;
  createdAt: number;
  /** In the order of the request, with the corpus made of each and the numbers of its rows. */
  channels: {
    id: string;
    name: string;
    /** Null when nothing was kept to train on or to measure by; the channel keeps its former corpus then. */
    corpus: string | null;
    firstRow: number;
    rows: number;
  }[];
  report: PipelineReport;
  /** Lines of the given probe sets that could not be used. */
  badProbes: { name: string; line: number; reason: string }[];
}
/** A raw row with all that was measured and decided. */
export interface PreparedRow {
  verdict: RowVerdict;
  /** The raw text, shortened in lists; null when its source was removed since. */
  text: string | null;
  source: string;
  line: number;
}

export interface ExportRequest {
  corpora: string[];
  format: 'jsonl' | 'parquet';
  splits: ('train' | 'heldOut')[];
  /** A file for each split with all corpora in it, or one for each corpus and split. */
  parts: 'one' | 'each';
}
/** Lies in OPFS for an hour at least; the Blob reads it from there. */
export interface ExportedFile {
  name: string;
  blob: Blob;
  rows: number;
}

export interface CorpusApi {
  list(): Promise<CorpusRecord[]>;
  /** .txt, .md (blank lines part documents), .jsonl (`text` field). 10 % of documents become held-out text. */
  importFiles(files: File[], options: { name: string; role: 'general' | 'domain' }, onProgress: OnProgress): Promise<CorpusRecord>;
  /** First documents of a split, for a look. */
  sample(id: string, split: 'train' | 'heldOut', count: number): Promise<string[]>;
  remove(id: string): Promise<void>;
  /** Cancels importFiles, takeIn, resumeIntake, prepare and exportCorpora in progress; none leaves anything half. */
  cancel(): Promise<void>;

  /** Reads the beginning of each file only; of many of one kind the first 50 are opened, the rest known by name and size. */
  inspect(files: IntakeFile[]): Promise<InspectedFile[]>;
  /**
   * Stores the rows of the files as sources, one for each channel that they go to. Memory stays flat, whatever the files' size.
   * Throws `folder-empty`, `text-empty`, `file-unsupported`, `file-binary`, `field-missing`, `archive-*`, `parquet-invalid`, `quota`,
   * `cancelled`; then nothing of it is kept.
   */
  takeIn(files: IntakeFile[], options: IntakeOptions, onProgress: (progress: IntakeProgress) => void): Promise<SourceRecord[]>;
  interruptedIntakes(): Promise<InterruptedIntake[]>;
  /**
   * Goes on where an interrupted take-in stopped. `files`: those dropped again, or none where it has handles that may be read.
   * Throws `intake-files` naming a file that is missing or has changed; what was stored stays.
   */
  resumeIntake(id: string, files: IntakeFile[], onProgress: (progress: IntakeProgress) => void): Promise<SourceRecord[]>;
  /** Makes sources of the rows that were stored before the interruption. */
  keepIntake(id: string): Promise<SourceRecord[]>;
  discardIntake(id: string): Promise<void>;

  channels(): Promise<WorkshopChannel[]>;
  createChannel(channel: ChannelSettings): Promise<WorkshopChannel>;
  changeChannel(id: string, change: Partial<ChannelSettings>): Promise<WorkshopChannel>;
  /** With its sources and its prepared corpus. */
  removeChannel(id: string): Promise<void>;
  sources(): Promise<SourceRecord[]>;
  /** A corpus of the desk as a source: a starter channel can be put through the pipeline. */
  addCorpusSource(corpus: string, channel: string): Promise<SourceRecord>;
  moveSource(id: string, channel: string): Promise<SourceRecord>;
  removeSource(id: string): Promise<void>;
  sourceRows(id: string, start: number, count: number): Promise<SourceRow[]>;

  /**
   * Runs the pipeline over all rows of the channels. What it keeps becomes the channels' corpora, all at once when it is complete;
   * until then, and when it fails, those of the last preparation stay. `documentLoss` gives the base's loss of each text, in nats per
   * token, for an order by difficulty. Throws `text-empty` naming a channel without rows.
   */
  prepare(
    request: PrepareRequest,
    onProgress: (progress: PipelineProgress) => void,
    documentLoss?: (texts: string[]) => Promise<number[]>,
  ): Promise<PreparationRecord>;
  /** Those that a channel's corpus comes from, newest last. */
  preparations(): Promise<PreparationRecord[]>;
  /** Rows behind a count, a reason or a bar, `count` from the `start`-th on. */
  preparedRows(preparation: string, query: RowQuery, start: number, count: number): Promise<{ total: number; rows: PreparedRow[] }>;
  /** One row with its whole text. */
  preparedRow(preparation: string, row: number): Promise<PreparedRow>;

  /** JSON Lines with `text`, `channel`, `source`, `score` (null where no score is known), or parquet with these columns. */
  exportCorpora(request: ExportRequest, onProgress: OnProgress): Promise<ExportedFile[]>;
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
export interface TokenizedText {
  /** Of the first tokens, as many as were asked for. */
  spans: TokenSpan[];
  /** Of the whole text. */
  counts: TokenCounts;
}

/** How a tokenizer fits a channel: counts over a sample of its held-out documents. */
export interface ChannelFertility {
  corpus: string;
  documents: number;
  counts: TokenCounts;
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
export type GrowthSource =
  /** Each term as one token. */
  | { kind: 'terms'; terms: string[] }
  /** The most frequent Chinese characters of these corpora's training text that are several tokens yet. */
  | { kind: 'characters'; corpora: string[]; most: number }
  /** So many more merges, learnt on channels. */
  | { kind: 'merges'; channels: TokenizerChannel[]; merges: number }
  /** Another tokenizer altogether in the place of the model's own. */
  | { kind: 'adopt'; tokenizer: TokenizerRef };

export interface GrowthPlan {
  /** Asked for, and one token already. */
  known: string[];
  /** What becomes one token: how many it takes now, and how often it stands in the text where that was counted. */
  added: { text: string; tokens: number; count: number | null }[];
  /** Ids before and after. More may be added than texts: pieces on the way to them are rows as well. */
  before: number;
  after: number;
}

export interface TokenizerApi {
  /** Makes sure the token shards of these corpora under this model's tokenizer are in OPFS. */
  prepare(model: string, corpora: string[], onProgress: OnProgress): Promise<TokenizedCorpus[]>;
  /** Cancels all preparing (the default), or all of train, planGrowth and grow. */
  cancel(work?: 'prepare' | 'train'): Promise<void>;
  encode(model: string, text: string): Promise<{ ids: number[]; tokens: string[] }>;
  decode(model: string, ids: number[]): Promise<string>;
  /** Trained and imported tokenizers, newest last. */
  list(): Promise<TokenizerRecord[]>;
  /** tokenizer.json, with tokenizer_config.json where there is one. */
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
  exportTokenizer(ref: TokenizerRef): Promise<Blob>;
  /** @param most tokens of which spans are given */
  tokenize(ref: TokenizerRef, text: string, most: number): Promise<TokenizedText>;
  /** @param sampleBytes UTF-8 bytes of held-out text per channel, in whole documents evenly spread */
  fertility(ref: TokenizerRef, corpora: string[], terms: string[], sampleBytes: number): Promise<FertilityReport>;
  /** Fertility after fewer merges, smallest vocabulary first; for kinds without merges the one point that there is. */
  fertilityCurve(ref: TokenizerRef, corpora: string[], sampleBytes: number): Promise<FertilityPoint[]>;
  /** What growing would add; nothing is made. Throws `tokenizer-options` for a tokenizer that cannot grow. */
  planGrowth(model: string, source: GrowthSource, onProgress: (progress: TrainProgress) => void): Promise<GrowthPlan>;
  /** A new model with the larger vocabulary, new rows the mean of the old pieces' rows. */
  grow(model: string, source: GrowthSource, name: string, onProgress: OnProgress): Promise<ModelRecord>;
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
/** A person's own questions, taken in from JSON Lines. */
export interface OwnProbeSet {
  id: string;
  /** The file's name without its ending. */
  name: string;
  createdAt: number;
  /** Usable items. */
  items: number;
  /** Lines that could not be used, and the first of them by number and fault. */
  badLines: number;
  bad: BadProbeLine[];
}
export interface LibraryApi {
  models(): Promise<ModelRecord[]>;
  /** A folder, loose files or one zip in Hugging Face layout: config.json, *.safetensors, tokenizer.json. Bytes of weights. */
  importModel(files: File[], name: string, onProgress: OnProgress): Promise<ModelRecord>;
  /** What `HubApi.download` put on the disk under this id. */
  importDownload(id: string, name: string, onProgress: OnProgress): Promise<ModelRecord>;
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
  /** The same files in a new folder inside one that the person chose; resolves with the new folder's name. */
  exportRunToFolder(
    id: string,
    step: number,
    dtype: 'F32' | 'F16' | 'BF16',
    folder: FileSystemDirectoryHandle,
    name: string,
    onProgress: OnProgress,
  ): Promise<string>;
  /** Cancels all imports or all exports under way: they reject with `cancelled` and leave nothing behind. */
  cancel(work: 'import' | 'export'): Promise<void>;
  storage(): Promise<{ used: number; quota: number }>;
  /** Oldest first. */
  probeSets(): Promise<OwnProbeSet[]>;
  probesOf(set: string): Promise<Probe[]>;
  /** JSON Lines in UTF-8. A set without a usable item is told and not kept. Throws `file-unsupported`, `file-too-large`, `quota`. */
  takeInProbes(file: File): Promise<OwnProbeSet>;
  removeProbeSet(set: string): Promise<void>;
}

// ---------------------------------------------------------------- the Hugging Face Hub or a mirror
export interface HubSource {
  /** Origin of the Hub or a mirror: "https://huggingface.co". */
  address: string;
  /** "owner/name" */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Sent to the address's own origin only, and never stored. */
  token: string | null;
}
export interface HubFile {
  path: string;
  bytes: number;
}
/** The only worker that may reach another origin; nothing is asked of it before the person has said yes to the host. */
export interface HubApi {
  /** The files of a model that the studio needs. Throws `hub-*`, `file-missing`. */
  list(source: HubSource): Promise<HubFile[]>;
  /** Downloads into storage, in bytes; resolves with the id under which `LibraryApi.importDownload` finds it. */
  download(source: HubSource, files: HubFile[], onProgress: OnProgress): Promise<string>;
  /** Takes a download away, after its import or instead of it. */
  discard(id: string): Promise<void>;
  cancel(): Promise<void>;
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
// ---------------------------------------------------------------- evaluation
export interface MeasuredChannel {
  id: string;
  corpus: string;
  role: 'general' | 'domain';
}
/** A place where a domain term stands, with what each set of weights made of it. */
export interface TermPassage {
  before: string;
  term: string;
  after: string;
  /** nats per token of the term, by model. */
  loss: number[];
}
export interface TermsMeasure {
  /** Over all terms; null when none was found. */
  overall: TermLoss | null;
  /** Most frequent first. */
  terms: (TermLoss & { passages: TermPassage[] })[];
  documents: number;
}
export interface ChannelMemorisation {
  id: string;
  measure: MemorisationMeasure;
}
export interface AttentionView {
  /** Text of each token. */
  tokens: string[];
  /** [model][layer]: weights are [heads · tokens · tokens]. */
  models: { heads: number; weights: Float32Array }[][];
  /** [model][layer]: KL(model ‖ base) in nats, mean over heads and queries; 0 for the base. */
  divergence: number[][];
}
export interface WeightChange {
  /** Parameter by Hugging Face's name. */
  name: string;
  /** Index of its block; null outside the blocks. */
  layer: number | null;
  parameters: number;
  /** ‖tuned − base‖₂ and ‖base‖₂. */
  change: number;
  size: number;
}
export type NoiseKind = 'characters' | 'deletion' | 'synonym';
export interface RobustnessCurve {
  kind: NoiseKind;
  /** Share of characters or words that are changed. */
  levels: number[];
  /** [model][level]: bits per byte of the changed text. */
  bitsPerByte: number[][];
}
/**
 * Measures of several sets of weights, the first of them the base that the others are held against. Nothing is trained: weights
 * are the same before and after. All throw `cancelled` after `TrainerApi.cancel`.
 */
export interface EvaluationApi {
  /** Held-out text document by document, the same documents for all, with 95 % intervals. */
  measureChannels(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<MixtureMeasure>;
  /** Loss inside terms in the held-out text of these channels. */
  measureTerms(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    terms: string[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<TermsMeasure>;
  /** `scores[model][probe]`, in the probes' order. */
  measureProbes(weights: WeightsRef[], probes: Probe[], onProgress: OnProgress): Promise<{ scores: ProbeScore[][]; measure: ProbeMeasure }>;
  /** Text that the run's checkpoint has seen against held-out text of the same channels. */
  measureMemorisation(
    base: WeightsRef,
    run: string,
    step: number,
    rowsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<ChannelMemorisation[]>;
  /** Held-out text with rising noise. */
  measureRobustness(
    weights: WeightsRef[],
    channels: MeasuredChannel[],
    documentsPerChannel: number,
    onProgress: OnProgress,
  ): Promise<RobustnessCurve[]>;
  /** At most 128 tokens of the text. Throws `config-unsupported` when the models' layers or heads differ. */
  attention(weights: WeightsRef[], text: string): Promise<AttentionView>;
  /** Throws `tensor-shape` when the two are not of one shape. */
  weightChanges(base: WeightsRef, tuned: WeightsRef): Promise<WeightChange[]>;
}

export interface TrainerApi extends EvaluationApi {
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
