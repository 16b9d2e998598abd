import { recipeWith } from '../../src/core/run/example-run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvaluationRow, MetricRow } from '../../src/core/run/types';
import {
  checkpointPath,
  lastCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  pruneCheckpoints,
  removeCheckpointsAfter,
  saveCheckpoint,
  oldCheckpoints,
  removeOldCheckpoints,
} from './checkpoints';
import { FileStore, files } from './files';
import { lockedRuns, lockRun } from './locks';
import {
  appendMetrics,
  metricsPath,
  readMetrics,
  truncateMetrics,
  createRun,
  listRuns,
  markRun,
  readRun,
  removeRun,
  renameRun,
  updateRun,
} from './runs';
import { openWriter } from './writer';

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Every writer of this store finds the disk full after `capacity` bytes. */
function fullDisk(capacity: number): FileStore {
  return new FileStore(undefined, async (handle) => {
    const writer = await openWriter(handle);
    let written = 0;
    return {
      ...writer,
      async write(chunk) {
        written += chunk.byteLength;
        if (written > capacity) throw new DOMException('full', 'QuotaExceededError');
        await writer.write(chunk);
      },
    };
  });
}

async function namesIn(path: string): Promise<string[]> {
  let folder = await navigator.storage.getDirectory();
  for (const part of path.split('/')) folder = await folder.getDirectoryHandle(part);
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names.sort();
}

