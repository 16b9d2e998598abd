/** The pipeline in a real worker with workers of its own, over starter text: the same rows as in one thread. */
import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../../src/core/text/documents';
import { pipelineSettingsSchema } from '../../../src/core/corpus/settings';
import type { KeptRow, PipelineChannel, Row } from '../../../src/core/corpus/row';
import type { PipelineResult } from './passes';
import { runPipeline } from './run';

const channels: PipelineChannel[] = [
  { id: 'zh', role: 'general', language: 'zh' },
  { id: 'en', role: 'general', language: 'en' },
  { id: 'domain', role: 'domain', language: 'en' },
];

async function starterRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { id } of channels) {
    const text = await (await fetch(`/corpora/${id}.eval.txt`)).text();
    splitDocuments(text, '\n\n').forEach((document, at) => rows.push({ text: document, channel: id, source: id, line: at + 1 }));
  }
  return rows;
}

async function pipeline(rows: Row[], workers: number): Promise<{ kept: KeptRow[]; result: PipelineResult; phases: Set<string> }> {
  const kept: KeptRow[] = [];
  const phases = new Set<string>();
  const result = await runPipeline({
    async *rows() {
      for (let at = 0; at < rows.length; at += 100) yield rows.slice(at, at + 100);
    },
    channels,
    settings: pipelineSettingsSchema.parse({ order: { kind: 'shuffled' } }),
    probes: [rows[5]!.text],
    workers,
    batchRows: 40,
    onProgress: ({ phase }) => phases.add(phase),
    signal: new AbortController().signal,
    sink: { write: (some) => void kept.push(...some) },
  });
  return { kept, result, phases };
}

describe('workers of the pipeline', () => {
  it('give the rows and the filter log that one thread gives', async () => {
    const rows = await starterRows();
    expect(rows.length).toBe(127 + 202 + 55);
    const alone = await pipeline(rows, 0);
    expect(alone.kept.length).toBeGreaterThan(200);
    expect([...alone.phases]).toEqual(['measure', 'decontaminate', 'write']);
    for (const workers of [1, 3]) {
      const together = await pipeline(rows, workers);
      expect(together.kept).toEqual(alone.kept);
      expect(together.result.filterLog).toEqual(alone.result.filterLog);
      expect({ ...together.result.report, timings: null }).toEqual({ ...alone.result.report, timings: null });
    }
  });
});
