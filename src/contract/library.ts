import type { ModelConfig } from '../core/model/config';
import type { DeviceMemory, RunDemand } from '../core/model/memory';
import type { ModelNotice } from '../core/model/notices';
import type { BadProbeLine, Probe, ProbeOffers, ProbeReading } from '../core/probes/probe';
import type { Recipe } from '../core/recipe/schema';
import type { MergeRef } from './evaluation';
import type { FollowedRuns } from './follow';
import type { OnProgress } from './progress';
import type { ExportType, StoredRuns } from './run';
import type { StoredSweeps } from './sweep';
// ---------------------------------------------------------------- models, runs: records and files
export interface ModelRecord {
  id: string;
  name: string;
  bundled: boolean;
  architecture: string;
  parameters: number;
  vocabulary: number;
  context: number;
  /** config.json as it is. */
  config: Record<string, unknown>;
  /** What the engine reads of it; null for a record of another version's making that it would refuse. */
  shape: ModelConfig | null;
  /** What its import told; absent where there was nothing to tell. */
  notices?: ModelNotice[];
  /** Where it is the weights of a run at a step; SHA-256 of the checkpoint's weight file, or of the first of them. */
  keptFrom?: { run: string; step: number; sha256: string };
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
  /** What another reading of the file would give; absent in sets of former versions. */
  offers?: ProbeOffers;
}

/** How the learning rate goes on: as the recipe has it, down to 0 from now, or as it is. */
export type LookAheadKind = 'as-planned' | 'decay-now' | 'hold';

export interface LookAheadChannel {
  channel: string;
  /** Held-out losses so far. */
  curve: { step: number; loss: number }[];
  /** Why nothing is said of it. */
  refusal: { code: string; values: Record<string, number> } | null;
  /** Held-out loss ahead with its 95 % interval; null for a way of which the run so far tells nothing. */
  ways: Record<LookAheadKind, { step: number; loss: number; low: number | null; high: number | null }[] | null> | null;
}

/** What was said of the plan, against what was then measured. */
export interface LookAheadScore {
  count: number;
  /** Of these, measured within the interval. */
  within: number;
  /** Mean distance, nats; null without any. */
  error: number | null;
}

export interface LookAhead {
  /** The last evaluation, from which it looks. */
  step: number;
  steps: number;
  channels: LookAheadChannel[];
  score: LookAheadScore;
}

export interface LibraryApi extends StoredRuns, StoredSweeps, FollowedRuns {
  /** The run's held-out curves ahead of it; what is said of its plan is kept with the run. @param more steps of the ways that are no plan */
  lookAhead(run: string, more: number): Promise<LookAhead>;
  models(): Promise<ModelRecord[]>;
  /** What a run of the recipe on a model of this shape takes. @param device null where none is open @param teacher of the recipe, where it names one */
  demand(shape: ModelConfig, recipe: Recipe, device: DeviceMemory | null, teacher: ModelConfig | null): Promise<RunDemand>;
  /** A folder, loose files or one zip in Hugging Face layout: config.json, *.safetensors, tokenizer.json. Bytes of weights. */
  importModel(files: File[], name: string, onProgress: OnProgress): Promise<ModelRecord>;
  /**
   * Weights of a run that was trained elsewhere, at a step, as a model that says so; files as for `importModel`. Without config.json those of the
   * run's base are taken. Throws as `importModel`, `run-missing`.
   */
  importRunWeights(run: string, step: number, files: File[], name: string, onProgress: OnProgress): Promise<ModelRecord>;
  /** What `HubApi.download` put on the disk under this id. */
  importDownload(id: string, name: string, onProgress: OnProgress): Promise<ModelRecord>;
  /** Throws `file-missing` for a bundled model, or when there is none. */
  renameModel(id: string, name: string): Promise<void>;
  /**
   * A new model of the merge's weights, in float32, with the base's config and tokenizer; its README.md says what it was made of.
   * @param factors one for each tuned model
   * Throws `tensor-shape`, `quota`, `cancelled`.
   */
  keepMerge(merge: MergeRef, factors: number[], name: string, onProgress: OnProgress): Promise<ModelRecord>;
  /**
   * A model of a run's weights at a checkpoint, as they are (an adapter merged into them), in float32; the same one where it was kept before.
   * Throws `run-missing`, `checkpoint-missing`, `quota`, `cancelled`.
   */
  keepRun(run: string, step: number, name: string, onProgress: OnProgress): Promise<ModelRecord>;
  removeModel(id: string): Promise<void>;
  /** Zip in Hugging Face layout, of bundled models too. Throws `tensor-beyond-f16`, `zip-too-large`, `cancelled`. */
  exportModel(id: string, dtype: ExportType, onProgress: OnProgress): Promise<Blob>;
  /** The same files in a new folder inside one that the person chose; resolves with the new folder's name. */
  exportModelToFolder(
    id: string,
    dtype: ExportType,
    folder: FileSystemDirectoryHandle,
    name: string,
    onProgress: OnProgress,
  ): Promise<string>;
  modelCard(id: string): Promise<string>;
  /** Jinja, of every model that comes with one. */
  chatTemplates(): Promise<{ model: string; name: string; template: string }[]>;
  /** Cancels what is under way of one kind, `download` being the import of one: it rejects with `cancelled` and leaves nothing behind. */
  cancel(work: 'import' | 'download' | 'export'): Promise<void>;
  storage(): Promise<{ used: number; quota: number }>;
  /** Periodic and pause checkpoints of all runs but the newest of each: what can be freed without losing a run's end. */
  oldCheckpoints(): Promise<{ count: number; bytes: number }>;
  removeOldCheckpoints(): Promise<void>;
  /** An id that lies beside what is kept, made where `create`; null where nothing was kept, or it is gone. Throws `storage-blocked`. */
  storageMark(create: boolean): Promise<string | null>;
  /** Oldest first. */
  probeSets(): Promise<OwnProbeSet[]>;
  probesOf(set: string): Promise<Probe[]>;
  /** JSON Lines in UTF-8. A set without a usable item is told and not kept. Throws `file-unsupported`, `file-too-large`, `quota`. */
  takeInProbes(file: File, reading?: ProbeReading): Promise<OwnProbeSet>;
  removeProbeSet(set: string): Promise<void>;
}
