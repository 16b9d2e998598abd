/** Run records. The trainer writes them under the run's lock; a run whose writer is gone is read as interrupted. */
import { StudioError } from '../../src/core/errors';
import { liftRecipe, recipeSchema, type Recipe } from '../../src/core/recipe/schema';
import type { RunRecord, RunRules, RunState } from '../../src/core/run/types';
import { files, type FileStore } from './files';
import { lockedRuns, lockRun } from './locks';
import { putRecord, records } from './records';

export interface NewRun {
  recipe: Recipe;
  name: string;
  device: string;
  /** Channel id → tokens of its training text. */
  trainTokens: Record<string, number>;
  rules: RunRules;
}

const ALIVE: ReadonlySet<RunState> = new Set(['preparing', 'running', 'paused']);

/** Stores a new run in state `preparing` and returns its record. */
export async function createRun({ recipe, name, device, trainTokens, rules }: NewRun): Promise<RunRecord> {
  const now = Date.now();
  const record: RunRecord = {
    id: crypto.randomUUID(),
    name,
    createdAt: now,
    updatedAt: now,
    state: 'preparing',
    stopReason: null,
    error: null,
    recipe,
    changes: [],
    step: 0,
    tokens: 0,
    trainTokens,
    rules,
    device,
    base: null,
    latest: null,
  };
  await putRecord('runs', record);
  return record;
}

/** The record, with the state that holds now. Throws `run-missing`. */
export async function readRun(id: string): Promise<RunRecord> {
  return present(await stored(id), await lockedRuns());
}

/** All runs, newest first. */
export async function listRuns(): Promise<RunRecord[]> {
  const locked = await lockedRuns();
  const all = await (await records()).getAll('runs');
  return all.map((record) => present(record, locked)).sort((a, b) => b.createdAt - a.createdAt);
}

/** Merges fields into a run's record. The trainer, who holds the lock, calls this; pages rename through `renameRun`. */
export async function updateRun(id: string, fields: Partial<Omit<RunRecord, 'id' | 'createdAt'>>): Promise<RunRecord> {
  const transaction = (await records()).transaction('runs', 'readwrite');
  const former = await transaction.store.get(id);
  if (!former) throw missing(id);
  const record = { ...former, updatedAt: Date.now(), ...fields };
  await transaction.store.put(record);
  await transaction.done;
  return record;
}

export async function renameRun(id: string, name: string): Promise<void> {
  await updateRun(id, { name });
}

/** Removes a run with its metrics and checkpoints. Throws `run-locked` while a tab trains it. */
export async function removeRun(id: string, store: FileStore = files): Promise<void> {
  const lock = await lockRun(id);
  try {
    const transaction = (await records()).transaction(['runs', 'checkpoints'], 'readwrite');
    for (const key of await transaction.objectStore('checkpoints').index('runId').getAllKeys(id))
      await transaction.objectStore('checkpoints').delete(key);
    await transaction.objectStore('runs').delete(id);
    await transaction.done;
    await store.remove(`runs/${id}`);
  } finally {
    lock.release();
  }
}

/** With the state that holds now, and the recipe in today's fields: those of version 1 lifted, and those younger than the run at their defaults. */
function present(record: RunRecord, locked: ReadonlySet<string>): RunRecord {
  const lifted = liftRecipe(record.recipe);
  const { data: recipe = lifted as Recipe } = recipeSchema.safeParse(lifted);
  const state = ALIVE.has(record.state) && !locked.has(record.id) ? 'interrupted' : record.state;
  return { ...record, recipe, state };
}

async function stored(id: string): Promise<RunRecord> {
  const record = await (await records()).get('runs', id);
  if (!record) throw missing(id);
  return record;
}

function missing(id: string): StudioError {
  return new StudioError('run-missing', `There is no run "${id}"`, { run: id });
}
