/**
 * Checkpoints, `runs/<id>/checkpoints/<step>/`: weights, the average of them where the run keeps one, optimizer moments and the trainer's state
 * (RNG, data cursors). `state.json`,
 * called the seal here, is written last and has the size and SHA-256 of the other files: without a matching seal there is no checkpoint.
 */
import { StudioError } from '../../src/core/errors';
import type { CheckpointRecord } from '../../src/core/run/types';
import { files, type FileStore } from './files';
import { sha256, sha256OfBlob } from './hash';
import { putRecord, records } from './records';

/** What a checkpoint's record says besides where and when. */
export type AboutCheckpoint = Pick<CheckpointRecord, 'reason' | 'evaluation' | 'moments'>;

export interface CheckpointContent {
  /** safetensors, Hugging Face names, F32; of a run with an adapter that alone, under PEFT's names. */
  model: Uint8Array;
  /** safetensors: moments by parameter name. */
  optimizer: Uint8Array;
  /** As `model`; absent where the run keeps no average, or it has not begun. */
  average?: Uint8Array | undefined;
  /** JSON-able trainer state. */
  state: unknown;
}

export interface LoadedCheckpoint {
  step: number;
  /** A handle to the file; its bytes are not read yet. */
  model: File;
  optimizer: Uint8Array;
  average?: File | undefined;
  state: unknown;
}

const AVERAGE = 'average.safetensors';
type RequiredFile = 'model.safetensors' | 'optimizer.safetensors';
type CheckpointFile = RequiredFile | typeof AVERAGE;

interface FileDescription {
  bytes: number;
  sha256: string;
}

interface Seal {
  version: 1;
  files: Record<RequiredFile, FileDescription> & { [AVERAGE]?: FileDescription };
  state: unknown;
}

const BLOBS = ['model.safetensors', 'optimizer.safetensors'] as const;
const SEAL = 'state.json';

const checkpointsPath = (runId: string): string => `runs/${runId}/checkpoints`;
export const checkpointPath = (runId: string, step: number): string => `${checkpointsPath(runId)}/${step}`;

/** Saves a checkpoint completely or not at all; earlier checkpoints are not touched. Throws `quota`. */
export async function saveCheckpoint(
  runId: string,
  step: number,
  content: CheckpointContent,
  about: AboutCheckpoint,
  store: FileStore = files,
): Promise<CheckpointRecord> {
  const folder = checkpointPath(runId, step);
  const { model, optimizer, average } = content;
  const blobs: [CheckpointFile, Uint8Array][] = [
    ['model.safetensors', model],
    ['optimizer.safetensors', optimizer],
    ...(average ? [[AVERAGE, average] as [CheckpointFile, Uint8Array]] : []),
  ];
  const seal: Seal = {
    version: 1,
    files: {
      'model.safetensors': await describe(model),
      'optimizer.safetensors': await describe(optimizer),
      ...(average ? { [AVERAGE]: await describe(average) } : {}),
    },
    state: content.state,
  };
  const fresh = !(await store.exists(`${folder}/${SEAL}`));
  const pending = [];
  try {
    for (const [name, bytes] of blobs) {
      const file = await store.begin(`${folder}/${name}`);
      pending.push(file);
      await file.write(bytes);
    }
    const file = await store.begin(`${folder}/${SEAL}`);
    pending.push(file);
    await file.write(new TextEncoder().encode(JSON.stringify(seal)));
  } catch (error) {
    for (const file of pending) await file.discard();
    if (fresh) await store.remove(folder);
    throw error;
  }
  // All bytes are on the disk now. Only renames follow, that of the seal last.
  if (!fresh) await store.remove(`${folder}/${SEAL}`);
  for (const file of pending) await file.commit();

  const record: CheckpointRecord = {
    runId,
    step,
    at: Date.now(),
    bytes: pending.reduce((total, file) => total + file.bytes, 0),
    ...(average ? { average: true } : {}),
    ...about,
  };
  await putRecord('checkpoints', record);
  return record;
}

/** Reads and checks a checkpoint. Throws `checkpoint-missing` or `checkpoint-corrupt`. */
export async function loadCheckpoint(runId: string, step: number, store: FileStore = files): Promise<LoadedCheckpoint> {
  const seal = await readSeal(runId, step, store);
  return {
    step,
    model: await openBlob(runId, step, 'model.safetensors', seal, store),
    optimizer: new Uint8Array(await (await openBlob(runId, step, 'optimizer.safetensors', seal, store)).arrayBuffer()),
    ...(seal.files[AVERAGE] ? { average: await openBlob(runId, step, AVERAGE, seal, store) } : {}),
    state: seal.state,
  };
}

/** Only the trainer's state. Throws `checkpoint-missing` or `checkpoint-corrupt`. */
export async function readCheckpointState(runId: string, step: number, store: FileStore = files): Promise<unknown> {
  return (await readSeal(runId, step, store)).state;
}

/** The weight file, or that of their average, its SHA-256 checked. Throws `checkpoint-missing` or `checkpoint-corrupt`. */
export async function openCheckpointModel(runId: string, step: number, average = false, store: FileStore = files): Promise<File> {
  return openBlob(runId, step, average ? AVERAGE : 'model.safetensors', await readSeal(runId, step, store), store);
}

