import { describe, expect, it } from 'vitest';
import { splitDocuments } from '../../src/core/text/documents';
import { checkFile, parseFile } from './parse';
import { cutDocument, packDocuments, separatorFor, splitHeldOut } from './split';

const utf8 = (text: string) => new TextEncoder().encode(text);
const error = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (thrown) {
    return thrown;
  }
};

describe('files to documents', () => {
  it('parts text at blank lines, with either line end and a byte order mark', () => {
    expect(parseFile('a.txt', utf8('\uFEFFone\r\ntwo\r\n\r\n\r\nthree\n')).documents).toEqual(['one\ntwo', 'three']);
    expect(parseFile('A.MD', utf8('# 标题\n\n正文')).documents).toEqual(['# 标题', '正文']);
  });

  it('reads the text field of JSON Lines, and counts and names bad lines', () => {
    const lines = ['{"text":"one\\n\\nstill one"}', '', '{"text":3}', '{"text":', 'null', '{"text":" \\n"}', '{"text":"two"}'];
    const { documents, badLines } = parseFile('a.jsonl', utf8(lines.join('\r\n')));
    expect(documents).toEqual(['one\n\nstill one', 'two']);
    expect(badLines.map(({ file, line }) => [file, line])).toEqual([
      ['a.jsonl', 3],
      ['a.jsonl', 4],
      ['a.jsonl', 5],
      ['a.jsonl', 6],
    ]);
    expect(badLines.every(({ detail }) => detail.length > 0)).toBe(true);
  });

  it('refuses what it cannot use, by name', () => {
    expect(error(() => parseFile('latin.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9)))).toMatchObject({
      code: 'file-unsupported',
      values: { file: 'latin.txt', accepted: 'UTF-8' },
    });
    expect(error(() => parseFile('blank.txt', utf8(' \n\n \t\n')))).toMatchObject({ code: 'text-empty', values: { file: 'blank.txt' } });
    expect(error(() => parseFile('bad.jsonl', utf8('{}\n[]\n')))).toMatchObject({ code: 'text-empty' });
    expect(error(() => checkFile({ name: 'a.pdf', size: 10 }))).toMatchObject({ code: 'file-unsupported' });
    expect(error(() => checkFile({ name: 'a.txt', size: 0 }))).toMatchObject({ code: 'text-empty' });
    expect(error(() => checkFile({ name: 'a.txt', size: 11 }, 10))).toMatchObject({
      code: 'file-too-large',
      values: { bytes: 11, limit: 10 },
    });
  });
});

describe('held-out text', () => {
  const many = Array.from({ length: 5000 }, (_, at) => `document number ${at}`);

  it('is about a tenth: within 4 standard deviations of a fair draw', () => {
    const { heldOut, train } = splitHeldOut(many);
    expect(Math.abs(heldOut.length - 500)).toBeLessThan(4 * Math.sqrt(5000 * 0.1 * 0.9));
    expect(train.length + heldOut.length).toBe(5000);
  });

  it('is the same whatever else is there', () => {
    const all = new Set(splitHeldOut(many).heldOut);
    const half = many.filter((_, at) => at % 2 === 0);
    expect(splitHeldOut(half).heldOut).toEqual(half.filter((document) => all.has(document)));
  });

  it('never stands in the training text, however often it is repeated', () => {
    const { train, heldOut, duplicates } = splitHeldOut([...many, ...many]);
    expect(duplicates).toBe(5000);
    expect(train.some((document) => heldOut.includes(document))).toBe(false);
  });

  it('is there with two documents already', () => {
    for (const documents of [
      ['a', 'b'],
      ['x', 'y', 'z'],
      ['1', '2'],
    ]) {
      const { train, heldOut } = splitHeldOut(documents);
      expect(train.length).toBeGreaterThan(0);
      expect(heldOut.length).toBeGreaterThan(0);
    }
  });

  it('is the end of a single document, cut at a line', () => {
    const lines = Array.from({ length: 100 }, (_, at) => `line ${String(at).padStart(3, '0')}`);
    const { train, heldOut } = cutDocument(lines.join('\n'));
    expect(train[0]?.split('\n')).toEqual(lines.slice(0, 90));
    expect(heldOut[0]?.split('\n')).toEqual(lines.slice(90));
    expect(cutDocument('one line')).toEqual({ train: ['one line'], heldOut: [], duplicates: 0 });
  });
});

describe('the stored text', () => {
  it('gives back the same documents, blank lines in them included', async () => {
    const documents = ['a\n\n\nb', 'c', 'd\n\ne\n\n\n\nf'];
    const separator = separatorFor(documents);
    expect(separator).toBe('\n'.repeat(5));
    const { bytes } = await packDocuments(documents, separator);
    expect(splitDocuments(new TextDecoder().decode(bytes), separator)).toEqual(documents);
  });
});
