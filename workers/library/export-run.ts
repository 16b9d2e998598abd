/** A checkpoint of a run as a zip in Hugging Face layout, with its recipe and its history. */
import { StudioError } from '../../src/core/errors';
import type { OnProgress } from '../api';
import { readSafetensors, writeSafetensors, type Dtype } from '../engine/checkpoint/safetensors';
import { listCheckpoints, loadCheckpointModel } from '../storage/checkpoints';
import { listCorpora } from '../storage/corpora';
import { metricsPath, readMetrics } from '../storage/metrics';
import { files as storage } from '../storage/files';
import { findModel, readModelFile, readModelText } from '../storage/models';
import { readRun } from '../storage/runs';
import { metricsCsv } from './metrics-csv';
import { modelCard } from './model-card';
import { zipBlob, type ZipEntry } from './zip';

const TORCH_DTYPE: Record<Dtype, string> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };
const BYTES: Record<Dtype, number> = { F32: 4, F16: 2, BF16: 2 };

/** Throws `run-missing`, `checkpoint-missing`, `checkpoint-corrupt`, or what reading the base's files throws. */
export async function exportRun(id: string, step: number, dtype: Dtype, onProgress: OnProgress): Promise<Blob> {
  const run = await readRun(id);
  const checkpoint = (await listCheckpoints(id)).find((candidate) => candidate.step === step);
  if (!checkpoint) throw new StudioError('checkpoint-missing', `Run "${id}" has no checkpoint at step ${step}`, { run: id, step });
  const base = await findModel(run.recipe.base);
  const metrics = await readMetrics(id);
  const tensors = [...readSafetensors('model.safetensors', await loadCheckpointModel(id, step)).tensors.values()];
  const total = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, BYTES[dtype]), 0);
  onProgress({ phase: 'export', item: run.name, done: 0, total });

  const config = JSON.parse((await readModelText(base, 'config.json')) ?? '{}') as Record<string, unknown>;
  const evaluation = checkpoint.evaluation ?? metrics.evaluations.find((row) => row.step === step) ?? null;
  const card = modelCard({ run, step, base: run.base, evaluation, corpora: await listCorpora(), baseName: base.name });

  async function* entries(): AsyncGenerator<ZipEntry> {
    yield text('config.json', json(withDtype(config, dtype)));
    yield text('README.md', card);
    yield text('generation_config.json', (await readModelText(base, 'generation_config.json')) ?? json(generationConfig(config)));
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
      if (base.files.includes(name)) yield { name, bytes: await readModelFile(base, name), stored: false };
    yield text('recipe.json', json(run.recipe));
    yield text('changes.json', json(run.changes));
    yield text('metrics.csv', metricsCsv(run.recipe, metrics.rows, metrics.evaluations));
    yield text('metrics.jsonl', await wholeLines(metricsPath(id)));
    const host = tensors.map(({ name, shape, read }) => ({ name, shape, data: read() }));
    yield { name: 'model.safetensors', bytes: writeSafetensors(host, dtype, { format: 'pt' }), stored: true };
  }
  const blob = await zipBlob(entries(), new Date(checkpoint.at), (bytes) =>
    onProgress({ phase: 'export', item: run.name, done: Math.min(bytes, total), total }),
  );
  onProgress({ phase: 'export', item: run.name, done: total, total });
  return blob;
}

/** The lines of a log, without the one a crash may have torn. */
async function wholeLines(path: string): Promise<string> {
  const content = (await storage.exists(path)) ? await storage.readText(path) : '';
  return content.slice(0, content.lastIndexOf('\n') + 1);
}

/** The base's config, saying in which type the weights now are: `dtype` since transformers 5, `torch_dtype` before. */
function withDtype(config: Record<string, unknown>, dtype: Dtype): Record<string, unknown> {
  return { ...config, ['dtype' in config ? 'dtype' : 'torch_dtype']: TORCH_DTYPE[dtype] };
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
