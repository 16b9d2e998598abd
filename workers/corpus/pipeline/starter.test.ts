/**
 * Every tenth document of the four starter channels through the whole pipeline with its default settings. The counts were reviewed row
 * by row (docs/METHOD.md, "What the defaults do to the starter channels"): a change of a rule that moves them must be looked at, not
 * just written down.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decisionOf } from '../../../src/core/corpus/filter-log';
import type { KeptRow, PipelineChannel, Row } from '../../../src/core/corpus/row';
import { defaultPipelineSettings } from '../../../src/core/corpus/settings';
import { splitDocuments } from '../../../src/core/text/documents';
import { runPipeline } from './run';

const channels: PipelineChannel[] = [
  { id: 'zh', role: 'general', language: 'zh' },
  { id: 'en', role: 'general', language: 'en' },
  { id: 'code', role: 'general', language: 'code' },
  { id: 'domain', role: 'domain', language: 'en' },
];
const file = (name: string) => readFileSync(new URL(`../../../public/corpora/${name}`, import.meta.url), 'utf8');

interface Manifest {
  corpora: { id: string; train: string; separator: string }[];
}

it('keeps and drops of the starter channels what a reader would', async () => {
  const manifest = JSON.parse(file('manifest.json')) as Manifest;
  const rows: Row[] = channels.flatMap(({ id }) => {
    const { train, separator } = manifest.corpora.find((corpus) => corpus.id === id)!;
    return splitDocuments(file(train), separator)
      .map((text, at) => ({ text, channel: id, source: train, line: at + 1 }))
      .filter((_, at) => at % 10 === 0);
  });
  const kept: KeptRow[] = [];
  const { report, filterLog } = await runPipeline({
    async *rows() {
      yield rows;
    },
    channels,
    settings: defaultPipelineSettings,
    probes: [],
    workers: 0,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    sink: { write: (some) => void kept.push(...some) },
  });
  const counts = report.channels.map(({ channel, in: all, kept, cut, stages }) => ({
    channel: channel.id,
    in: all.rows,
    train: kept.train.rows,
    heldOut: kept.heldOut.rows,
    cut: cut.rows,
    dropped: stages.flatMap(({ stage, dropped }) => dropped.map(({ reason, rows: count }) => `${stage} ${reason} ${count}`)),
  }));
  expect(counts).toEqual([
    { channel: 'zh', in: 293, train: 271, heldOut: 21, cut: 0, dropped: ['quality repeatedPhrases 1'] },
    { channel: 'en', in: 251, train: 211, heldOut: 22, cut: 0, dropped: ['quality length 17', 'quality symbols 1'] },
    { channel: 'code', in: 26, train: 25, heldOut: 1, cut: 0, dropped: [] },
    { channel: 'domain', in: 84, train: 72, heldOut: 8, cut: 1, dropped: ['quality repeatedPhrases 4'] },
  ]);
  expect(report.notes).toEqual([]);
  // What falls for its length are headings and single lines: "Chapter 13", "Instantly all was commotion."
  const short = rows.filter((_, row) => {
    const { outcome } = decisionOf(filterLog, row);
    return !outcome.kept && outcome.reason === 'length';
  });
  expect(short.every(({ text }) => text.length < 60 && text.split(' ').length < 8)).toBe(true);
  // Every poem stays, though most have fewer than 50 words.
  const poems = rows.map((row, at) => ({ ...row, at })).filter(({ channel, text }) => channel === 'zh' && text.startsWith('《'));
  expect(poems.length).toBeGreaterThan(100);
  expect(poems.every(({ at }) => decisionOf(filterLog, at).outcome.kept)).toBe(true);

  // Words as everybody's \w has them, in strings: no 13 of a held-out row follow one another in train, though they did before.
  const of = (split: string) => kept.filter((row) => row.split === split);
  const heldOut = new Set(of('heldOut').flatMap(({ text }) => thirteens(text)));
  const overlapping = (some: readonly { text: string }[]) =>
    some.filter(({ text }) => thirteens(text).some((run) => heldOut.has(run))).length;
  expect(heldOut.size).toBeGreaterThan(3000);
  expect(overlapping(of('train'))).toBe(0);
  expect(overlapping(rows)).toBeGreaterThan(of('heldOut').length);
});

function thirteens(text: string): string[] {
  const tokens = text.toLowerCase().match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}_])+/gu) ?? [];
  return tokens.slice(0, Math.max(0, tokens.length - 12)).map((_, at) => tokens.slice(at, at + 13).join(' '));
}
