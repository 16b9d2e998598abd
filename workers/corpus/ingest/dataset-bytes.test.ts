/** Files at a hub, read in ranges within a budget; the parquet files are pyarrow's (e2e/parity/make_parquet_fixtures.py). */
import { expose } from 'comlink';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { FileChoice } from '../../../src/contract/ingest';
import { DatasetBytes } from './dataset-bytes';
import { inspectSource } from './inspect';
import { BEGINNING, readRows } from './read-rows';

const parquet = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../e2e/parity/fixtures/parquet/${name}.parquet`, import.meta.url)));
const ports: MessagePort[] = [];
afterEach(() => ports.splice(0).forEach((port) => port.close()));

/** A hub with one file, and how many bytes it was asked for. */
function hubWith(bytes: Uint8Array) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const asked = { bytes: 0, times: 0 };
  const range = async (_: string, from: number, to: number) => {
    asked.bytes += to - from;
    asked.times++;
    return bytes.slice(from, to).buffer;
  };
  expose({ range }, port1);
  return { dataset: new DatasetBytes(port2), asked };
}

/** Looked at, then read within a budget, as an ingest does. */
async function read(name: string, bytes: Uint8Array, budget: number, choice: FileChoice = {}) {
  const { dataset, asked } = hubWith(bytes);
  const source = dataset.source(name, { remote: name, size: bytes.length, lastModified: 0 });
  const looked = await inspectSource(source, choice);
  const look = asked.bytes;
  dataset.looking = false;
  dataset.budget = budget;
  const again = await inspectSource(source, { ...choice, ...(looked.plan?.textField && { textField: looked.plan.textField }) });
  if (!again.plan) throw again.problem!;
  const found = { texts: [] as string[], bad: [] as unknown[], columns: looked.columns, look, asked, dataset, spent: false };
  for await (const batch of readRows(source, again.plan, choice, BEGINNING)) {
    found.texts.push(...batch.rows.map(({ text }) => text));
    found.bad.push(...batch.bad);
  }
  expect(dataset.fetched).toBe(asked.bytes);
  return { ...found, spent: source.remote!.state.spent };
}

const ROWS = 200;
const numbers = (texts: string[]) => texts.map((text) => Number(text.split(':')[0]));
const firstOnes = (count: number) => Array.from({ length: count }, (_, at) => at);

describe('a data set’s file within a budget', () => {
  it.each(['groups', 'pages', 'indexed'])('is read whole where the budget allows it: %s.parquet', async (name) => {
    const bytes = parquet(name);
    const { texts, columns, spent, asked } = await read(`${name}.parquet`, bytes, Infinity);
    expect(numbers(texts)).toEqual(firstOnes(ROWS));
    expect(columns.map((column) => column.name)).toEqual(['id', 'text', 'url']);
    expect(columns[1]!.values[0]).toMatch(/^0: /);
    expect(spent).toBe(false);
    // The end that is fetched for the footer may hold bytes of the last column.
    expect(asked.bytes).toBeLessThanOrEqual(bytes.length + 16 * 1024);
  });

  it.each(['groups', 'pages', 'indexed'])('gives its first rows, in their order, and fetches no byte more: %s.parquet', async (name) => {
    const whole = parquet(name);
    // Far larger than what a look fetches, so that the reading is what the budget cuts.
    const { texts, spent, asked } = await within(name, whole, 20_000);
    expect(spent).toBe(true);
    expect(texts.length).toBeGreaterThan(20);
    expect(texts.length).toBeLessThan(ROWS);
    expect(numbers(texts)).toEqual(firstOnes(texts.length));
    expect(asked.bytes).toBeLessThanOrEqual(20_000);
  });

  /** The footer is known and counts for nothing: of so small a file it would be most. */
  async function within(name: string, bytes: Uint8Array, budget: number) {
    const { dataset, asked } = hubWith(bytes);
    dataset.looking = false;
    const source = dataset.source(`${name}.parquet`, { remote: name, size: bytes.length, lastModified: 0 });
    const { plan } = await inspectSource(source, { textField: 'text' });
    asked.bytes = dataset.fetched = 0;
    dataset.budget = budget;
    const texts: string[] = [];
    for await (const batch of readRows(source, plan!, {}, BEGINNING)) texts.push(...batch.rows.map(({ text }) => text));
    return { texts, spent: source.remote!.state.spent, asked };
  }

  it('says what the first rows would take, where not even a page fits', async () => {
    const bytes = parquet('pages');
    await expect(within('pages', bytes, 300)).rejects.toMatchObject({ code: 'dataset-budget', values: { bytes: 28_511 } });
  });

  const lines = Array.from({ length: 9000 }, (_, at) => JSON.stringify({ text: `${at}: ${'word '.repeat(20)}`, n: at }));
  const jsonl = new TextEncoder().encode(lines.join('\n'));
  it('ends with the last whole line of JSON Lines, and names no torn one', async () => {
    const { texts, bad, spent, asked } = await read('a.jsonl', jsonl, 600_000);
    expect([spent, bad]).toEqual([true, []]);
    expect(asked.bytes).toBe(600_000);
    expect(numbers(texts)).toEqual(firstOnes(texts.length));
    // All lines that lie wholly within.
    let [whole, length] = [0, 0];
    while ((length += lines[whole]!.length + 1) <= 600_000) whole++;
    expect(texts.length).toBe(whole);
    expect(numbers((await read('a.jsonl', jsonl, Infinity)).texts)).toEqual(firstOnes(lines.length));
  });

  it('ends with the last whole row of a packed file, of CSV with line ends in its fields, and of one JSON array', async () => {
    const random = lines.map((line, at) => line.replace('word', [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => Math.sin(at * 7 + n)).join('')));
    const packed = new Uint8Array(gzipSync(random.join('\n')));
    expect(packed.length).toBeGreaterThan(650_000);
    const gz = await read('a.jsonl.gz', packed, 600_000);
    expect([gz.spent, gz.bad]).toEqual([true, []]);
    expect(gz.texts.length).toBeGreaterThan(1000);
    expect(numbers(gz.texts)).toEqual(firstOnes(gz.texts.length));

    const csv = new TextEncoder().encode(
      `text,n\n${lines.map((_, at) => `"${at}: first line\nsecond, line\n\nthird of ""it"" ${'x'.repeat(80)}",${at}`).join('\n')}\n`,
    );
    for (const budget of [300_000, 300_011, 300_050, 300_090]) {
      const table = await read('a.csv', csv, budget);
      expect([table.spent, table.bad]).toEqual([true, []]);
      expect(numbers(table.texts)).toEqual(firstOnes(table.texts.length));
      expect(table.texts.every((text) => text.endsWith('x'.repeat(80)))).toBe(true);
    }

    const array = await read('a.json', new TextEncoder().encode(`[${lines.join(',\n')}]`), 500_000);
    expect([array.spent, array.bad]).toEqual([true, []]);
    expect(numbers(array.texts)).toEqual(firstOnes(array.texts.length));
    expect(array.texts.length).toBeGreaterThan(1000);
  });

  it('is looked at with little: what was fetched for the look is not fetched again', async () => {
    const { look, asked, texts } = await read('a.jsonl', jsonl, Infinity);
    expect(look).toBeLessThanOrEqual(256 * 1024);
    expect(asked.bytes).toBe(jsonl.length);
    expect(texts.length).toBe(lines.length);
  });

  it('may be begun again after it was cancelled: the looks count, what the former one fetched does not', async () => {
    const { dataset } = hubWith(jsonl);
    const source = dataset.source('a.jsonl', { remote: 'a.jsonl', size: jsonl.length, lastModified: 0 });
    await inspectSource(source, {});
    const look = dataset.fetched;
    for (const _ of [1, 2]) {
      dataset.begin(600_000);
      expect(dataset.left).toBe(600_000 - look);
      const pieces = source.read(0);
      for (let piece = 0; piece < 2; piece++) await pieces.next();
      expect(dataset.fetched).toBeGreaterThan(look);
      dataset.end();
    }
  });
});
