/** Files of every kind that Python's libraries write, against what they read from them: e2e/parity/make_ingest_fixtures.py. */
import { readFileSync } from 'node:fs';
import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FileChoice } from '../../../src/contract/ingest';
import { blobSource, type ByteSource } from './byte-source';
import { inspectFile, inspectSource } from './inspect';
import { BEGINNING, readRows, type ReadMark } from './read-rows';

interface Case {
  name: string;
  file: string;
  base64: string;
  /** The base64 is that of the file packed with zlib. */
  zlib?: boolean;
  /** Null: see the other fields. */
  texts: string[] | null;
  encoding?: string;
  packing?: string | null;
  channel?: string[];
  /** What the person says. */
  choice?: FileChoice;
  columns?: string[];
  undecodable?: number;
  nuls?: number;
  bad?: [number, string][];
  /** What was read is kept, and where the file is torn is told. `least`: rows that stand before. */
  torn?: boolean;
  least?: number;
  /** The reason, or the code, with which it is refused. */
  refused?: string;
  lengths?: number[];
  crcs?: number[];
}

const cases = JSON.parse(readFileSync(new URL('../../../e2e/parity/fixtures/ingest.json', import.meta.url), 'utf8')) as Case[];

function bytesOf({ base64, zlib }: Case): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(base64, 'base64');
  return new Uint8Array(zlib ? inflateSync(bytes) : bytes);
}

/** Gives its bytes in pieces of a size, so that borders fall everywhere. */
function inPieces(path: string, bytes: Uint8Array<ArrayBuffer>, piece: number): ByteSource {
  return {
    ...blobSource(path, new Blob([bytes])),
    async *read(from) {
      for (let at = from; at < bytes.length; at += piece) yield bytes.slice(at, at + piece);
    },
  };
}

async function read(source: ByteSource, choice: FileChoice = {}, from: ReadMark = BEGINNING) {
  const { plan, problem } = await inspectSource(source, choice);
  if (!plan) throw problem!;
  const all = { plan, texts: [] as string[], channels: [] as (string | null)[], bad: [] as [number, string][], undecodable: 0, nuls: 0 };
  const marks: { mark: ReadMark; rows: number }[] = [];
  for await (const batch of readRows(source, plan, choice, from)) {
    for (const { text, channel } of batch.rows) {
      all.texts.push(text);
      all.channels.push(channel);
    }
    for (const { line, reason } of batch.bad) all.bad.push([line, reason]);
    all.undecodable += batch.undecodable;
    all.nuls += batch.nuls;
    marks.push({ mark: batch.mark, rows: all.texts.length });
  }
  return { ...all, marks };
}

/** A window of 128 MiB, which is set up for every reading. */
const LARGE_WINDOW = 'zstd --long=27';

describe('files as Python writes them', () => {
  it.each(cases.map((found) => [found.name, found] as const))('%s', async (_, expected) => {
    const bytes = bytesOf(expected);
    const source = blobSource(expected.file, new Blob([bytes]));
    // Python joins what the studio may read as records: those have tests of their own.
    const choice: FileChoice = { records: null, ...expected.choice, ...(expected.channel && { channelField: 'channel' }) };
    if (expected.refused !== undefined) {
      const error: unknown = await read(source, choice).catch((thrown: unknown) => thrown);
      const { code, values } = error as { code: string; values: Record<string, unknown> };
      expect([code, values['reason']]).toContain(expected.refused);
      return;
    }
    const found = await read(source, choice);
    if (expected.texts) expect(found.texts).toEqual(expected.texts);
    if (expected.lengths) expect(found.texts.map((text) => text.length)).toEqual(expected.lengths);
    if (expected.crcs) expect(found.texts.map((text) => crc32(text))).toEqual(expected.crcs);
    if (expected.encoding) expect(found.plan.encoding).toBe(expected.encoding);
    if (expected.undecodable !== undefined) expect(found.undecodable).toBe(expected.undecodable);
    if (expected.nuls !== undefined) expect(found.nuls).toBe(expected.nuls);
    if (expected.channel) expect([...new Set(found.channels)]).toEqual(expect.arrayContaining(expected.channel));
    if (expected.torn) {
      expect(found.bad.at(-1)?.[1]).toBe('torn');
      expect(found.texts.length).toBeGreaterThanOrEqual(expected.least ?? 1);
    } else if (expected.bad) expect(found.bad).toEqual(expected.bad);
    const inspected = await inspectFile(new File([bytes], expected.file), expected.file, choice);
    expect(inspected.problem).toBeNull();
    if (expected.packing !== undefined) expect(inspected.packing).toBe(expected.packing);
    if (expected.columns) expect(inspected.columns.map(({ name }) => name)).toEqual(expected.columns);
    // What a person sees before is the beginning of what is read.
    if (inspected.preview[0] !== undefined && inspected.inside === null)
      expect(found.texts[0]!.trim().slice(0, 20)).toBe(inspected.preview[0].trim().slice(0, 20));
  });

  it.each(cases.filter(({ texts, zlib, name }) => texts && !zlib && name !== LARGE_WINDOW).map((found) => [found.name, found] as const))(
    '%s, in small pieces and from every place where reading may go on',
    async (_, expected) => {
      const bytes = bytesOf(expected);
      const whole = await read(inPieces(expected.file, bytes, bytes.length > 2000 ? 83 : 7), { records: null, ...expected.choice });
      expect(whole.texts).toEqual(expected.texts);
      const marks = new Map(whole.marks.map(({ mark, rows }) => [JSON.stringify(mark), { mark, rows }]));
      for (const { mark, rows } of [...marks.values()].slice(0, 6))
        expect((await read(inPieces(expected.file, bytes, 61), { records: null, ...expected.choice }, mark)).texts).toEqual(
          expected.texts!.slice(rows),
        );
    },
  );
});
