/**
 * The data pipeline: measures every row in nested workers, decides over all of them, and streams the kept ones out. Rows are read two to
 * six times and never held; what is held is some 300 bytes a row (twice that while columns grow) until all is decided, and the runs of
 * tokens of held-out rows.
 */
import { StudioError } from '../../../src/core/errors';
import { NO_ROW } from '../../../src/core/corpus/filter-log';
import { judgedText, type Row } from '../../../src/core/corpus/row';
import { BATCH_ROWS, eachBatch, type NumberedRow, type Pass } from './passes';
import { joinByComparison, bandsFor, Clusters, joinNearDuplicates } from './minhash-dedup';
import type { PipelineOptions, PipelineResult, RunPipeline } from './passes';
import type { PipelinePhase } from '../../../src/contract/corpus';
import { balance } from './balance';
import { Decisions } from './decide';
import { MeasuredRows } from './measured-rows';
import { measuredSteps, type RowBatch } from './measure';
import { overlapTable, PROBE } from './overlap';
import { channelReports, notesOn, Samples } from './summary';
import { RowTeam } from './team';
import { writeRows } from './write-rows';

/** Texts whose loss is asked for at a time. */
const LOSSES = 64;

export const runPipeline: RunPipeline = async (options) => {
  const { workers, channels, settings } = options;
  const team = await RowTeam.open(workers, { channels, settings });
  try {
    return await run(options, team);
  } finally {
    team.close();
  }
};

/** With a team of one's own, which stays open. */
export async function run(options: PipelineOptions, team: RowTeam): Promise<PipelineResult> {
  const { channels, settings, signal, onProgress, batchRows = BATCH_ROWS } = options;
  const begun = performance.now();
  const times = new Times();
  let total: number | null = null;
  // Records are judged by their words, and written as they are.
  const judged = () => judgedRows(options.rows());
  const pass = (phase: PipelinePhase): Pass => ({
    phase,
    rows: phase === 'write' ? options.rows : judged,
    total,
    batchRows,
    signal,
    onProgress,
  });

  // Channels with given held-out rows draw none; they are known once all rows have been seen.
  const gathered = new MeasuredRows(settings.seed, settings.split.most);
  const given = new Set<number>();
  const numbers = new Map(channels.map(({ id }, at) => [id, at]));
  total = await eachBatch(
    pass('measure'),
    team.width,
    () => true,
    async (batch) => {
      const columns = columnsOf(batch, numbers);
      return { columns, measured: await team.next().measure(columns) };
    },
    ({ columns, measured }) => {
      columns.given.forEach((flag, at) => flag === 1 && given.add(columns.channels[at]!));
      gathered.add(measured, columns.channels, columns.given);
    },
  );
  measuredSteps.forEach((step, at) => times.add(step, gathered.seconds[at]!));

  const filterLog = gathered.filterLog(channels);
  const facts = gathered.facts();
  const decisions = new Decisions(filterLog, facts, channels, settings);
  decisions.dropEmpty();
  decisions.dropExactDuplicates();
  const pairsEstimated = settings.minhashDedup.enabled
    ? await dropNearDuplicates(gathered, decisions, pass('compare'), team, options, times)
    : 0;
  decisions.dropUnfit();
  const drawn = new Set(channels.map((_, at) => at).filter((at) => !given.has(at)));
  decisions.split(drawn);
  const cuts = await times.of('overlap', () => dropOverlaps(gathered, decisions, pass('decontaminate'), team, options));
  decisions.select(gathered.density);
  decisions.sample();
  const balanced = balance(decisions, facts, channels, settings, options.sources ?? []);

  const losses =
    settings.order.kind === 'curriculum' && options.documentLoss
      ? await times.of('difficulty', () => documentLosses(options, decisions, pass('difficulty')))
      : null;
  const positions = decisions.positions(losses);
  const samples = new Samples(filterLog, settings.seed);
  const written = await times.of('write', () =>
    writeRows(pass('write'), settings, channels, { filterLog, positions, cuts, times: balanced.times }, samples.all(), options.sink),
  );
  const reports = channelReports(channels, settings, filterLog, samples, written, balanced.parts);
  const timings = { wall: (performance.now() - begun) / 1000, workers: options.workers, steps: times.list() };
  return { report: { settings, channels: reports, notes: notesOn(reports, filterLog, settings, pairsEstimated), timings }, filterLog };
}

async function* judgedRows(rows: AsyncIterable<readonly Row[]>): AsyncGenerator<readonly Row[]> {
  for await (const chunk of rows) yield chunk.some(({ kind }) => kind) ? chunk.map((row) => ({ ...row, text: judgedText(row) })) : chunk;
}

