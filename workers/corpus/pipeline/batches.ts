/** The stream of rows as batches that are worked on side by side and whose results are taken in order. */
import { StudioError } from '../../../src/core/errors';
import type { Row } from '../../../src/core/corpus/row';
import type { PipelinePhase, PipelineProgress } from '../../../src/contract/corpus';

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
    if (pass.signal.aborted) throw new StudioError('cancelled', 'Cancelled');
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
    if (pass.signal.aborted) throw new StudioError('cancelled', 'Cancelled');
  }
  if (batch.length > 0) await dispatch();
  while (underWay.length > 0) await settle();
  report();
  return number;
}
