/**
 * Sweeps: one record each, with its runs and what they gave. Every change is one transaction that reads the record, changes it and raises its
 * revision, so that tabs which take from one queue never overwrite each other; all tabs are told of it.
 */
import type { StoredSweeps, SweepNews } from '../../src/contract/sweep';
import { StudioError } from '../../src/core/errors';
import { parameterCount } from '../../src/core/model/parameters';
import { edited, importedSweep, newSweep } from '../../src/core/sweep/queue';
import type { SweepRecord } from '../../src/core/sweep/record';
import { parseSweep } from '../../src/core/sweep/schema';
import { takenOfSweep } from './locks';
import { findModel, readModelText, shapeOf } from './models';
import { isQuotaError, quotaError } from './quota';
import { putRecord, records } from './records';
import { removeRun } from './runs';

const CHANNEL = 'crossfade:sweeps';

let sender: BroadcastChannel | null = null;

/** To listeners in this worker too: a channel hears all others of its name. */
function tell(news: SweepNews): void {
  sender ??= new BroadcastChannel(CHANNEL);
  sender.postMessage(news);
}

/** Called with each change of any sweep by any tab. @returns what ends it */
export function onSweepNews(listener: (news: SweepNews) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<SweepNews>) => listener(data);
  return () => channel.close();
}

/** @throws StudioError `sweep-missing` */
export async function readSweep(id: string): Promise<SweepRecord> {
  const record = await (await records()).get('sweeps', id);
  if (!record) throw missing(id);
  return record;
}

/** The sweep that has still to train this run; null of any other run. */
export async function sweepToTrain(run: string): Promise<string | null> {
  const store = await records();
  const { sweep: place } = (await store.get('runs', run)) ?? {};
  const sweep = place && (await store.get('sweeps', place.id));
  const own = sweep?.runs.find(({ index }) => index === place!.index);
  return own?.run === run && (own.state === 'training' || own.state === 'planned') ? sweep!.id : null;
}

/**
 * @param change gives the record changed, or as it is where there is nothing to change; beside it what the caller wants of it. What it throws
 * leaves the record as it was.
 * @throws StudioError `sweep-missing`, `quota`
 */
export async function changeSweep<T>(
  id: string,
  change: (sweep: SweepRecord) => { sweep: SweepRecord; value: T },
): Promise<{ sweep: SweepRecord; value: T }> {
  const transaction = (await records()).transaction(['sweeps', 'runs'], 'readwrite');
  const [sweeps, runs] = [transaction.objectStore('sweeps'), transaction.objectStore('runs')];
  // A transaction that is aborted rejects this, whoever looks at it.
  transaction.done.catch(() => undefined);
  const former = await sweeps.get(id);
  try {
    if (!former) throw missing(id);
    const { sweep, value } = change(former);
    if (sweep === former) {
      await transaction.done;
      return { sweep, value };
    }
    const changed = { ...sweep, revision: former.revision + 1 };
    await sweeps.put(changed);
    // Runs that were halted wait for a rung that they will not be let on to.
    for (const { state, run, index } of changed.runs) {
      if (state !== 'stopped' || run === null || former.runs.find((one) => one.index === index)?.state === 'stopped') continue;
      const halted = await runs.get(run);
      if (halted?.state === 'paused') await runs.put({ ...halted, state: 'stopped', stopReason: 'sweep', updatedAt: Date.now() });
    }
    await transaction.done;
    tell({ id, revision: changed.revision, removed: false });
    return { sweep: changed, value };
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended.
    }
    throw isQuotaError(error) ? await quotaError(JSON.stringify(former).length) : error;
  }
}

const changed = async (id: string, change: (sweep: SweepRecord) => SweepRecord): Promise<SweepRecord> =>
  (await changeSweep(id, (sweep) => ({ sweep: change(sweep), value: null }))).sweep;

async function create(record: SweepRecord): Promise<SweepRecord> {
  await putRecord('sweeps', record);
  tell({ id: record.id, revision: record.revision, removed: false });
  return record;
}

const newId = () => `s-${crypto.randomUUID()}`;

/** Parameters of a model that is there. */
async function sizeOf(model: string): Promise<number | null> {
  try {
    const shape = shapeOf(JSON.parse((await readModelText(await findModel(model), 'config.json')) ?? '') as Record<string, unknown>);
    return shape && parameterCount(shape);
  } catch {
    return null;
  }
}

/** A sweep that has ended holds its last run until the weights are freed: milliseconds to wait for it, and between two looks. */
const SETTLING = 5000;
const LOOK_EVERY = 50;

export const storedSweeps: StoredSweeps = {
  async sweeps() {
    return (await (await records()).getAll('sweeps')).sort((a, b) => b.createdAt - a.createdAt);
  },
  sweep: readSweep,

  async createSweep(input, kept) {
    const plan = parseSweep(input);
    const sweep = newSweep(plan, newId(), Date.now(), await sizeOf(plan.base.base));
    if (!kept) return create(sweep);
    const results = new Map(kept.runs.map((run) => [run.index, run]));
    const runs = sweep.runs.map((run) => ({ ...run, ...results.get(run.index) }));
    return create({ ...sweep, base: kept.base, runs });
  },

  importSweep: async (name, table, roles = {}) => create(importedSweep(table, { id: newId(), name, createdAt: Date.now(), roles })),

  async renameSweep(id, name) {
    await changed(id, (sweep) => ({ ...sweep, name }));
  },

  async editSweep(id, edit) {
    // A run that a tab has just taken is marked in the record within the same transaction.
    return changed(id, (sweep) =>
      edited(sweep, edit, (index) => {
        const values = { sweep: sweep.name, run: index + 1 };
        throw new StudioError('sweep-run-begun', `Run ${index + 1} of sweep "${sweep.name}" has begun or has ended`, values);
      }),
    );
  },

  async removeSweep(id) {
    const { name, state, runs, revision } = await readSweep(id);
    for (let waited = 0; state === 'finished' && waited < SETTLING && (await takenOfSweep(id)).size > 0; waited += LOOK_EVERY)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    if ((await takenOfSweep(id)).size > 0) throw new StudioError('sweep-running', `A tab trains a run of sweep "${name}"`, { sweep: name });
    await (await records()).delete('sweeps', id);
    tell({ id, revision: revision + 1, removed: true });
    for (const { run } of runs)
      if (run !== null)
        await removeRun(run).catch((error: unknown) => {
          // Open in another tab as a run of its own.
          if (!(error instanceof StudioError) || error.code !== 'run-locked') throw error;
        });
  },
};

function missing(id: string): StudioError {
  return new StudioError('sweep-missing', `There is no sweep "${id}"`, { sweep: id });
}
