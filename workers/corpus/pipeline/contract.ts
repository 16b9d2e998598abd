import type { PipelineProgress } from '../../../src/contract/corpus';
/** What the pipeline needs from outside, and what it gives back. It has no storage of its own. */
import type { PipelineLedger } from '../../../src/core/corpus/ledger';
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
}

export interface PipelineResult {
  report: PipelineReport;
  ledger: PipelineLedger;
}

/** @throws StudioError `cancelled`; what rows(), documentLoss and the sink throw comes through as it is */
export type RunPipeline = (options: PipelineOptions) => Promise<PipelineResult>;
