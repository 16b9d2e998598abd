/**
 * Exports in Hugging Face layout, as a zip or into a folder on the person's disk: a run's checkpoint with its recipe and metrics, or a
 * stored or bundled model.
 */
import type { Recipe } from '../../src/core/recipe/schema';
import type { EvaluationRow, MetricRow, RunRecord } from '../../src/core/run/types';
import { isTrackerFormat, trackedRun, type TrackerFormat } from '../../src/core/trackers/tracked-run';
import { StudioError } from '../../src/core/errors';
import type { OnProgress } from '../../src/contract/progress';
import type { CheckpointRef } from '../../src/contract/evaluation';
import type { ExportType, RunExportType } from '../../src/contract/run';
import type { Dtype } from '../engine/checkpoint/floats';
import { openSafetensors } from '../engine/checkpoint/safetensors';
import { listCheckpoints, openCheckpointModel } from '../storage/checkpoints';
import { listCorpora } from '../storage/corpora';
import { files as storage } from '../storage/files';
import { metricsPath, readMetrics, readRun } from '../storage/runs';
import {
  filesUnder,
  findModel,
  openModelFile,
  readModelText,
  weightSources,
  type ModelListing,
  type TrainedWeights,
} from '../storage/models';
import { exportedConfig } from '../tokenizer/tokenizer-files';
import { editConfig, parseConfig, type ModelConfig } from '../../src/core/model/config';
import { ADAPTER_CONFIG, peftConfig } from '../../src/core/model/peft';
import { ADAPTER_KINDS, addsToBase } from '../../src/core/recipe/method';
import { INDEX_FILE } from '../../src/core/model/folder';
import { isSoft, softPeftConfig } from '../../src/core/model/soft-prompt';
import { openModel } from '../engine/model/read';
import { writeFolder } from './folder';
import { ggufFormat, IN_GGUF, modelfile, peftWeights, weightsAs, type Weights } from './export-weights';
import { modelCard } from './model-card';
import { LARGEST_ZIP, zipBlob, zipTooLarge, type ZipEntry } from '../archive/zip-writer';

/**
 * metrics.csv: a line per step that was logged or evaluated, a column per channel and figure. Losses are in nats per token; a field is
 * empty where nothing was measured, and NaN or Infinity where that is what was. RFC 4180: lines end in CRLF.
 */
export function metricsCsv(recipe: Recipe, rows: readonly MetricRow[], evaluations: readonly EvaluationRow[]): string {
  const ids = recipe.channels.map(({ id }) => id);
  const header = [
    ...['step', 'tokens', 'learning_rate', 'gradient_norm', 'step_ms', 'loss_total'],
    ...ids.map((id) => `loss_${id}`),
    ...ids.map((id) => `count_${id}`),
    ...ids.map((id) => `held_out_loss_${id}`),
    'retention',
    ...(recipe.evaluation.probesPerGroup > 0 ? ['forgetting_risk'] : []),
    ...(recipe.precision === 'f16' ? ['loss_scale', 'skipped_steps'] : []),
  ];
  const logged = new Map(rows.map((row) => [row.step, row]));
  const evaluated = new Map(evaluations.map((row) => [row.step, row]));
  const steps = [...new Set([...logged.keys(), ...evaluated.keys()])].sort((a, b) => a - b);
  const lines = steps.map((step) => {
    const row = logged.get(step);
    const evaluation = evaluated.get(step);
    return [
      ...[step, row?.tokens, row?.lr, row?.gradNorm, row?.stepMs, row?.total ?? row?.notFinite?.['total']],
      ...ids.map((id) => row?.loss[id] ?? row?.notFinite?.[id]),
      ...ids.map((id) => row?.count[id]),
      ...ids.map((id) => evaluation?.channels[id]?.loss),
      evaluation?.retention,
      ...(recipe.evaluation.probesPerGroup > 0 ? [evaluation?.probes?.risk?.value] : []),
      ...(recipe.precision === 'f16' ? [row?.lossScale, row?.skippedSteps] : []),
    ];
  });
  return [header, ...lines].map((line) => `${line.map((value) => value ?? '').join(',')}\r\n`).join('');
}

const TORCH_DTYPE: Record<Dtype, string> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];

/** Files in Hugging Face layout that are about to be written. */
export interface OpenExport {
  /** Name of the run or the model, for progress. */
  item: string;
  files: AsyncGenerator<ZipEntry>;
  /** Bytes of the weight file. */
  total: number;
  /** Modification time of the zip's entries: when the checkpoint or the model was made. */
  at: Date;
}

/** @throws StudioError `zip-too-large`, `cancelled`, or what reading the files throws */
export async function exportZip({ item, files, total, at }: OpenExport, onProgress: OnProgress, signal: AbortSignal): Promise<Blob> {
  if (total > LARGEST_ZIP) throw zipTooLarge(total);
  return reporting(item, total, onProgress, signal, (onBytes) => zipBlob(files, at, onBytes));
}

