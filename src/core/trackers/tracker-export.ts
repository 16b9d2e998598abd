/**
 * A run as files of trackers: TensorBoard's event file, W&B's history with a script that uploads it, Trackio's parquet tables. Each format has
 * what its own tools read, and no more.
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { plainFileName } from '../text/file-name';
import { writeEventFile, type ScalarEvent } from './event-file';
import type { Point, TrackedRun, TrackerFormat } from './tracked-run';

export interface TrackerFile {
  /** Path inside the archive. */
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** @param id of the run, by which a tracker knows it again @param at epoch milliseconds of its beginning */
export function trackerFiles(run: TrackedRun, id: string, at: number, format: TrackerFormat): Promise<TrackerFile[]> {
  switch (format) {
    case 'tensorboard':
      return tensorboardFiles(run, at);
    case 'wandb':
      return Promise.resolve(wandbFiles(run, id, at));
    case 'trackio':
      return Promise.resolve(trackioFiles(run, id, at));
  }
}

const settings = ({ config }: TrackedRun) => utf8(`${JSON.stringify(config ?? {}, null, 2)}\n`);

async function tensorboardFiles(run: TrackedRun, at: number): Promise<TrackerFile[]> {
  const events: ScalarEvent[] = [...run.series].flatMap(([tag, points]) => points.map((point) => ({ tag, ...point })));
  events.sort((one, other) => one.time - other.time || one.step - other.step);
  const folder = plainFileName(run.name, 'run');
  // TensorBoard takes any file of a folder with "tfevents" in its name; the folder is the run.
  const file = `events.out.tfevents.${String(Math.floor(at / 1000)).padStart(10, '0')}.crossfade`;
  return [
    { path: `${folder}/${file}`, bytes: await writeEventFile(events, at) },
    { path: `${folder}/config.json`, bytes: settings(run) },
  ];
}

interface Logged {
  step: number;
  time: number;
  values: Map<string, number>;
}

/** All numbers of a step together, in the order of the steps. */
function stepsOf({ series }: TrackedRun): Logged[] {
  const steps = new Map<number, Logged>();
  const at = ({ step, time }: Point): Logged => {
    const known = steps.get(step) ?? { step, time, values: new Map<string, number>() };
    steps.set(step, known);
    return known;
  };
  for (const [tag, points] of series) for (const point of points) at(point).values.set(tag, point.value);
  return [...steps.values()].sort((one, other) => one.step - other.step);
}

/** JSON has no NaN: it is written by its name, as W&B does. */
const plain = (value: number) => (Number.isFinite(value) ? value : String(value));

const UPLOADER = (
  project: string,
  name: string,
  id: string,
) => `"""Uploads the run beside this file to Weights & Biases: pip install wandb; wandb login; python upload.py"""
import json
from pathlib import Path

import wandb

here = Path(__file__).parent
config = json.loads((here / "config.json").read_text(encoding="utf-8"))
with wandb.init(project=${JSON.stringify(project)}, name=${JSON.stringify(name)}, id=${JSON.stringify(id)}, resume="allow", config=config) as run:
    for line in (here / "wandb-history.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        run.log({tag: float(value) for tag, value in row.items() if not tag.startswith("_")}, step=row["_step"])
`;

function wandbFiles(run: TrackedRun, id: string, at: number): TrackerFile[] {
  const lines = stepsOf(run).map(({ step, time, values }) =>
    JSON.stringify({
      _step: step,
      _timestamp: time / 1000,
      _runtime: Math.max(0, time - at) / 1000,
      ...Object.fromEntries([...values].map(([tag, value]) => [tag, plain(value)])),
    }),
  );
  const folder = plainFileName(run.name, 'run');
  return [
    { path: `${folder}/wandb-history.jsonl`, bytes: utf8(lines.map((line) => `${line}\n`).join('')) },
    { path: `${folder}/config.json`, bytes: settings(run) },
    { path: `${folder}/upload.py`, bytes: utf8(UPLOADER('crossfade', run.name, id)) },
  ];
}

const PROJECT = 'crossfade';

/**
 * A project's tables as Trackio's own export writes them, a column a tag: laid into its folder, `SQLiteStorage.import_from_parquet` takes
 * them in.
 */
function trackioFiles(run: TrackedRun, id: string, at: number): TrackerFile[] {
  const rows = stepsOf(run);
  const iso = (time: number) => new Date(time).toISOString();
  const table = (columns: Parameters<typeof parquetWriteBuffer>[0]['columnData']) =>
    new Uint8Array(parquetWriteBuffer({ columnData: columns }));
  const same = (value: string, count = rows.length) => Array.from({ length: count }, () => value);
  const metrics = table([
    { name: 'id', data: rows.map((_, row) => BigInt(row + 1)), type: 'INT64' },
    { name: 'run_id', data: same(id), type: 'STRING' },
    { name: 'timestamp', data: rows.map(({ time }) => iso(time)), type: 'STRING' },
    { name: 'run_name', data: same(run.name), type: 'STRING' },
    { name: 'step', data: rows.map(({ step }) => BigInt(step)), type: 'INT64' },
    ...[...run.series.keys()].map((tag) => ({
      name: tag,
      data: rows.map(({ values }) => values.get(tag) ?? null),
      type: 'DOUBLE' as const,
      nullable: true,
    })),
  ]);
  const settingsOf = Object.entries(run.config ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const typeOf = (value: unknown): 'DOUBLE' | 'BOOLEAN' | 'STRING' =>
    typeof value === 'number' ? 'DOUBLE' : typeof value === 'boolean' ? 'BOOLEAN' : 'STRING';
  const configs = table([
    { name: 'id', data: [1n], type: 'INT64' },
    { name: 'run_id', data: [id], type: 'STRING' },
    { name: 'run_name', data: [run.name], type: 'STRING' },
    ...settingsOf.map(([name, value]) => ({
      name,
      data: [typeOf(value) === 'STRING' ? String(value) : value] as (string | number | boolean)[],
      type: typeOf(value),
    })),
    { name: 'created_at', data: [iso(at)], type: 'STRING' },
  ]);
  return [
    { path: `${PROJECT}.parquet`, bytes: metrics },
    { path: `${PROJECT}_configs.parquet`, bytes: configs },
  ];
}
