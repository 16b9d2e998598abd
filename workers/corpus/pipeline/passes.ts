/**
 * The pipeline's input and output, and a pass over its rows: batches that are worked on side by side and whose results are used in order.
 * The pipeline has no storage of its own.
 */
import type { PipelineProgress, PipelinePhase } from '../../../src/contract/corpus';
import type { FilterLog } from '../../../src/core/corpus/filter-log';
import type { PipelineReport } from '../../../src/core/corpus/report';
import type { KeptRow, PipelineChannel, Row } from '../../../src/core/corpus/row';
import type { PipelineSettings } from '../../../src/core/corpus/settings';

/** Where kept rows go, in the order of the stream, augmented copies last. What a sink throws ends the run. */
export interface PipelineSink {
  write(rows: KeptRow[]): Promise<void> | void;
}

export interface PipelineOptions {
  /** All raw rows, in chunks of any size. Called once for each pass, two to six times, and must give the same each time. */
  rows(): AsyncIterable<readonly Row[]>;
  channels: readonly PipelineChannel[];
  settings: PipelineSettings;
  /** Texts that no train row may overlap with: probes, other evaluation text. */
  probes: readonly string[];
  /** Loss of each text under the base, in nats per token: the difficulty of a curriculum. Without it, length and term density. */
  documentLoss?: (texts: string[]) => Promise<ArrayLike<number>>;
  /** Nested workers; 0 works in this thread. Results do not depend on it. */
  workers: number;
  /** Rows sent to a worker at a time, at most; results do not depend on it. 1024 where it is absent. */
  batchRows?: number;
  onProgress(progress: PipelineProgress): void;
  signal: AbortSignal;
  sink: PipelineSink;
  /** Where the rows of each source stand in the stream, for shares by source. */
  sources?: readonly { id: string; firstRow: number; rows: number }[];
}

export interface PipelineResult {
  report: PipelineReport;
  filterLog: FilterLog;
}

/** @throws StudioError `cancelled`; what rows(), documentLoss and the sink throw comes through as it is */
export type RunPipeline = (options: PipelineOptions) => Promise<PipelineResult>;

/** A batch ends with the row that reaches either. */
const UNITS = 256 * 1024;
export const BATCH_ROWS = 1024;
/** Milliseconds between two reports. */
const REPORT = 200;

export interface NumberedRow {
  number: number;
  row: Row;
}

export interface Pass {
  phase: PipelinePhase;
  rows(): AsyncIterable<readonly Row[]>;
  total: number | null;
  batchRows: number;
  signal: AbortSignal;
  onProgress(progress: PipelineProgress): void;
}

/**
 * Reads all rows once. `work` gets batches of those that are wanted, `width` of them under way at most; `take` gets its results in the
 * order of the stream. Returns the number of rows read.
 */
export async function eachBatch<Result>(
  pass: Pass,
  width: number,
  wanted: (number: number) => boolean,
  work: (batch: NumberedRow[]) => Promise<Result>,
  take: (result: Result, batch: NumberedRow[]) => void | Promise<void>,
): Promise<number> {
  const underWay: { result: Promise<Result>; batch: NumberedRow[] }[] = [];
  const begun = performance.now();
  let reported = begun;
  let number = 0;
  let units = 0;
  let batch: NumberedRow[] = [];
  let batchUnits = 0;
  const report = () => {
    reported = performance.now();
    const unitsPerSecond = (1000 * units) / Math.max(1, reported - begun);
    pass.onProgress({ phase: pass.phase, rows: number, total: pass.total, units, unitsPerSecond });
  };
  const settle = async () => {
    const first = underWay.shift()!;
    await take(await first.result, first.batch);
    pass.signal.throwIfAborted();
    if (performance.now() - reported >= REPORT) report();
  };
  const dispatch = async () => {
    const result = work(batch);
    // Looked at when its turn comes; until then a failure is not unheard of.
    result.catch(() => undefined);
    underWay.push({ result, batch });
    [batch, batchUnits] = [[], 0];
    if (underWay.length >= width) await settle();
  };
  for await (const chunk of pass.rows()) {
    for (const row of chunk) {
      units += row.text.length;
      if (wanted(number)) {
        batch.push({ number, row });
        batchUnits += row.text.length;
      }
      number++;
      if (batch.length >= pass.batchRows || batchUnits >= UNITS) await dispatch();
    }
    pass.signal.throwIfAborted();
  }
  if (batch.length > 0) await dispatch();
  while (underWay.length > 0) await settle();
  report();
  return number;
}
