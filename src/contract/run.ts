/** Runs: the one that the trainer has now, and those that are stored. Both are read as a feed (core/run/feed.ts). */
import type { RunMessage } from '../core/run/feed';
import type { RunDocument } from '../core/run/run-file';
import type { CheckpointRecord, EvaluationRow, LiveSettings, MetricRow, RunLesson, RunRecord } from '../core/run/types';
import type { Recipe } from '../core/recipe/schema';
import type { TrackerFormat } from '../core/trackers/tracked-run';
import type { OnProgress } from './progress';

/** Number format of exported weights: in a safetensors file, or in a GGUF file; or the adapter of a run alone, in PEFT's format. */
export type ExportType = 'F32' | 'F16' | 'BF16' | 'GGUF-F16' | 'GGUF-Q8_0' | 'PEFT';

/** Of a run also its log alone, as files of a tracker. */
export type RunExportType = ExportType | TrackerFormat;

/** The current run, of which a trainer has at most one. Commands act between two steps; without a run they do nothing. */
export interface RunControls {
  /** The run so far in one message, then increments: at most 4 a second, and whenever the state changes. One listener at a time. */
  listen(listener: (message: RunMessage) => void): Promise<void>;
  /** Creates a run and trains; resolves when it is created. Throws `run-locked`, `channel-empty`, … before anything is written. */
  start(recipe: Recipe, name: string, onProgress: OnProgress, chain?: RunRecord['chain']): Promise<string>;
  /**
   * A new run that is another one up to a checkpoint of it, and goes on from there by a recipe of its own; resolves when it is created.
   * Throws `recipe-invalid` where the recipe changes what the checkpoint depends on, `checkpoint-missing`, …
   */
  fork(from: { run: string; step: number }, recipe: Recipe, name: string, onProgress: OnProgress): Promise<string>;
  /** Tokens per second in about half a second of the recipe; nothing of it is kept. Can be cancelled. Throws `run-locked`, `cancelled`, as `start`. */
  measureSpeed(recipe: Recipe, onProgress: OnProgress): Promise<number>;
  /** Goes on from the last checkpoint of a stored run. */
  resume(run: string, onProgress: OnProgress): Promise<void>;
  /**
   * Gives an ended run more steps: it goes on from a checkpoint, with the schedule of the longer run. What came after the checkpoint is dropped.
   * @param steps all steps of the run @param from step of the checkpoint. Throws `recipe-invalid`, `checkpoint-missing`
   */
  extend(run: string, steps: number, from: number, onProgress: OnProgress): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** One step, then pause. */
  step(): Promise<void>;
  /** Ends the run with a last checkpoint; resolves when it has ended. */
  stop(): Promise<void>;
  /** Saves a checkpoint now, by default with the optimizer's moments. Throws `quota`. */
  save(moments?: boolean): Promise<void>;
  /** Takes effect before the next step. Throws `recipe-invalid`, `channel-empty`; `run-locked` while a sweep trains in this tab. */
  change(settings: Partial<LiveSettings>): Promise<void>;
}

/** Runs as they are on the disk. All but `runs` throw `run-missing`. */
export interface StoredRuns {
  /** Newest first. */
  runs(): Promise<RunRecord[]>;
  run(id: string): Promise<RunRecord>;
  /** The whole run in one message, as the trainer sends it to a new listener. */
  feed(id: string): Promise<RunMessage>;
  /** In the order of their steps. */
  checkpoints(id: string): Promise<CheckpointRecord[]>;
  /** Every logged window and evaluation, not thinned. */
  metrics(id: string): Promise<{ rows: MetricRow[]; evaluations: EvaluationRow[] }>;
  /**
   * Logs of training elsewhere as runs without checkpoints, one or more a file. TensorBoard's event files of one folder are one run.
   * Throws `tracker-unknown`, `tracker-damaged`, `file-too-large`, `quota`; nothing is kept then.
   */
  importLogs(files: { file: File; path: string }[]): Promise<RunRecord[]>;
  /** The run that an address holds (core/run/run-file.ts), as one trained elsewhere; the same one again where it was opened before. */
  importLink(link: string): Promise<RunRecord>;
  /** A run with its whole history, to be written as a file or an address. */
  runDocument(id: string): Promise<RunDocument>;
  /** Keeps with a run the lesson it is trained in. */
  keepLesson(id: string, lesson: RunLesson): Promise<void>;
  /** What the compare page measured of weights, as text under their names; kept as long as the run. Throws `quota`. */
  keepMeasures(id: string, name: string, text: string): Promise<void>;
  /** Null where nothing was kept under the name. */
  keptMeasures(id: string, name: string): Promise<string | null>;
  renameRun(id: string, name: string): Promise<void>;
  /** With its history and checkpoints. Throws `run-locked` while a tab trains it. */
  removeRun(id: string): Promise<void>;
  /**
   * Zip in Hugging Face layout with recipe.json, metrics.csv and metrics.jsonl; or a tracker's files of the whole run.
   * @param average of the weights, in their place
   */
  exportRun(id: string, step: number, dtype: RunExportType, onProgress: OnProgress, average?: boolean): Promise<Blob>;
  /** The same files in a new folder inside one that the person chose; resolves with the new folder's name. */
  exportRunToFolder(
    id: string,
    step: number,
    dtype: RunExportType,
    folder: FileSystemDirectoryHandle,
    name: string,
    onProgress: OnProgress,
    average?: boolean,
  ): Promise<string>;
}
