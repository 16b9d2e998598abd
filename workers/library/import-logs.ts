/** Logs of training elsewhere and runs of other studios, read by what is in them and stored as runs. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { documentRun, parseRunFile, parseRunLink } from '../../src/core/run/run-file';
import type { RunRecord } from '../../src/core/run/types';
import { deriveSeed } from '../../src/core/rng/rng';
import { StudioError } from '../../src/core/errors';
import { readEventFile } from '../../src/core/trackers/event-file';
import { importedRun, type ImportedRun } from '../../src/core/trackers/imported-run';
import type { LogFormat, Point, TrackedRun } from '../../src/core/trackers/tracked-run';
import { readTextLog, readTrackioRows } from '../../src/core/trackers/tracker-logs';
import { listRuns, removeStored, storeImportedRun } from '../storage/runs';

/** A log of a million steps with ten series is about this long. */
const LARGEST = 512 * 2 ** 20;

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

/** A TFRecord's length is below 2³² and the next bytes of an event are the wall time's; no text begins so. */
async function isEventFile({ file, path }: LogFile): Promise<boolean> {
  const head = await magic(file, 0, 13);
  return path.includes('tfevents') || (head.length === 13 && head.subarray(4, 8).every((byte) => byte === 0) && head[12] === 9);
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
  for (const log of files) {
    const { file, path } = log;
    if (file.size > LARGEST)
      throw new StudioError('file-too-large', `${path} is ${file.size} bytes`, { file: path, bytes: file.size, limit: LARGEST });
    if (await isRunFile(file)) whole.push(documentRun(parseRunFile(path, new Uint8Array(await file.arrayBuffer())), path));
    else if (await isParquet(file)) found.push(...(await parquetRuns(log)));
    else if (await isEventFile(log)) {
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
async function parquetRuns({ file, path }: LogFile): Promise<FoundRun[]> {
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: await file.arrayBuffer(), compressors });
  } catch (error) {
    throw new StudioError('tracker-unknown', `${path}: ${error instanceof Error ? error.message : String(error)}`, { file: path });
  }
  if (rows.length > 0 && !('step' in rows[0]!)) return [];
  return readTrackioRows(file.name.replace(/\.[^.]+$/, ''), rows).runs.map((run) => ({ run, file: path, format: 'trackio' as const }));
}

/** Files of a folder follow each other in time: a run that was resumed writes a new one, and what it says of a step replaces the former. */
async function eventRun(folder: string, logs: readonly LogFile[]): Promise<FoundRun> {
  const series = new Map<string, Point[]>();
  // Their names hold the second at which they were begun.
  const ordered = [...logs].sort((one, other) => one.file.name.localeCompare(other.file.name, 'en', { numeric: true }));
  for (const { file, path } of ordered)
    for (const { tag, ...point } of await readEventFile(new Uint8Array(await file.arrayBuffer()), path)) {
      const points = series.get(tag) ?? [];
      while ((points.at(-1)?.step ?? -1) >= point.step) points.pop();
      points.push(point);
      series.set(tag, points);
    }
  const name = folder.split('/').filter(Boolean).at(-1) ?? ordered[0]!.file.name;
  return { run: { name, config: null, series }, file: ordered[0]!.path, format: 'tensorboard' };
}
