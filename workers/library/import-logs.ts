/** Logs of training elsewhere and runs of other studios, read by what is in them and stored as runs. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { documentRun, parseRunFile, parseRunLink } from '../../src/core/run/run-file';
import type { RunRecord } from '../../src/core/run/types';
import { deriveSeed } from '../../src/core/rng/rng';
import { StudioError } from '../../src/core/errors';
import { readEventFile, type ScalarEvent } from '../../src/core/trackers/event-file';
import { isEventFile, studioLogOf, runOfEvents } from '../../src/core/trackers/growing-log';
import { importedRun, type ImportedRun } from '../../src/core/trackers/imported-run';
import { allChanges, logRecipe, readChanges, studioRun } from '../../src/core/trackers/studio-log';
import type { LogFormat, TrackedRun } from '../../src/core/trackers/tracked-run';
import { readTextLog, readTrackioRows } from '../../src/core/trackers/tracker-logs';
import { LARGEST_LOG, parentOf } from './log-source';
import { listRuns, removeStored, storeImportedRun } from '../storage/runs';

interface LogFile {
  file: File;
  path: string;
}

interface FoundRun {
  run: TrackedRun;
  file: string;
  format: LogFormat;
}

const magic = async (file: File, at: number, length: number) => new Uint8Array(await file.slice(at, at + length).arrayBuffer());

async function isParquet(file: File): Promise<boolean> {
  return new TextDecoder().decode(await magic(file, 0, 4)) === 'PAR1';
}

/** By its name, or gzip: logs come unpacked. */
async function isRunFile(file: File): Promise<boolean> {
  const [first, second] = await magic(file, 0, 2);
  return file.name.endsWith('.crossfade') || (first === 0x1f && second === 0x8b);
}

/** The run that an address holds: stored once, however often the address is opened. */
export async function importLink(link: string): Promise<RunRecord> {
  const id = `link-${[0, 1].map((half) => deriveSeed(half, link).toString(16).padStart(8, '0')).join('')}`;
  const known = (await listRuns()).find((run) => run.id === id);
  if (known) return known;
  const document = parseRunLink('link', link);
  return storeImportedRun(documentRun(document, 'link'), id);
}

export async function importLogs(files: LogFile[]): Promise<RunRecord[]> {
  const found: FoundRun[] = [];
  const whole: ImportedRun[] = [];
  const events = new Map<string, LogFile[]>();
  const own = await studioLogs(files);
  // A folder of a run holds more than its log: what is below it belongs to it.
  const folders = [...own.keys()].map(parentOf);
  for (const log of files) {
    const { file, path } = log;
    const read = own.get(path);
    if (read) whole.push(read);
    if (read || folders.some((folder) => folder !== '' && path.startsWith(folder))) continue;
    if (file.size > LARGEST_LOG)
      throw new StudioError('file-too-large', `${path} is ${file.size} bytes`, { file: path, bytes: file.size, limit: LARGEST_LOG });
    if (await isRunFile(file)) whole.push(documentRun(parseRunFile(path, new Uint8Array(await file.arrayBuffer())), path));
    else if (await isParquet(file)) found.push(...(await parquetRuns(log)));
    else if (isEventFile(path, await magic(file, 0, 13))) {
      const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
      events.set(folder, [...(events.get(folder) ?? []), log]);
    } else {
      const { runs, format } = readTextLog(await file.text(), file.name);
      found.push(...runs.map((run) => ({ run, file: path, format })));
    }
  }
  for (const [folder, logs] of events) found.push(await eventRun(folder, logs));
  const imported = found.map(({ run, file, format }) => {
    const one = importedRun(run, { file, format, now: Date.now() });
    if (!one) throw new StudioError('tracker-unknown', `${file} has no loss`, { file });
    return one;
  });
  return storeAll([...whole, ...imported]);
}

/** Logs of the studio itself and of the exported train.py, with what lies beside them, by their paths. */
async function studioLogs(files: readonly LogFile[]): Promise<Map<string, ImportedRun>> {
  const found = new Map<string, ImportedRun>();
  for (const { file, path } of files) {
    if (!path.endsWith('.jsonl') || file.size > LARGEST_LOG) continue;
    const log = await studioLogOf(path, file);
    if (!log) continue;
    const beside = async (name: string) => {
      const other = files.find((one) => one.path === parentOf(path) + name);
      return other
        ? other.file.text().then(
            (text) => JSON.parse(text) as unknown,
            () => null,
          )
        : null;
    };
    const changes = allChanges(log, readChanges(await beside('changes.json').catch(() => null)));
    const recipe = logRecipe(log, await beside('recipe.json').catch(() => null));
    const name = parentOf(path).split('/').filter(Boolean).at(-1) ?? file.name.replace(/\.[^.]+$/, '');
    const run = studioRun(log, { recipe, changes }, { name, file: path, now: Date.now() });
    if (!run) throw new StudioError('tracker-unknown', `${path} has no loss`, { file: path });
    found.set(path, run);
  }
  return found;
}

/** All or none of them. */
async function storeAll(imported: readonly ImportedRun[]): Promise<RunRecord[]> {
  const stored: RunRecord[] = [];
  try {
    for (const run of imported) stored.push(await storeImportedRun(run));
    return stored;
  } catch (error) {
    for (const { id } of stored) await removeStored(id).catch(() => undefined);
    throw error;
  }
}

/** Trackio's metrics; its table of settings has no steps and is passed over. */
export async function parquetRuns({ file, path }: LogFile): Promise<FoundRun[]> {
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: await file.arrayBuffer(), compressors });
  } catch (error) {
    throw new StudioError('tracker-unknown', `${path}: ${error instanceof Error ? error.message : String(error)}`, { file: path });
  }
  if (rows.length > 0 && !('step' in rows[0]!)) return [];
  return readTrackioRows(file.name.replace(/\.[^.]+$/, ''), rows).runs.map((run) => ({ run, file: path, format: 'trackio' as const }));
}

async function eventRun(folder: string, logs: readonly LogFile[]): Promise<FoundRun> {
  // Their names hold the second at which they were begun.
  const ordered = [...logs].sort((one, other) => one.file.name.localeCompare(other.file.name, 'en', { numeric: true }));
  const events: ScalarEvent[] = [];
  for (const { file, path } of ordered)
    for (const event of await readEventFile(new Uint8Array(await file.arrayBuffer()), path)) events.push(event);
  const name = folder.split('/').filter(Boolean).at(-1) ?? ordered[0]!.file.name;
  return { run: runOfEvents(name, events), file: ordered[0]!.path, format: 'tensorboard' };
}
