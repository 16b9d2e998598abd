import type { PipelineReport } from '../../../src/core/corpus/report';

/** What the page of the bench asks of its worker. */
export interface PipelineBench {
  /** Makes the rows; bytes of UTF-8, and rows. */
  prepare(megabytes: number): Promise<{ bytes: number; rows: number }>;
  /** The whole pipeline over the rows with this many workers. */
  run(workers: number): Promise<PipelineReport>;
}