function columnsOf(batch: readonly NumberedRow[], numbers: ReadonlyMap<string, number>): RowBatch {
  return {
    texts: batch.map(({ row }) => row.text),
    channels: Uint8Array.from(batch, ({ row }) => {
      const channel = numbers.get(row.channel);
      if (channel === undefined) throw new StudioError('internal', `Row of an unknown channel: ${row.channel}`, { detail: row.channel });
      return channel;
    }),
    given: Uint8Array.from(batch, ({ row }) => (row.heldOut ? 1 : row.pseudo ? 2 : 0)),
  };
}

async function dropNearDuplicates(
  gathered: MeasuredRows,
  decisions: Decisions,
  pass: Pass,
  team: RowTeam,
  { settings: { minhashDedup } }: PipelineOptions,
  times: Times,
): Promise<number> {
  const { rows } = decisions.filterLog;
  const clusters = new Clusters(rows);
  const kept: number[] = [];
  for (let row = 0; row < rows; row++) if (decisions.kept(row)) kept.push(row);
  const { doubtful, estimated } = await times.of('pairs', async () =>
    joinNearDuplicates(
      Uint32Array.from(kept),
      gathered.signed(),
      bandsFor(minhashDedup.threshold).count,
      minhashDedup.threshold,
      decisions.group(minhashDedup.scope),
      clusters,
    ),
  );
  const unheld =
    doubtful.length > 0 ? await times.of('compare', () => joinByComparison(pass, team, doubtful, minhashDedup.threshold, clusters)) : 0;
  decisions.dropNearDuplicates(clusters);
  return estimated + unheld;
}

/** Train rows that share a run of tokens with a held-out row or a probe: returns what is to be cut out of those that stay. */
async function dropOverlaps(
  gathered: MeasuredRows,
  decisions: Decisions,
  pass: Pass,
  team: RowTeam,
  { settings, probes }: PipelineOptions,
): Promise<Map<number, Uint32Array>> {
  const cuts = new Map<number, Uint32Array>();
  if (!settings.decontaminate.enabled) return cuts;
  const { filterLog } = decisions;
  const held = new Set<number>();
  for (let row = 0; row < filterLog.rows; row++) if (decisions.kept(row) && filterLog.heldOut[row]) held.add(row);
  // A row that was held out so that its channel has one was not expected to be, and its runs were not kept.
  const late = [...held].filter((row) => !decisions.given(row) && !decisions.isDrawn(row));
  if (late.length > 0)
    await eachBatch(
      pass,
      team.width,
      (row) => late.includes(row),
      (batch) => team.next().runs(batch.map(({ row }) => row.text)),
      (found, batch) => found.forEach((runs, at) => runs && gathered.runs.set(batch[at]!.number, runs)),
    );
  const texts = [...held].flatMap((owner) => {
    const runs = gathered.runs.get(owner);
    return runs ? [{ owner, runs }] : [];
  });
  for (const runs of await team.next().runs([...probes])) if (runs) texts.push({ owner: PROBE, runs });
  if (texts.length === 0) return cuts;
  const table = overlapTable(texts, settings.decontaminate.tokens);
  gathered.runs.clear();
  await team.all((member) => member.lookFor(table));
  await eachBatch(
    pass,
    team.width,
    (row) => decisions.keptTrain(row),
    (batch) => team.next().overlaps(batch.map(({ row }) => row.text)),
    (overlaps, batch) =>
      overlaps.forEach((overlap, at) => {
        if (!overlap) return;
        const row = batch[at]!.number;
        const probe = overlap.owner === PROBE;
        filterLog.other[row] = probe ? NO_ROW : overlap.owner;
        filterLog.overlapAt[row] = overlap.at;
        // Of a record no passage is cut.
        if (overlap.cuts && !batch[at]!.row.kind) {
          cuts.set(row, overlap.cuts);
          filterLog.cutBytes[row] = filterLog.bytes[row]! - overlap.bytes;
          filterLog.bytes[row] = overlap.bytes;
        } else decisions.drop(row, 'decontaminate', probe ? 'in-probe' : 'in-held-out');
      }),
  );
  return cuts;
}

async function documentLosses({ documentLoss }: PipelineOptions, decisions: Decisions, pass: Pass): Promise<Float32Array> {
  const losses = new Float32Array(decisions.filterLog.rows);
  await eachBatch(
    pass,
    1,
    (row) => decisions.keptTrain(row),
    async (batch) => {
      for (let first = 0; first < batch.length; first += LOSSES) {
        const some = batch.slice(first, first + LOSSES);
        const found = await documentLoss!(some.map(({ row }) => row.text));
        some.forEach(({ number }, at) => (losses[number] = found[at]!));
      }
    },
    () => undefined,
  );
  return losses;
}

class Times {
  private readonly steps = new Map<string, number>();

  add(step: string, seconds: number): void {
    this.steps.set(step, (this.steps.get(step) ?? 0) + seconds);
  }

  async of<T>(step: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.add(step, (performance.now() - begun) / 1000);
    }
  }

  list(): { step: string; seconds: number }[] {
    return [...this.steps].map(([step, seconds]) => ({ step, seconds }));
  }
}