/** The newest complete checkpoint; corrupt ones are skipped. Null when there is none. */
export async function lastCheckpoint(runId: string, store: FileStore = files): Promise<LoadedCheckpoint | null> {
  for (const step of (await sealedSteps(runId, store)).reverse()) {
    try {
      return await loadCheckpoint(runId, step, store);
    } catch (error) {
      if (!(error instanceof StudioError) || error.code !== 'checkpoint-corrupt') throw error;
    }
  }
  return null;
}

/** Complete checkpoints of a run by step. */
export async function listCheckpoints(runId: string, store: FileStore = files): Promise<CheckpointRecord[]> {
  const sealed = new Set(await sealedSteps(runId, store));
  const all = await (await records()).getAllFromIndex('checkpoints', 'runId', runId);
  return all.filter(({ step }) => sealed.has(step)).sort((a, b) => a.step - b.step);
}

async function removeCheckpoint(runId: string, step: number, store: FileStore = files): Promise<void> {
  // The seal first: an interrupted removal then leaves no checkpoint rather than a corrupt one.
  await store.remove(`${checkpointPath(runId, step)}/${SEAL}`);
  await store.remove(checkpointPath(runId, step));
  await (await records()).delete('checkpoints', [runId, step]);
}

/** Removes all checkpoints after `step`, which a run that resumes from an earlier one will write again. */
export async function removeCheckpointsAfter(runId: string, step: number, store: FileStore = files): Promise<void> {
  for (const record of await listCheckpoints(runId, store)) if (record.step > step) await removeCheckpoint(runId, record.step, store);
}

/** Removes all but the newest `keep` periodic and pause checkpoints; those of the start, the end and by hand stay. Returns the removed steps. */
export async function pruneCheckpoints(runId: string, keep: number, store: FileStore = files): Promise<number[]> {
  const passing = (await listCheckpoints(runId, store)).filter(isPassing);
  const removed = passing.slice(0, Math.max(0, passing.length - keep)).map(({ step }) => step);
  for (const step of removed) await removeCheckpoint(runId, step, store);
  return removed;
}

/**
 * Periodic and pause checkpoints of all runs, without the newest checkpoint of each run: removing them loses no run's end and nothing
 * that a person saved.
 */
export async function oldCheckpoints(store: FileStore = files): Promise<CheckpointRecord[]> {
  const runs = new Set((await (await records()).getAll('checkpoints')).map(({ runId }) => runId));
  const lists = await Promise.all([...runs].map((id) => listCheckpoints(id, store)));
  return lists.flatMap((list) => list.slice(0, -1).filter(isPassing));
}

export async function removeOldCheckpoints(store: FileStore = files): Promise<void> {
  for (const { runId, step } of await oldCheckpoints(store)) await removeCheckpoint(runId, step, store);
}

/** Made by the schedule or a pause rather than by a person. */
const isPassing = ({ reason }: CheckpointRecord): boolean => reason === 'periodic' || reason === 'pause';

async function describe(bytes: Uint8Array): Promise<{ bytes: number; sha256: string }> {
  return { bytes: bytes.byteLength, sha256: await sha256(bytes) };
}

async function sealedSteps(runId: string, store: FileStore): Promise<number[]> {
  const steps: number[] = [];
  for (const entry of await store.list(checkpointsPath(runId)))
    if (entry.kind === 'directory' && (await store.exists(`${checkpointsPath(runId)}/${entry.name}/${SEAL}`)))
      steps.push(Number(entry.name));
  return steps.sort((a, b) => a - b);
}

async function readSeal(runId: string, step: number, store: FileStore): Promise<Seal> {
  const path = `${checkpointPath(runId, step)}/${SEAL}`;
  if (!(await store.exists(path)))
    throw new StudioError('checkpoint-missing', `Run "${runId}" has no complete checkpoint at step ${step}`, { run: runId, step });
  try {
    const seal = JSON.parse(await store.readText(path)) as Seal;
    for (const name of BLOBS) if (typeof seal.files[name].sha256 !== 'string') throw new Error(`${name} is not described`);
    return seal;
  } catch (error) {
    throw corrupt(runId, step, `${SEAL}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function openBlob(runId: string, step: number, name: CheckpointFile, seal: Seal, store: FileStore): Promise<File> {
  const path = `${checkpointPath(runId, step)}/${name}`;
  const expected = seal.files[name];
  if (!expected)
    throw new StudioError('checkpoint-missing', `The checkpoint at step ${step} of run "${runId}" has no ${name}`, { run: runId, step });
  const size = await store.size(path);
  if (size !== expected.bytes) throw corrupt(runId, step, `${name} has ${size ?? 0} bytes, expected ${expected.bytes}`);
  const file = await store.blob(path);
  if ((await sha256OfBlob(file)) !== expected.sha256) throw corrupt(runId, step, `${name} does not match its SHA-256`);
  return file;
}

function corrupt(runId: string, step: number, detail: string): StudioError {
  return new StudioError('checkpoint-corrupt', `Checkpoint at step ${step} of run "${runId}" is corrupt: ${detail}`, {
    run: runId,
    step,
    detail,
  });
}
