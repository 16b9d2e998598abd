/**
 * A sweep as files: its plan, every recipe, a table of runs and one of curves, and a fit where there is one. The page and `npm run experiment`
 * write the same zip; pandas reads it by `PANDAS`, and the table of runs is one that the import of measured runs takes.
 */
import { strToU8, Zip, ZipDeflate } from 'fflate';
import type { MeasuredRun } from '../laws/measured-runs';
import type { Column } from './columns';
import { measuredRuns, type SweepRecord, type SweepResult, type SweepRun } from './record';

export type ArchivedSweep = Pick<SweepRecord, 'name' | 'plan' | 'channels' | 'base' | 'size' | 'runs'>;

export interface ArchivedFile {
  name: string;
  /** In pieces, so that a large table need not be one text; bytes of what is no text. */
  text: Iterable<string | Uint8Array>;
}

/** What a person types to read the zip; also a file in it. */
export const PANDAS = [
  'import pandas as pd, zipfile',
  'files = zipfile.ZipFile("sweep.zip")',
  'runs, curves = (pd.read_csv(files.open(name)) for name in ("runs.csv", "curves.csv"))',
].join('\n');

/** As pandas and RFC 4180 read a cell: nothing for what is missing, quotes where they are needed. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
const line = (cells: readonly unknown[]) => `${cells.map(cell).join(',')}\n`;

/** A number that is none would become null. Resamples of a fit are many and of use to nobody else. */
const plain = (value: unknown) =>
  JSON.stringify(
    value,
    (key, inner: unknown) => (key === 'draws' ? undefined : typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner),
    2,
  );

/** Fields of a setting that stand in columns of their own already. */
const OWN_COLUMNS = /^(mixture|domainShare|tokens|budget\.steps|schedule\.peakLr|schedule\.warmup\.value|channels\..+\.share)$/;

/** Waiting and dropped runs have no figures; one that waits at a rung has none of its end. */
const hasEnded = ({ measured, state }: SweepRun) => measured !== null || state === 'finished' || state === 'stopped' || state === 'failed';

/** Of a run that could not be started. */
const NO_RESULT: SweepResult = { steps: 0, tokens: 0, losses: {}, heldOut: {}, train: {}, seconds: 0, device: '' };

/** As the laws read runs; one that a rung ended has the tokens that it was trained for. */
function measuredOf(run: SweepRun, size: number | null): MeasuredRun | null {
  const { result, state } = run;
  const [read] = measuredRuns({ runs: [{ ...run, state: 'finished', result: result ?? NO_RESULT }], size });
  return read && state === 'stopped' && result ? { ...read, tokens: result.tokens } : (read ?? null);
}

/** The base's losses first, then a row a run. */
function* runsTable({ channels, runs, base, size }: ArchivedSweep): Generator<string> {
  const ids = channels.map(({ id }) => id);
  const told = runs.filter(hasEnded);
  const settings = [...new Set(told.flatMap(({ setting }) => Object.keys(setting)))].filter((field) => !OWN_COLUMNS.test(field));
  // Of runs that were measured elsewhere.
  const more = (['size', 'epochs'] as const).filter(
    (field) => (field === 'size' && size !== null) || told.some(({ measured }) => measured && measured[field] !== null),
  );
  const failed = told.some(({ error }) => error !== null);
  const shares = ids.map((id) => `share_${id}`);
  const losses = ids.map((id) => `loss_${id}`);
  yield line([
    'run',
    'seed',
    ...settings,
    'lr',
    'warmup',
    'tokens',
    ...more,
    ...shares,
    ...losses,
    'state',
    'steps',
    'seconds',
    'device',
    ...(failed ? ['error'] : []),
  ]);
  const none = (many: readonly unknown[]) => many.map(() => '');
  yield line([
    'base',
    '',
    ...none(settings),
    '',
    '',
    '',
    ...more.map((field) => (field === 'size' ? size : '')),
    ...none(ids),
    ...ids.map((id) => base[id]),
    '',
    '',
    '',
    '',
    ...(failed ? [''] : []),
  ]);
  for (const run of told) {
    const { index, setting, state, result, error, recipe } = run;
    const read = measuredOf(run, size);
    const shareOf = (id: string) => read?.shares[id] ?? recipe?.channels.find((channel) => channel.id === id)?.share;
    const lossOf = (id: string) => {
      const loss = read ? read.losses[id] : state === 'failed' ? Infinity : undefined;
      return loss === undefined || Number.isFinite(loss) ? loss : 'nan';
    };
    yield line([
      run.measured?.name ?? index,
      read ? read.seed : run.seed,
      ...settings.map((field) => setting[field]),
      read ? read.lr : recipe?.schedule.peakLr,
      read?.warmup,
      read?.tokens,
      ...more.map((field) => read?.[field]),
      ...ids.map(shareOf),
      ...ids.map(lossOf),
      state,
      result?.steps,
      result?.seconds.toFixed(1),
      result?.device,
      ...(failed ? [error?.code] : []),
    ]);
  }
}

