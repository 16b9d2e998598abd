import { expose } from 'comlink';
import { defaultPipelineSettings } from '../../../src/core/corpus/settings';
import type { PipelineReport } from '../../../src/core/corpus/report';
import type { Row } from '../../../src/core/corpus/row';
import { runPipeline } from '../../../workers/corpus/pipeline/run';
import { benchChannels, benchRows } from './text';

let rows: Row[] = [];

const bench = {
  /** Bytes of UTF-8, and rows. */
  async prepare(megabytes: number): Promise<{ bytes: number; rows: number }> {
    const made = await benchRows(megabytes);
    rows = made.rows;
    return { bytes: made.bytes, rows: rows.length };
  },

  async run(workers: number): Promise<PipelineReport> {
    const { report } = await runPipeline({
      async *rows() {
        for (let at = 0; at < rows.length; at += 1000) yield rows.slice(at, at + 1000);
      },
      channels: benchChannels,
      settings: defaultPipelineSettings,
      probes: [],
      workers,
      onProgress: () => undefined,
      signal: new AbortController().signal,
      sink: { write: () => undefined },
    });
    return report;
  },
};

export type PipelineBench = typeof bench;

expose(bench);
