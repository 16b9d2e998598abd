/** Documents made by Python's libraries, against the text that they were made of: e2e/parity/make_document_fixtures.py. */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { StudioError } from '../../../../src/core/errors';
import { blobSource } from '../byte-source';
import { inspectSource } from '../inspect';
import { BEGINNING, readRows } from '../read-rows';
import { DOCUMENT_LIMITS, type Losses } from './document';

interface Case {
  name: string;
  file: string;
  zlib: string;
  text?: string;
  losses?: Losses;
  /** The reason, or the code, with which it is refused. */
  refused?: string;
}

const fixtures = new URL('../../../../e2e/parity/fixtures/documents.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixtures, 'utf8')) as Case[];
const bytesOf = ({ zlib }: Case) => new Uint8Array(inflateSync(Buffer.from(zlib, 'base64')));

async function read(path: string, bytes: Uint8Array<ArrayBuffer>) {
  const source = blobSource(path, new Blob([bytes]));
  const { plan, problem, preview } = await inspectSource(source, {});
  if (!plan) throw problem!;
  const all = { texts: [] as string[], losses: {} as Losses, skipped: [] as string[], preview };
  for await (const batch of readRows(source, plan, {}, BEGINNING)) {
    all.texts.push(...batch.rows.map(({ text }) => text));
    for (const [loss, count] of Object.entries(batch.losses ?? {})) if (count > 0) all.losses[loss as keyof Losses] = count;
    all.skipped.push(...batch.skipped.map((skipped) => `${skipped.path}: ${skipped.reason}`));
  }
  return all;
}

describe('documents', () => {
  it.each(cases.map((found) => [found.name, found] as const))('%s', async (_, given) => {
    if (given.refused !== undefined) {
      const error = (await read(given.file, bytesOf(given)).catch((thrown: unknown) => thrown)) as StudioError;
      expect([error.code, error.values?.['reason']]).toContain(given.refused);
      return;
    }
    const { texts, losses, preview } = await read(given.file, bytesOf(given));
    expect(texts).toEqual([given.text]);
    expect(losses).toEqual(given.losses);
    expect(given.text!.startsWith(preview[0]!.slice(0, 100))).toBe(true);
  });

  it('lie in a zip as other files do, one text a file, and those that cannot be read are named', async () => {
    const named = (name: string) => bytesOf(cases.find(({ file }) => file === name)!);
    const inside = ['table.pdf', 'meadow.docx', 'rivers.epub', 'scan.pdf', 'locked.pdf', 'entities.docx'];
    const zip = zipSync(Object.fromEntries(inside.map((name) => [name, named(name)])));
    const { texts, skipped } = await read('all.zip', new Uint8Array(zip));
    expect(texts).toEqual(inside.slice(0, 3).map((name) => cases.find(({ file }) => file === name)!.text));
    expect(skipped).toEqual(['all.zip/scan.pdf: no-text', 'all.zip/locked.pdf: encrypted', 'all.zip/entities.docx: unreadable']);
  });

  it('larger than can be held are refused by their size', async () => {
    const blob = { size: DOCUMENT_LIMITS.bytes + 1, slice: () => new Blob(['%PDF-1.7']) } as unknown as Blob;
    const { problem } = await inspectSource(blobSource('large.pdf', blob), {});
    expect(problem?.values).toMatchObject({ reason: 'document-bytes', limit: DOCUMENT_LIMITS.bytes });
  });
});