/** A row a point: run, "train" or "held-out", channel, step, nats per token. */
function* curvesTable({ runs }: ArchivedSweep): Generator<string> {
  yield line(['run', 'kind', 'channel', 'step', 'loss']);
  for (const { index, result, measured } of runs.filter(hasEnded))
    for (const [kind, curves] of [
      ['train', result?.train],
      ['held-out', result?.heldOut],
    ] as const)
      for (const [channel, { x, y }] of Object.entries(curves ?? {}))
        yield x.map((step, at) => line([measured?.name ?? index, kind, channel, step, y[at]])).join('');
}

/** All files of the zip. @param fit laws and recommendation, where they were fitted */
export function* sweepFiles(sweep: ArchivedSweep, fit: unknown = null): Generator<ArchivedFile> {
  const { plan, name, channels, base, size } = sweep;
  // With its channels and base where there is no plan to tell them.
  yield { name: 'sweep.json', text: [plain(plan ?? { name, channels, base, size })] };
  yield { name: 'runs.csv', text: runsTable(sweep) };
  yield { name: 'curves.csv', text: curvesTable(sweep) };
  if (fit !== null) yield { name: 'fit.json', text: [plain(fit)] };
  for (const { index, recipe } of sweep.runs) if (recipe) yield { name: `recipes/${index}.json`, text: [plain(recipe)] };
  yield { name: 'read.py', text: [`${PANDAS}\n`] };
}

/** A table of these columns and rows as CSV, under the columns' ids. */
export function columnsCsv(columns: readonly Column[], rows: readonly number[], names: (row: number) => string): string {
  return [
    line(['run', ...columns.map(({ id }) => id)]),
    ...rows.map((row) => line([names(row), ...columns.map(({ values }) => values[row])])),
  ].join('');
}

/** Characters that are packed at a time: some milliseconds of work. */
const PIECE = 1 << 16;

/** Packs the files piece by piece. @param rest called between pieces, so that a page stays alive */
export async function zipFiles(
  files: Iterable<ArchivedFile> | AsyncIterable<ArchivedFile>,
  rest: () => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const out: Uint8Array<ArrayBuffer>[] = [];
  const faults: Error[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) faults.push(error);
    else out.push(chunk);
  });
  for await (const { name, text } of files) {
    const entry = new ZipDeflate(name, { level: 6 });
    zip.add(entry);
    let waiting = '';
    for (const piece of text) {
      if (typeof piece !== 'string') {
        for (let at = 0; at < piece.length; at += PIECE, await rest()) entry.push(piece.subarray(at, at + PIECE), false);
        continue;
      }
      waiting += piece;
      for (; waiting.length >= PIECE; await rest()) {
        // Not between the halves of a surrogate pair.
        const end = /[\uD800-\uDBFF]/.test(waiting[PIECE - 1]!) ? PIECE - 1 : PIECE;
        entry.push(strToU8(waiting.slice(0, end)), false);
        waiting = waiting.slice(end);
      }
    }
    entry.push(strToU8(waiting), true);
    await rest();
  }
  zip.end();
  const [fault] = faults;
  if (fault) throw fault;
  return out;
}
