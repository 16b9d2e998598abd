/** The page that pipeline.mjs drives. */
import { wrap } from 'comlink';
import type { PipelineBench } from './api';

export interface PipelineSpeed {
  workers: number;
  bytes: number;
  rows: number;
  /** Rows of train and held-out that were kept. */
  kept: number;
  /** Seconds on the clock, and of the processor over all of the browser's threads (0 where the system does not tell). */
  wall: number;
  processor: number;
  steps: { step: string; seconds: number }[];
}

async function benchPipeline(megabytes: number, workers: number[]): Promise<PipelineSpeed[]> {
  const remote = wrap<PipelineBench>(new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' }));
  // Everything is compiled by a small run first.
  await remote.prepare(Math.min(4, megabytes));
  for (const count of workers) await remote.run(count);
  const { bytes, rows } = await remote.prepare(megabytes);
  const speeds: PipelineSpeed[] = [];
  for (const count of workers) {
    const before = await window.processorSeconds();
    const report = await remote.run(count);
    // Workers that have ended are still counted by the process they were threads of.
    const processor = (await window.processorSeconds()) - before;
    const kept = report.channels.reduce((sum, { kept: { train, heldOut } }) => sum + train.rows + heldOut.rows, 0);
    speeds.push({ workers: count, bytes, rows, kept, wall: report.timings.wall, processor, steps: report.timings.steps });
  }
  return speeds;
}

declare global {
  interface Window {
    benchPipeline: typeof benchPipeline;
  }
}
window.benchPipeline = benchPipeline;
