import { expose } from 'comlink';
import { defaultPipelineSettings } from '../../../src/core/corpus/settings';
import type { Row } from '../../../src/core/corpus/row';
import { runPipeline } from '../../../workers/corpus/pipeline/run';
import type { PipelineBench } from './api';
import { benchChannels, benchRows } from './text';

let rows: Row[] = [];

const bench: PipelineBench = {
  async prepare(megabytes) {
    const made = await benchRows(megabytes);
    rows = made.rows;
    return { bytes: made.bytes, rows: rows.length };
  },

  async run(workers) {
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

expose(bench);
