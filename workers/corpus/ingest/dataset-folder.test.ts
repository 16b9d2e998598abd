/** A folder as `Dataset.save_to_disk` of Hugging Face datasets 5.2 leaves it: e2e/parity/make_ingest_fixtures.py. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { blobSource } from './byte-source';
import { inspectSource } from './inspect';
import { BEGINNING, readRows } from './read-rows';
import { skipReason } from './row-reader';

const folder = new URL('../../../e2e/parity/fixtures/ingest/', import.meta.url);

it('gives the rows of its shards, and its descriptions are no text', async () => {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
  const rows: string[] = [];
  const left: string[] = [];
  for (const path of paths) {
    const source = blobSource(path, new Blob([new Uint8Array(readFileSync(path))]));
    const { plan, problem } = await inspectSource(source, {});
    if (plan) for await (const batch of readRows(source, plan, {}, BEGINNING)) rows.push(...batch.rows.map(({ text }) => text));
    else left.push(skipReason(problem));
  }
  const texts = Array.from({ length: 12 }, (_, at) => `第${at}行 row ${at}, said “${'word '.repeat(at % 4)}”`);
  // The folder of the test split comes first.
  expect(rows).toEqual([...texts.slice(9), ...texts.slice(0, 9)]);
  expect(left).toEqual(Array.from({ length: 5 }, () => 'metadata'));
});

it('leaves the results of earlier steps and keeps other files of these names', async () => {
  const problem = async (name: string, text: string) => (await inspectSource(blobSource(name, new Blob([text])), {})).problem?.code ?? null;
  expect(await problem('saved/cache-0123456789abcdef.arrow', 'ARROW1')).toBe('file-metadata');
  expect(await problem('us/state.json', '[{"text":"Ohio"}]')).toBeNull();
});