/**
 * @param parent a folder that the person picked and allowed to be written to
 * @param name of the new folder inside
 * @returns its name: `name`, or with a number where that was taken
 * @throws StudioError `folder-refused`, `cancelled`, or what reading the files throws
 */
export async function exportFolder(
  { item, files, total }: OpenExport,
  parent: FileSystemDirectoryHandle,
  name: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<string> {
  return reporting(item, total, onProgress, signal, (onBytes) => writeFolder(files, parent, name, onBytes));
}

/** Reports progress in bytes of the weight file; the other files are small beside it. */
async function reporting<T>(
  item: string,
  total: number,
  onProgress: OnProgress,
  signal: AbortSignal,
  write: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const tell = (done: number) => onProgress({ phase: 'export', item, done: Math.min(done, total), total });
  tell(0);
  const written = await write((bytes) => {
    signal.throwIfAborted();
    tell(bytes);
  });
  tell(total);
  return written;
}

/** @throws StudioError `run-missing`, `checkpoint-missing`, `checkpoint-corrupt`, `tensor-beyond-f16`, `gguf-unwritable` */
export async function openRunExport({ run: id, step, average }: CheckpointRef, type: RunExportType): Promise<OpenExport> {
  const run = await readRun(id);
  if (isTrackerFormat(type)) return openLogExport(run, type);
  const checkpoint = (await listCheckpoints(id)).find((candidate) => candidate.step === step);
  if (!checkpoint) throw new StudioError('checkpoint-missing', `Run "${id}" has no checkpoint at step ${step}`, { run: id, step });
  const base = filesUnder(await findModel(run.recipe.base), run.recipe.method);
  const metrics = await readMetrics(id);
  const { method } = run.recipe;
  const trained = await openCheckpointModel(id, step, average);
  const gguf = ggufFormat(type);
  const peft = type === 'PEFT';
  const config = (await readModelText(base, 'config.json')) ?? '{}';
  const shape = parseConfig('config.json', config);
  const weights = await weightsOf(run.name, { file: trained, method }, type, base, shape);
  const evaluation = checkpoint.evaluation ?? metrics.evaluations.find((row) => row.step === step) ?? null;
  const card = modelCard({
    run,
    step,
    average: average ?? false,
    base: run.base,
    evaluation: average ? null : evaluation,
    corpora: await listCorpora(),
    baseName: base.name,
    gguf: gguf && weights.name,
    peft,
  });

  async function* files(): AsyncGenerator<ZipEntry> {
    yield text('README.md', card);
    if (gguf) yield text('Modelfile', modelfile(weights.name, config));
    else if (peft && addsToBase(method)) {
      const own = isSoft(method) ? softPeftConfig(shape, method, base.name) : peftConfig(shape, method, base.name);
      yield text(ADAPTER_CONFIG, json(own));
    } else {
      yield text('config.json', withDtype(withLabels(config, run.recipe), type as Dtype));
      yield text(
        'generation_config.json',
        (await readModelText(base, 'generation_config.json')) ?? json(generationConfig(JSON.parse(config) as Record<string, unknown>)),
      );
      for (const name of TOKENIZER_FILES) if (base.files.includes(name)) yield await ownFile(base, name);
    }
    yield text('recipe.json', json(run.recipe));
    yield text('changes.json', json(run.changes));
    yield text('metrics.csv', metricsCsv(run.recipe, metrics.rows, metrics.evaluations));
    yield text('metrics.jsonl', await wholeLines(metricsPath(id)));
    yield { name: weights.name, bytes: weights.chunks(), stored: true };
  }
  return { item: run.name, files: files(), total: weights.bytes, at: new Date(checkpoint.at) };
}

/** The whole run's numbers, up to its last step. */
async function openLogExport(run: RunRecord, format: TrackerFormat): Promise<OpenExport> {
  const [{ rows, evaluations }, { trackerFiles }] = await Promise.all([
    readMetrics(run.id),
    import('../../src/core/trackers/tracker-export'),
  ]);
  const written = await trackerFiles(trackedRun(run, rows, evaluations), run.id, run.createdAt, format);
  async function* files(): AsyncGenerator<ZipEntry> {
    for (const { path, bytes } of written) yield { name: path, bytes, stored: false };
  }
  return { item: run.name, files: files(), total: written.reduce((sum, { bytes }) => sum + bytes.length, 0), at: new Date(run.updatedAt) };
}

/** @throws StudioError `model-unmergeable` for whole weights of a run that learnt what is no part of any */
async function weightsOf(
  title: string,
  trained: TrainedWeights,
  type: ExportType,
  base: ModelListing,
  config: ModelConfig,
): Promise<Weights> {
  const { file, method } = trained;
  if (type === 'PEFT') {
    if (addsToBase(method)) return peftWeights(file, config);
    throw new StudioError('recipe-invalid', 'The run has no adapter', { field: 'method', value: '—', accepted: ADAPTER_KINDS.join(', ') });
  }
  const adapted = addsToBase(method) ? await openModel(await weightSources(base, trained)) : null;
  const tensors = adapted ? [...adapted.used, ...adapted.heads] : [...(await openSafetensors('model.safetensors', file)).tensors.values()];
  // What PPO judges by is no part of the policy.
  return weightsAs(
    tensors.filter(({ name }) => name !== 'value.weight'),
    type,
    base,
    title,
  );
}

/**
 * The model's own files, with its weights in one file under the names that transformers' class has; or its GGUF file, with what is no
 * part of it beside it.
 * @throws StudioError `file-missing`, `tensor-beyond-f16`, `gguf-unwritable`, or what opening the model throws
 */
export async function openModelExport(id: string, type: ExportType): Promise<OpenExport> {
  const listing = await findModel(id);
  const sources = await weightSources(listing, null);
  const config = sources.config.text;
  const model = await openModel(sources);
  const gguf = ggufFormat(type);
  const weights = await weightsAs([...model.used, ...model.heads], type, listing, listing.name);
  const written = new Set(['config.json', INDEX_FILE, ...sources.weights.map(({ name }) => name), ...(gguf ? IN_GGUF : [])]);

  async function* files(): AsyncGenerator<ZipEntry> {
    if (gguf) yield text('Modelfile', modelfile(weights.name, config));
    else yield text('config.json', withDtype(config, type as Dtype));
    for (const name of listing.files) if (!written.has(name)) yield await ownFile(listing, name);
    yield { name: weights.name, bytes: weights.chunks(), stored: true };
  }
  return { item: listing.name, files: files(), total: weights.bytes, at: new Date() };
}

/** A file of the model; tokenizer_config.json under the class that takes tokenizer.json as it is. */
async function ownFile(model: ModelListing, name: string): Promise<ZipEntry> {
  if (name === 'tokenizer_config.json') {
    const { config, replaced } = exportedConfig(await readModelText(model, name));
    if (replaced !== null) return text(name, config);
  }
  return { name, bytes: (await openModelFile(model, name)).stream(), stored: false };
}

/** Complete lines of a file; a last line without its line end was cut off by a crash. */
async function wholeLines(path: string): Promise<string> {
  const content = (await storage.exists(path)) ? await storage.readText(path) : '';
  return content.slice(0, content.lastIndexOf('\n') + 1);
}

/** The base's config with the type of the exported weights: `dtype` since transformers 5, `torch_dtype` before. */
function withDtype(config: string, dtype: Dtype): string {
  return editConfig(config, (fields) => ({ ...fields, ['dtype' in fields ? 'dtype' : 'torch_dtype']: TORCH_DTYPE[dtype] }));
}

/**
 * The config of a classifier or a reward model as transformers' *ForSequenceClassification reads it (TRL takes a reward model as one of one output); of other
 * runs as it is. It pools the last token, whatever the run did, and needs a token to pad with.
 */
function withLabels(config: string, { channels }: Recipe): string {
  const labels = channels.flatMap(({ objective }) => {
    if (objective?.kind === 'reward') return [['LABEL_0']];
    return objective?.kind === 'classification' ? [objective.labels] : [];
  })[0];
  if (!labels) return config;
  return editConfig(config, (fields) => {
    const [architecture] = Array.isArray(fields['architectures']) ? (fields['architectures'] as unknown[]) : [];
    const eos: unknown = Array.isArray(fields['eos_token_id']) ? fields['eos_token_id'][0] : fields['eos_token_id'];
    return {
      ...fields,
      ...(typeof architecture === 'string' && {
        architectures: [architecture.replace(/(?:ForCausalLM|LMHeadModel|ForMaskedLM|ForPreTraining)$/, 'ForSequenceClassification')],
      }),
      ...(labels.length > 1 && { problem_type: 'single_label_classification' }),
      id2label: Object.fromEntries(labels.map((label, at) => [String(at), label])),
      label2id: Object.fromEntries(labels.map((label, at) => [label, at])),
      pad_token_id: fields['pad_token_id'] ?? eos,
    };
  });
}

function generationConfig(config: Record<string, unknown>): Record<string, unknown> {
  const ids = ['bos_token_id', 'eos_token_id', 'pad_token_id']
    .filter((field) => config[field] != null)
    .map((field) => [field, config[field]]);
  return { _from_model_config: true, ...(Object.fromEntries(ids) as Record<string, unknown>) };
}

function text(name: string, content: string): ZipEntry {
  return { name, bytes: new TextEncoder().encode(content), stored: false };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