describe('files', () => {
  beforeEach(() => files.write('test/a.bin', bytes(1, 2, 3, 4)));
  afterEach(() => files.remove('test'));

  it('writes, reads, ranges, sizes and lists', async () => {
    expect(await files.read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(await files.readRange('test/a.bin', 1, 3)).toEqual(bytes(2, 3));
    expect(await files.size('test/a.bin')).toBe(4);
    await files.write('test/inner/b.txt', '文');
    expect(await files.list('test')).toEqual([
      { name: 'a.bin', kind: 'file' },
      { name: 'inner', kind: 'directory' },
    ]);
    expect(await files.folderSize('test')).toBe(7);
    await expect(files.read('test/none')).rejects.toMatchObject({ code: 'file-missing' });
    await files.remove('test/none/at/all');
  });

  it('replaces a file whole, from pieces too', async () => {
    expect(await files.write('test/a.bin', [bytes(9), bytes(8, 7)])).toBe(3);
    expect(await files.read('test/a.bin')).toEqual(bytes(9, 8, 7));
    expect(await namesIn('test')).toEqual(['a.bin']);
  });

  it('shows the former file until the new one is complete, and after it is given up', async () => {
    const pending = await files.begin('test/a.bin');
    await pending.write(bytes(5));
    expect(await files.read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(await files.list('test')).toHaveLength(1);
    await pending.discard();
    expect(await files.read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(await namesIn('test')).toEqual(['a.bin']);
  });

  it('keeps the former file when the disk is full, and says how much was needed', async () => {
    const write = fullDisk(6).write('test/a.bin', [new Uint8Array(5), new Uint8Array(5)]);
    await expect(write).rejects.toMatchObject({ code: 'quota', values: { needed: 10 } });
    expect(await files.read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(await namesIn('test')).toEqual(['a.bin']);
  });

  it('keeps the former file when the source of the bytes fails', async () => {
    async function* source() {
      yield bytes(1);
      throw new Error('torn');
    }
    await expect(files.write('test/a.bin', source())).rejects.toThrow('torn');
    expect(await files.read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(await namesIn('test')).toEqual(['a.bin']);
  });

  it('writes from shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set([7, 8, 9]);
    await files.write('test/s.bin', shared);
    expect(await files.read('test/s.bin')).toEqual(bytes(7, 8, 9));
  });

  it('appends and truncates', async () => {
    await files.append('test/log', 'one\n');
    await files.append('test/log', 'two\n');
    expect(await files.readText('test/log')).toBe('one\ntwo\n');
    await files.truncate('test/log', 4);
    expect(await files.readText('test/log')).toBe('one\n');
  });

  it('reads a file again that was written to between opening and reading', async () => {
    // Chromium finds out from the file's second of change, and only of files on a disk: so this is played.
    const torn = (file: File) =>
      Object.assign(file, { arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')), slice: () => file });
    let opened = 0;
    let changes = 3;
    class Written extends FileStore {
      override async blob(path: string): Promise<File> {
        const file = await super.blob(path);
        return opened++ < changes ? torn(file) : file;
      }
    }
    expect(await new Written().read('test/a.bin')).toEqual(bytes(1, 2, 3, 4));
    expect(opened).toBe(4);
    opened = 0;
    expect(await new Written().readRange('test/a.bin', 1, 3)).toEqual(bytes(2, 3));
    changes = Infinity;
    await expect(new Written().read('test/a.bin')).rejects.toThrow('changed');
  });

  it('does the same in a worker, by sync access handles', async () => {
    const worker = new Worker(new URL('./files-in-worker.test-worker.ts', import.meta.url), { type: 'module' });
    const answer = await new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.terminate();
    expect(answer).toEqual({ written: [1, 2, 3], log: 'one\ntwo\n', cut: 'one\n', names: ['log', 'w.bin'] });
  });
});

describe('locks', () => {
  it('lets one writer in at a time', async () => {
    const lock = await lockRun('locked');
    await expect(lockRun('locked')).rejects.toMatchObject({ code: 'run-locked', values: { run: 'locked' } });
    expect((await lockedRuns()).has('locked')).toBe(true);
    lock.release();
    await expect.poll(async () => (await lockedRuns()).has('locked')).toBe(false);
    (await lockRun('locked')).release();
  });
});

const recipe = recipeWith({
  sequenceLength: 8,
  channels: [{ id: 'en', corpus: 'en', role: 'general', share: 1 }],
  schedule: { kind: 'constant', peakLr: 1e-3, warmup: { unit: 'steps', value: 0 } },
  batchSize: 1,
  budget: { steps: 10 },
  evaluation: { everySteps: 5, rowsPerChannel: 1 },
  saving: { everySteps: 5 },
  logging: { everySteps: 1 },
});

describe('a run', () => {
  let id: string;
  beforeEach(async () => {
    id = (await createRun({ recipe, name: 'first', device: 'cpu', trainTokens: { en: 100 }, rules: 2 })).id;
  });
  afterEach(() => removeRun(id));

  const content = (fill: number) => ({
    model: new Uint8Array(64).fill(fill),
    optimizer: new Uint8Array(128).fill(fill + 1),
    state: { cursor: fill },
  });
  const loaded = async (step: number) => {
    const checkpoint = await loadCheckpoint(id, step);
    return { ...checkpoint, model: new Uint8Array(await checkpoint.model.arrayBuffer()) };
  };
  const save = (step: number, reason: 'periodic' | 'person' | 'start' | 'end' = 'periodic') =>
    saveCheckpoint(id, step, content(step), { reason, evaluation: null });

  it('is interrupted when it should run and nobody holds its lock', async () => {
    await updateRun(id, { state: 'running', step: 3 });
    expect(await readRun(id)).toMatchObject({ name: 'first', state: 'interrupted', step: 3 });
    const lock = await lockRun(id);
    expect((await readRun(id)).state).toBe('running');
    await expect(removeRun(id)).rejects.toMatchObject({ code: 'run-locked' });
    lock.release();
    await renameRun(id, 'renamed');
    expect((await listRuns()).find((run) => run.id === id)?.name).toBe('renamed');
    await updateRun(id, { state: 'finished' });
    expect((await readRun(id)).state).toBe('finished');
  });

  it('keeps a note, tags, a star, and stands aside in the archive', async () => {
    const { updatedAt, ...before } = await readRun(id);
    expect([before.note, before.tags, before.starred, before.archived]).toEqual([undefined, undefined, undefined, undefined]);
    await markRun(id, { note: '  too hot\n', tags: ['law ', 'law', ' ', 'to  keep'], starred: true });
    const marked = await markRun(id, { archived: true });
    expect(marked).toMatchObject({ note: 'too hot', tags: ['law', 'to keep'], starred: true, archived: true, updatedAt, name: 'first' });
    await expect(markRun('nobody', { starred: true })).rejects.toMatchObject({ code: 'run-missing' });
  });

  it('of an older version has the fields that recipes gained since', async () => {
    const { activationCheckpointing: _, ...older } = recipe;
    await updateRun(id, { recipe: older as typeof recipe });
    expect((await readRun(id)).recipe).toEqual(recipe);
    expect((await listRuns()).find((run) => run.id === id)?.recipe).toEqual(recipe);
  });

  it('is gone with all it had once removed', async () => {
    await save(1);
    await removeRun(id);
    await expect(readRun(id)).rejects.toMatchObject({ code: 'run-missing', values: { run: id } });
    expect(await files.list(`runs/${id}`)).toEqual([]);
    expect(await listCheckpoints(id)).toEqual([]);
  });

  it('gives back what a checkpoint was saved with', async () => {
    const record = await save(5);
    expect(record).toMatchObject({ runId: id, step: 5, reason: 'periodic' });
    expect(await loaded(5)).toEqual({ step: 5, ...content(5) });
    expect(await listCheckpoints(id)).toEqual([record]);
    await expect(loadCheckpoint(id, 6)).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });

  it('falls back to the checkpoint before a torn or corrupt one', async () => {
    await save(5);
    await save(10);
    const path = `${checkpointPath(id, 10)}/model.safetensors`;
    const whole = await files.read(path);

    await files.write(path, whole.subarray(0, 60));
    await expect(loadCheckpoint(id, 10)).rejects.toMatchObject({ code: 'checkpoint-corrupt', values: { run: id, step: 10 } });
    expect((await lastCheckpoint(id))?.step).toBe(5);

    await files.write(
      path,
      whole.map((byte, at) => (at === 7 ? byte ^ 1 : byte)),
    );
    await expect(loadCheckpoint(id, 10)).rejects.toMatchObject({ code: 'checkpoint-corrupt' });

    // A tab that dies before the last rename leaves no seal.
    await files.write(path, whole);
    await files.remove(`${checkpointPath(id, 10)}/state.json`);
    expect((await lastCheckpoint(id))?.step).toBe(5);
    expect((await listCheckpoints(id)).map(({ step }) => step)).toEqual([5]);

    await save(10);
    expect((await lastCheckpoint(id))?.step).toBe(10);
  });

  it('keeps its checkpoints when a new one does not fit', async () => {
    await save(5);
    const about = { reason: 'periodic', evaluation: null } as const;
    await expect(saveCheckpoint(id, 10, content(10), about, fullDisk(100))).rejects.toMatchObject({ code: 'quota' });
    expect(await namesIn(`runs/${id}/checkpoints`)).toEqual(['5']);
    await expect(saveCheckpoint(id, 5, content(9), about, fullDisk(100))).rejects.toMatchObject({ code: 'quota' });
    expect(await loaded(5)).toEqual({ step: 5, ...content(5) });
    expect(await namesIn(checkpointPath(id, 5))).toEqual(['model.safetensors', 'optimizer.safetensors', 'state.json']);
  });

  it('counts and removes old checkpoints: neither the newest of a run, nor those of a person, the start or the end', async () => {
    for (const [step, reason] of [
      [0, 'start'],
      [5, 'periodic'],
      [7, 'person'],
      [8, 'pause'],
      [10, 'periodic'],
    ] as const)
      await saveCheckpoint(id, step, content(step), { reason, evaluation: null });
    // Other test files leave runs of their own.
    const old = async () => (await oldCheckpoints()).filter(({ runId }) => runId === id).map(({ step }) => step);
    expect(await old()).toEqual([5, 8]);
    await removeOldCheckpoints();
    expect((await listCheckpoints(id)).map(({ step }) => step)).toEqual([0, 7, 10]);
    expect(await old()).toEqual([]);
  });

  it('prunes periodic checkpoints, never those of a person, the start or the end', async () => {
    await save(0, 'start');
    await save(1);
    await save(2, 'person');
    for (const step of [3, 4, 5]) await save(step);
    await save(6, 'end');
    expect(await pruneCheckpoints(id, 2)).toEqual([1, 3]);
    expect((await listCheckpoints(id)).map(({ step }) => step)).toEqual([0, 2, 4, 5, 6]);
    await removeCheckpointsAfter(id, 4);
    expect((await listCheckpoints(id)).map(({ step }) => step)).toEqual([0, 2, 4]);
  });

  it('logs lines, survives a torn one, and goes back to a step', async () => {
    const row = (step: number): MetricRow => ({
      step,
      lr: 1e-3,
      gradNorm: 1,
      stepMs: 2,
      tokens: step * 8,
      loss: { en: 3 - step / 10 },
      count: { en: 8 },
      total: 3 - step / 10,
    });
    const evaluation: EvaluationRow = { step: 0, channels: { en: { loss: 3, tokens: 8, bytes: 20 } }, retention: 1 };
    await appendMetrics(id, [{ kind: 'evaluation', ...evaluation }]);
    for (const step of [1, 2, 3]) await appendMetrics(id, [{ kind: 'window', ...row(step) }]);
    await appendMetrics(id, [{ kind: 'event', type: 'paused', step: 3, at: 5 }]);
    await files.append(metricsPath(id), '{"kind":"window","st');
    expect(await readMetrics(id)).toEqual({
      rows: [row(1), row(2), row(3)],
      evaluations: [evaluation],
      events: [{ type: 'paused', step: 3, at: 5 }],
    });
    await truncateMetrics(id, 2);
    await appendMetrics(id, [{ kind: 'window', ...row(3) }]);
    expect(await readMetrics(id)).toEqual({ rows: [row(1), row(2), row(3)], evaluations: [evaluation], events: [] });
  });

  it('reads events as an older version wrote them', async () => {
    await files.write(
      metricsPath(id),
      [
        '{"kind":"event","event":"pause","step":3,"at":5}',
        '{"kind":"event","event":"resume","step":3,"at":6}',
        '{"kind":"window","step":4,"lr":0.001,"gradNorm":1,"stepMs":2,"tokens":32,"loss":{"en":3},"count":{"en":32},"total":3}',
        '{"kind":"event","event":"stop","step":4,"at":7}',
        '',
      ].join('\n'),
    );
    const { rows, events } = await readMetrics(id);
    expect(rows).toHaveLength(1);
    expect(events).toEqual([
      { type: 'paused', step: 3, at: 5 },
      { type: 'resumed', step: 3, at: 6 },
      { type: 'stopped', reason: 'person', step: 4, at: 7 },
    ]);
  });
});
