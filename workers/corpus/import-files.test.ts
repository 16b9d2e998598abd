/** What an import in one step keeps, drops and holds out: the pipeline under its settings. */
import { describe, expect, it } from 'vitest';
import type { KeptRow } from '../../src/core/corpus/row';
import { cutDocument, importSettings } from './import-files';
import { run } from './pipeline/run';
import { memberHere, RowTeam } from './pipeline/team';

async function imported(documents: readonly string[]): Promise<{ train: string[]; heldOut: string[]; duplicates: number }> {
  const channels = [{ id: 'mine', role: 'domain', language: null }] as const;
  const team = new RowTeam([memberHere()]);
  await team.all((member) => member.open({ channels, settings: importSettings }));
  const kept: KeptRow[] = [];
  const { report } = await run(
    {
      async *rows() {
        yield documents.map((text, at) => ({ text, channel: 'mine', source: 'a.txt', line: at + 1 }));
      },
      channels,
      settings: importSettings,
      probes: [],
      workers: 0,
      onProgress: () => undefined,
      signal: new AbortController().signal,
      sink: { write: (rows) => void kept.push(...rows) },
    },
    team,
  );
  const side = (split: KeptRow['split']) => kept.filter((row) => row.split === split).map(({ text }) => text);
  const stages = report.channels[0]!.stages.filter(({ dropped }) => dropped.length > 0);
  expect(stages.every(({ stage }) => stage === 'exactDedup')).toBe(true);
  return { train: side('train'), heldOut: side('heldOut'), duplicates: documents.length - kept.length };
}

const many = Array.from({ length: 5000 }, (_, at) => `document number ${at}`);

describe('an import in one step', () => {
  it('holds about a tenth out: within 4 standard deviations of a fair draw', async () => {
    const { heldOut, train } = await imported(many);
    expect(Math.abs(heldOut.length - 500)).toBeLessThan(4 * Math.sqrt(5000 * 0.1 * 0.9));
    expect(train.length + heldOut.length).toBe(5000);
  });

  it('holds a tenth out of any number of documents', async () => {
    const { heldOut } = await imported(Array.from({ length: 60_000 }, (_, at) => `line ${at}`));
    expect(heldOut.length).toBeGreaterThan(5500);
  });

  it('holds the same documents out whatever else is there', async () => {
    const all = new Set((await imported(many)).heldOut);
    const half = many.filter((_, at) => at % 2 === 0);
    expect((await imported(half)).heldOut).toEqual(half.filter((document) => all.has(document)));
  });

  it('holds nothing out that is trained on, however often it is repeated', async () => {
    const { train, heldOut, duplicates } = await imported([...many, ...many]);
    expect(duplicates).toBe(5000);
    expect(train.some((document) => heldOut.includes(document))).toBe(false);
  });

  it('has both sides with two documents already', async () => {
    for (const documents of [
      ['a', 'b'],
      ['x', 'y', 'z'],
      ['1', '2'],
    ]) {
      const { train, heldOut } = await imported(documents);
      expect(train.length).toBeGreaterThan(0);
      expect(heldOut.length).toBeGreaterThan(0);
    }
  });

  it('keeps every document as it is and in its order, but for exact duplicates', async () => {
    const documents = [
      'short',
      'Short',
      '  spaced \t\n\n\n end  ',
      'e\u0301 stays decomposed\u200b',
      '13800138000 a@b.example',
      '{}{}{}%%%%',
      'the same words again and again '.repeat(40),
      `${'the same words again and again '.repeat(40)}.`,
      'short',
    ];
    const { train, heldOut, duplicates } = await imported(documents);
    expect(duplicates).toBe(1);
    expect([...train, ...heldOut].sort()).toEqual(documents.slice(0, -1).sort());
    expect(train).toEqual(documents.slice(0, -1).filter((document) => train.includes(document)));
  });

  it('cuts a single document at a line: its last tenth is held out', () => {
    const lines = Array.from({ length: 100 }, (_, at) => `line ${String(at).padStart(3, '0')}`);
    const { train, heldOut } = cutDocument(lines.join('\n'));
    expect(train.split('\n')).toEqual(lines.slice(0, 90));
    expect(heldOut.split('\n')).toEqual(lines.slice(90));
    expect(cutDocument('one line')).toEqual({ train: 'one line', heldOut: '' });
  });
});
