/** What can be read off a run's record and its checkpoints: whether it can go on, what it holds on the disk, where it is compared, its row in a table. */
import type { RunExportType } from '../contract/run';
import { isTrackerFormat } from '../core/trackers/tracked-run';
import { StudioError } from '../core/errors';
import { plainFileName } from '../core/text/file-name';
import type { SweepResult } from '../core/sweep/record';
import { filteredRows, sweepColumns, type Column, type ColumnRun } from '../core/sweep/columns';
import { isActive, type CheckpointRecord, type EvaluationRow, type RunRecord } from '../core/run/types';

/** Can go on from its last checkpoint: it ended before its budget, and something was kept. */
export function isResumable(run: RunRecord, checkpoints: readonly CheckpointRecord[] | undefined): boolean {
  return (
    !run.imported &&
    !isActive(run.state) &&
    run.state !== 'finished' &&
    (checkpoints?.length ?? 0) > 0 &&
    run.step < run.recipe.budget.steps
  );
}

/** Can be given more steps: it has ended by its budget, and something was kept. */
export function isExtendable(run: RunRecord, checkpoints: readonly CheckpointRecord[]): boolean {
  return !run.imported && !isActive(run.state) && run.step >= run.recipe.budget.steps && checkpoints.length > 0;
}

export interface DiskUse {
  run: RunRecord;
  checkpoints: number;
  bytes: number;
}

/** What the checkpoints of each run hold, largest first. */
export function diskUse(runs: readonly RunRecord[], checkpoints: ReadonlyMap<string, CheckpointRecord[]>): DiskUse[] {
  return runs
    .map((run) => {
      const saved = checkpoints.get(run.id) ?? [];
      return { run, checkpoints: saved.length, bytes: saved.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0) };
    })
    .sort((one, other) => other.bytes - one.bytes);
}

/** The compare page's address: the run's base against a checkpoint of it. */
export function comparePath(run: RunRecord, step: number): string {
  return `/compare?a=model:${encodeURIComponent(run.recipe.base)}&b=run:${encodeURIComponent(run.id)}@${step}`;
}

/** A file name without its ending that every file system takes. */
export function exportName(run: string, step: number, type: RunExportType, average = false): string {
  return `${plainFileName(run, 'run')}-${isTrackerFormat(type) ? type : `step-${step}${average ? '-average' : ''}`}`;
}

/** Which runs are listed. */
export interface RunFilter {
  /** Words, `#tag`, or a comparison of a column: "retention>0.95". All of them are asked for. */
  text: string;
  starred: boolean;
  /** Those in the archive too. */
  archived: boolean;
}

export const EVERY_RUN: RunFilter = { text: '', starred: false, archived: false };

/** What was read of a run's history for the table. */
export interface Outcome {
  result: SweepResult | null;
  base: Record<string, number> | null;
}

const lossesOf = (evaluation: EvaluationRow | null) =>
  Object.fromEntries(Object.entries(evaluation?.channels ?? {}).map(([id, { loss }]) => [id, loss]));

/** A run as a row; before its history was read, with the losses that its record has. */
function columnRun(run: RunRecord, outcome: Outcome | undefined): ColumnRun {
  const { recipe, state, base, latest, step, tokens, device, imported } = run;
  const known = { steps: step, tokens, losses: lossesOf(latest), heldOut: {}, train: {}, seconds: 0, device };
  return {
    // The recipe of a log from elsewhere is made up: it has the channels, and no setting that was ever used.
    recipe: imported ? null : recipe,
    setting: {},
    seed: recipe.seed,
    state,
    measured: null,
    result: outcome?.result ?? known,
    base: outcome?.base ?? lossesOf(base),
  };
}

/** The columns of a table of runs, the library's own before those that sweeps have. @param step at which losses are read beside their end */
export function runColumns(runs: readonly RunRecord[], outcomes: ReadonlyMap<string, Outcome>, step: number | null): Column[] {
  const channels = new Map(runs.flatMap(({ recipe }) => recipe.channels.map((channel) => [channel.id, channel] as const)));
  const columns = sweepColumns(
    { runs: runs.map((run) => columnRun(run, outcomes.get(run.id))), channels: [...channels.values()], base: {} },
    step,
  );
  const own: Column[] = [
    {
      id: 'began',
      subject: { kind: 'began' },
      unit: 'date',
      type: 'number',
      differs: true,
      values: runs.map(({ createdAt }) => createdAt),
    },
  ];
  const tags = runs.map((run) => run.tags?.join(', ') || null);
  if (tags.some((tag) => tag !== null))
    own.push({ id: 'tags', subject: { kind: 'tags' }, unit: 'plain', type: 'category', differs: true, values: tags });
  return [...own, ...columns];
}

const NOTHING: ReadonlyMap<string, Outcome> = new Map();

/** The runs that a person's filter lets through. @param wordsOf what else of a run can be looked for: its preset's title, its state */
export function listedRuns(
  runs: readonly RunRecord[],
  { text, starred, archived }: RunFilter,
  wordsOf: (run: RunRecord) => string,
): RunRecord[] {
  const kept = runs.filter((run) => (archived || !run.archived) && (!starred || run.starred));
  if (text.trim() === '') return kept;
  // Columns are laid out only for a comparison.
  const columns = /[<>=]/.test(text) ? runColumns(kept, NOTHING, null) : [];
  const shown = (at: number) => {
    const run = kept[at]!;
    return [run.name, run.note ?? '', ...(run.tags ?? []).map((tag) => `#${tag}`), wordsOf(run)].join('\n');
  };
  return filteredRows(
    kept.map((_, at) => at),
    columns,
    text,
    shown,
  ).map((at) => kept[at]!);
}

/** What a model consists of; the optimizer's state and random states beside it are left. */
const TAKEN =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|adapter_config)\.json$|\.safetensors(\.index\.json)?$|^pytorch_model.*\.bin$|\.(gguf|zip|jinja|md)$|^(vocab\.json|merges\.txt)$/;
/** Parts of a checkpoint by process, and what joins them. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/\.distcp$/, 'accelerate merge-weights pytorch_model_fsdp_0 merged'],
  [/^(bf16_)?zero_pp_rank_.*\.pt$/, 'python zero_to_fp32.py . merged'],
];

/** @throws StudioError `weights-sharded`, `file-missing` */
export function weightFiles<File extends { name: string }>(files: readonly File[]): File[] {
  const taken = files.filter(({ name }) => TAKEN.test(name) && !/^optimizer/.test(name));
  if (taken.some(({ name }) => /\.(safetensors|bin|gguf|zip)$/.test(name))) return taken;
  for (const [pattern, command] of PARTS) {
    const part = files.find(({ name }) => pattern.test(name));
    if (part) throw new StudioError('weights-sharded', `${part.name} is the part of one process: ${command}`, { file: part.name, command });
  }
  const found = files.slice(0, 6).map(({ name }) => name);
  throw new StudioError('file-missing', 'There are no weights', { file: found.join(', ') || '—', wanted: '*.safetensors' });
}

/** "checkpoints/200/…" of train.py, "checkpoint-200/…" of the Trainer, "global_step200/…" of DeepSpeed; null where nothing says it. */
export function stepOfPath(path: string): number | null {
  const found = /(?:checkpoints?|step)[-_/]?(\d+)(?=\/)|^(\d+)\//.exec(path);
  return found ? Number(found[1] ?? found[2]) : null;
}
