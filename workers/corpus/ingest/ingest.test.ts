/** Readers of every file kind, on files made here; what is expected is written out by hand. */
import { readFileSync } from 'node:fs';
import { gzipSync as nativeGzip } from 'node:zlib';
import { gzipSync, zipSync, strToU8 } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BadRow, FileChoice, SkippedFile } from '../../../src/contract/ingest';
import { blobSource, type ByteSource } from './byte-source';
import { htmlText } from './html-text';
import { inspectFile, inspectSource } from './inspect';
import { BEGINNING, readRows, type ReadMark } from './read-rows';
import { detectEncoding } from './encoding';
import { archiveLimits } from '../../archive/archive';

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A source that gives its bytes in pieces of this size, so that borders fall everywhere. */
function inPieces(path: string, bytes: Uint8Array, piece: number): ByteSource {
  const whole = blobSource(path, new Blob([new Uint8Array(bytes)]));
  return {
    ...whole,
    async *read(from) {
      for (let at = from; at < bytes.length; at += piece) yield bytes.slice(at, at + piece);
    },
  };
}

interface Read {
  rows: { text: string; channel: string | null; line: number }[];
  bad: Omit<BadRow, 'path'>[];
  skipped: SkippedFile[];
  undecodable: number;
  marks: { mark: ReadMark; rows: number }[];
}

async function read(source: ByteSource, choice: FileChoice = {}, from: ReadMark = BEGINNING): Promise<Read> {
  const { plan, problem } = await inspectSource(source, choice);
  if (!plan) throw problem!;
  const all: Read = { rows: [], bad: [], skipped: [], undecodable: 0, marks: [] };
  for await (const batch of readRows(source, plan, choice, from)) {
    all.rows.push(...batch.rows);
    all.bad.push(...batch.bad);
    all.skipped.push(...batch.skipped);
    all.undecodable += batch.undecodable;
    all.marks.push({ mark: batch.mark, rows: all.rows.length });
  }
  return all;
}

const file = (path: string, ...parts: BlobPart[]) => blobSource(path, new Blob(parts));
const texts = async (source: ByteSource, choice?: FileChoice) => (await read(source, choice)).rows.map(({ text }) => text);

describe('plain text', () => {
  it('is split at blank lines, with either line end and a byte order mark', async () => {
    const { rows } = await read(file('a.txt', '\uFEFFone\r\ntwo\r\n\r\n\r\nthree\n'));
    expect(rows).toEqual([
      { text: 'one\r\ntwo', channel: null, line: 1 },
      { text: 'three', channel: null, line: 5 },
    ]);
  });

  it('is one document a line, or one in all, where that is wanted', async () => {
    expect(await texts(file('a.txt', 'one\n\ntwo\nthree'), { documentSeparator: 'lines' })).toEqual(['one', 'two', 'three']);
    expect(await texts(file('a.md', '# 标题\n\n正文\n'))).toEqual(['# 标题\n\n正文\n']);
    expect(await texts(file('a.py', 'def f():\n\n  return 1\n'))).toEqual(['def f():\n\n  return 1\n']);
  });
});

describe('JSON Lines', () => {
  it('gives the text field, and names bad lines', async () => {
    const lines = [
      '{"text":"one\\n\\nstill one"}',
      '',
      '{"text":3}',
      '{"text":',
      'null',
      '{"text":" \\n"}',
      '{"text":"two","channel":"law"}',
    ];
    const { rows, bad } = await read(file('a.jsonl', lines.join('\r\n')), { channelField: 'channel' });
    expect(rows).toEqual([
      { text: 'one\n\nstill one', channel: null, line: 1 },
      { text: 'two', channel: 'law', line: 7 },
    ]);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'field'],
      [4, 'json'],
      [5, 'field'],
      [6, 'empty'],
    ]);
  });

  it('counts a broken line 48,211 and uses all others', async () => {
    const lines = Array.from({ length: 50_000 }, (_, at) => (at === 48_210 ? '{"text": "torn' : `{"text":"row ${at + 1}"}`));
    const { rows, bad } = await read(file('a.jsonl', lines.join('\n')));
    expect(rows).toHaveLength(49_999);
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatchObject({ line: 48_211, reason: 'json' });
  });

  it('leaves out a line of 50 MB without holding it, and uses what stands around it', async () => {
    const mega = 'x'.repeat(2 ** 20);
    const long = ['{"text":"', ...Array.from({ length: 50 }, () => mega), '"}\n'];
    const { rows, bad } = await read(file('a.jsonl', '{"text":"before"}\n', ...long, '{"text":"after"}\n', ...long));
    expect(rows).toEqual([
      { text: 'before', channel: null, line: 1 },
      { text: 'after', channel: null, line: 3 },
    ]);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'too-long'],
      [4, 'too-long'],
    ]);
  });
});

describe('CSV and TSV', () => {
  it('reads quotes, doubled quotes and line ends in quotes', async () => {
    const csv = 'id,text,lang\r\n1,"He said ""no"",\r\nand left",en\r\n\r\n2,plain,zh\r\n3,too,many,fields\r\n4\r\n5,last,';
    const { rows, bad } = await read(file('a.csv', csv), { channelField: 'lang' });
    expect(rows).toEqual([
      { text: 'He said "no",\r\nand left', channel: 'en', line: 2 },
      { text: 'plain', channel: 'zh', line: 5 },
      { text: 'last', channel: null, line: 8 },
    ]);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [6, 'columns'],
      [7, 'columns'],
    ]);
  });

  it('knows tabs and semicolons', async () => {
    expect(await texts(file('a.tsv', 'text\tn\na, b\t1\n'))).toEqual(['a, b']);
    expect(await texts(file('a.csv', 'n;text\n1;a, b\n'))).toEqual(['a, b']);
  });
});

describe('JSON', () => {
  it.each([
    ['an array of objects', '[{"text":"a","n":[1,{"x":"]"}]},\n {"text":"b \\" ]"}]', ['a', 'b " ]']],
    ['an array of strings', '["a", "b, c"]', ['a', 'b, c']],
    ['arrays in an object', '{"version": 2, "train": [{"text":"a"}], "test": [{"text":"b"}]}', ['a', 'b']],
    ['columns', '{"id":[1,2],"text":["a","b"]}', ['a', 'b']],
    ['one record', '{"title":"t","text":"the text"}', ['the text']],
    ['lines of objects', '{"text":"a"}\n{"text":"b"}\n', ['a', 'b']],
  ])('reads %s', async (_, json, expected) => {
    expect(await texts(file('a.json', json), {})).toEqual(expected);
  });

  it('takes channels from a column', async () => {
    const { rows } = await read(file('a.json', '{"text":["a","b"],"channel":["x","y"]}'), { channelField: 'channel' });
    expect(rows.map(({ text, channel }) => [text, channel])).toEqual([
      ['a', 'x'],
      ['b', 'y'],
    ]);
  });

  it.each([
    ['a.json', (rows: object[]) => rows.map((row) => JSON.stringify(row, null, 1)).join('\n')],
    ['a.json', (rows: object[]) => JSON.stringify(rows)],
    ['a.jsonl', (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')],
  ])('reads rows larger than what is looked at: %s', async (name, write) => {
    const long = 'x '.repeat(200_000).trim();
    expect(await texts(file(name, write([{ text: long }, { text: 'two' }])))).toEqual([long, 'two']);
  });

  it('uses the elements around a broken one, and says where the file ends too early', async () => {
    const { rows, bad } = await read(file('a.json', '[{"text":"a"}, {"text":oops}, {"text":"c"}, {"text":"d'));
    expect(rows.map(({ text, line }) => [text, line])).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'json'],
      [4, 'json'],
    ]);
  });
});

describe('HTML', () => {
  it('gives the text without scripts, styles and navigation', async () => {
    const html = `<!doctype html><html><head><title>T</title><style>p { color: red }</style></head><body>
      <nav><a href="/">Home</a></nav><h1>Caf&eacute; &amp; tea</h1><p>One  line,<br>another &#x4E2D;&#25991; &lt;tag&gt;.</p>
      <script>if (a < b) document.write("<p>no</p>")</script><!-- no --><ul><li>first</li><li>a < b</li></ul></body></html>`;
    expect(await texts(file('a.html', html))).toEqual(['Café & tea\n\nOne line,\nanother 中文 <tag>.\n\nfirst\na < b']);
    expect(htmlText('<head><meta charset=utf-8><body>kept')).toBe('kept');
  });
});

describe('encodings', () => {
  const words = '第一段文字，有标点。\n\n第二段。ascii too';
  const expected = ['第一段文字，有标点。', '第二段。ascii too'];
  const utf16 = (text: string, bigEndian: boolean, mark: boolean) => {
    const bytes = new Uint8Array((text.length + (mark ? 1 : 0)) * 2);
    const view = new DataView(bytes.buffer);
    [...(mark ? '\uFEFF' : ''), ...text].forEach((unit, at) => view.setUint16(at * 2, unit.charCodeAt(0), !bigEndian));
    return bytes;
  };
  /** Python: words.encode('gb18030') */
  const gb = Uint8Array.from(atob('tdrSu7bOzsTX1qOs09Cx6rXjoaMKCrXatv62zqGjYXNjaWkgdG9v'), (character) => character.charCodeAt(0));

  it.each([
    ['utf-8', utf8(words)],
    ['utf-8', utf8(`\uFEFF${words}`)],
    ['utf-16le', utf16(words, false, true)],
    ['utf-16be', utf16(words, true, true)],
    ['utf-16le', utf16(words, false, false)],
    ['utf-16be', utf16(words, true, false)],
    ['gb18030', gb],
  ] as const)('%s is detected and read, whatever the borders of its pieces', async (encoding, bytes) => {
    expect(detectEncoding(bytes, true)).toBe(encoding);
    for (const piece of [1, 2, 3, 7, 1000]) expect(await texts(inPieces('a.txt', bytes, piece))).toEqual(expected);
  });

  it('a file that is ASCII for long may turn out to be GB18030', async () => {
    const ascii = 'plain words\n\n'.repeat(30_000);
    const { rows, undecodable } = await read(file('a.txt', ascii, new Uint8Array(gb)));
    expect(undecodable).toBe(0);
    expect(rows.slice(-2).map(({ text }) => text)).toEqual(expected);
  });

  it('the person overrules the guess, and what cannot be decoded is counted', async () => {
    const { rows, undecodable } = await read(file('a.txt', Uint8Array.of(0x61, 0xff, 0xff, 0x62)), { encoding: 'utf-8' });
    expect(rows[0]?.text).toBe('a\uFFFD\uFFFDb');
    expect(undecodable).toBe(2);
  });

  it('bytes are no text', async () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52);
    await expect(read(file('picture.txt', png))).rejects.toMatchObject({ code: 'file-binary', values: { file: 'picture.txt' } });
    const numbers = new Uint8Array(Uint16Array.from({ length: 400 }, (_, at) => at % 20).buffer);
    expect(detectEncoding(numbers, true)).toBeNull();
  });
});

describe('archives', () => {
  const zip = (content: Parameters<typeof zipSync>[0]) => new Uint8Array(zipSync(content));

  it('gives the rows of all files that can be read, and names the others', async () => {
    const bytes = zip({
      'notes/a.txt': strToU8('one\n\ntwo'),
      'rows.jsonl': strToU8('{"body":"three"}\n'),
      'inner.zip': zip({ 'b.csv': strToU8('text\nfour\n'), 'c.zip': zip({ 'd.txt': strToU8('five') }) }),
      'page.html': [strToU8('<p>six</p>'), { level: 0 }],
      'picture.png': strToU8('x'),
      '../../evil.txt': strToU8('seven'),
      'empty.md': strToU8(''),
    });
    const { rows, skipped } = await read(file('all.zip', bytes));
    expect(rows.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four', 'six']);
    expect(skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ['all.zip/inner.zip/c.zip', 'nested'],
      ['all.zip/picture.png', 'kind'],
      ['all.zip/../../evil.txt', 'name'],
      ['all.zip/empty.md', 'empty'],
    ]);
    const inspected = await inspectFile(new File([bytes], 'all.zip'), 'all.zip');
    expect(inspected).toMatchObject({ kind: 'zip', textField: null, inside: { files: 6, kinds: { text: 1, zip: 1, html: 1 } } });
    expect(inspected.columns.map(({ name }) => name)).toEqual(['body']);
  });

  it('reads packed files inside, names stand-ins, and stops at a packed bomb', async () => {
    const bytes = zip({
      'rows.jsonl.gz': gzipSync(strToU8('{"text":"one"}\n')),
      'torn.jsonl.gz': gzipSync(strToU8('{"text":"two"}\n'.repeat(9))).slice(0, -9),
      'pointer.txt': strToU8('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n'),
      'page.csv': strToU8('<!doctype html><p>Sign in</p>'),
      'state.json': strToU8('{"_data_files":[],"_fingerprint":"x"}'),
    });
    const { rows, skipped, bad } = await read(file('all.zip', bytes));
    expect(new Set(rows.map(({ text }) => text))).toEqual(new Set(['one', 'two']));
    expect(bad.map(({ reason }) => reason)).toEqual(['torn']);
    expect(skipped.map(({ reason }) => reason)).toEqual(['pointer', 'web-page', 'metadata']);
    const bomb = nativeGzip(new Uint8Array(33 * 2 ** 20).fill(0x61));
    await expect(read(file('bomb.txt.gz', new Uint8Array(bomb)))).rejects.toMatchObject({ values: { reason: 'archive-bomb' } });
  });

  it('stops at a bomb: by what comes out, and by entries that share their bytes', async () => {
    const bomb = zip({ 'zeros.txt': [new Uint8Array(40 * 2 ** 20).fill(0x61), { level: 6 }] });
    expect((40 * 2 ** 20) / bomb.length).toBeGreaterThan(archiveLimits.ratio);
    await expect(read(file('bomb.zip', bomb))).rejects.toMatchObject({
      code: 'archive-invalid',
      values: { file: 'bomb.zip', reason: 'archive-bomb' },
    });

    const two = zip({ 'a.txt': strToU8('aaaa'), 'b.txt': strToU8('bbbb') });
    const view = new DataView(two.buffer);
    const entries: number[] = [];
    for (let at = 0; at + 4 < two.length; at++) if (view.getUint32(at, true) === 0x02014b50) entries.push(at);
    view.setUint32(entries[1]! + 42, view.getUint32(entries[0]! + 42, true), true);
    await expect(read(file('two.zip', two))).rejects.toMatchObject({ code: 'archive-invalid', values: { reason: 'archive-overlap' } });
  });

  it('says of a torn or locked archive what is wrong', async () => {
    const bytes = zip({ 'a.txt': strToU8('some text '.repeat(500)) });
    await expect(read(file('torn.zip', bytes.slice(0, -30)))).rejects.toMatchObject({ code: 'archive-invalid' });
    await expect(read(file('not.zip', 'PK'))).rejects.toMatchObject({ code: 'archive-invalid', values: { file: 'not.zip' } });
    const locked = bytes.slice();
    for (let at = 0; at + 9 < locked.length; at++)
      if (locked[at] === 0x50 && locked[at + 1] === 0x4b && locked[at + 2] === 1 && locked[at + 3] === 2) locked[at + 8]! |= 1;
    expect((await read(file('locked.zip', locked))).skipped).toMatchObject([{ reason: 'encrypted' }]);
  });
});

describe('parquet', () => {
  it.each(['snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'none'])('as pyarrow writes it with %s', async (codec) => {
    const bytes = readFileSync(new URL(`../../../e2e/parity/fixtures/parquet/${codec}.parquet`, import.meta.url));
    const { rows, bad, marks } = await read(file('a.parquet', new Uint8Array(bytes)), { channelField: 'channel' });
    expect(rows).toHaveLength(24);
    expect(rows[8]).toEqual({ text: 'row 9: 文本 word word word word ', channel: 'news', line: 10 });
    expect(bad).toEqual([{ line: 8, reason: 'field', detail: 'null' }]);
    // Three row groups, each a place to go on from.
    expect(marks.map(({ mark: { offset, rows: after } }) => [offset, after])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    const rest = await read(file('a.parquet', new Uint8Array(bytes)), { channelField: 'channel' }, marks[0]!.mark);
    expect(rest.rows).toEqual(rows.slice(9));
  });
});

describe('what the person says', () => {
  const alpaca = JSON.stringify([{ instruction: 'Say hi', input: '', output: 'hi' }]);

  it('changes the template, joins other columns or takes one', async () => {
    const join = { of: 'columns' as const, fields: ['instruction', 'output'] };
    expect(await texts(file('a.json', alpaca), { join, template: '### {instruction}\n({input})\n{output} {not a name}' })).toEqual([
      '### Say hi\nhi {not a name}',
    ]);
    expect(await texts(file('a.json', alpaca), { textField: 'output' })).toEqual(['hi']);
    expect(await texts(file('a.json', alpaca), { join: null, textField: 'instruction' })).toEqual(['Say hi']);
  });

  it('is what a second look shows', async () => {
    const looked = await inspectFile(new File([alpaca], 'a.json'), 'a.json', { textField: 'output' });
    expect(looked).toMatchObject({ textField: 'output', join: null, template: null, preview: ['hi'] });
    expect(looked.joins).toEqual([
      { of: 'columns', fields: ['instruction', 'input', 'output'], template: 'user: {instruction}\n{input}\nassistant: {output}' },
    ]);
    const latin = new File([Uint8Array.of(0x63, 0xe9)], 'a.txt');
    expect((await inspectFile(latin, 'a.txt')).preview).toEqual(['cé']);
    expect((await inspectFile(latin, 'a.txt', { encoding: 'windows-1251' })).preview).toEqual(['cй']);
  });

  it('names what has no text: lists of numbers and structs are no empty file', async () => {
    const problem = (await inspectFile(new File(['{"ids":[1,2],"meta":{"n":1}}\n'], 'a.jsonl'), 'a.jsonl')).problem;
    expect(problem).toMatchObject({ code: 'field-missing', values: { found: 'ids, meta' } });
  });
});

describe('a look at the beginning', () => {
  it('tells columns, and guesses text and channel', async () => {
    const rows = '{"id":7,"title":"Short","passage_long":"A much longer text than the title has","lang":"en"}\n';
    expect(await inspectFile(new File([rows], 'a.jsonl'), 'a.jsonl')).toMatchObject({
      kind: 'json-lines',
      encoding: 'utf-8',
      textField: 'passage_long',
      channelField: 'lang',
      columns: [{ name: 'id', values: ['7'], text: false }, { name: 'title' }, { name: 'passage_long' }, { name: 'lang', values: ['en'] }],
      preview: ['A much longer text than the title has'],
      problem: null,
    });
  });

  it('says what is wrong before anything is read', async () => {
    const problem = async (name: string, ...parts: BlobPart[]) => (await inspectFile(new File(parts, name), name)).problem;
    expect(await problem('a.xyz', 'text')).toMatchObject({ code: 'file-unsupported' });
    expect(await problem('a.txt')).toMatchObject({ code: 'text-empty' });
    expect(await problem('a.jsonl', '{"n":1}\n')).toMatchObject({ code: 'field-missing', values: { found: 'n' } });
    expect(await problem('a.parquet', 'PAR1 but no more')).toMatchObject({ code: 'parquet-invalid' });
  });
});

describe('going on from a mark', () => {
  const document = fc.stringMatching(/^[a-c文字 ",]{0,12}$/);

  it.each([
    ['a.txt', (parts: string[]) => parts.join('\n\n')],
    ['a.jsonl', (parts: string[]) => parts.map((text) => JSON.stringify({ text })).join('\n')],
    [
      'a.csv',
      (parts: string[]) => ['text', ...parts.map((text) => `"${text.replaceAll('"', '""')}\n${text.replaceAll('"', '')}"`)].join('\n'),
    ],
    ['a.json', (parts: string[]) => JSON.stringify(parts.map((text) => ({ text })))],
  ] as const)('gives exactly the rows that are missing: %s', async (name, write) => {
    await fc.assert(
      fc.asyncProperty(fc.array(document, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 40 }), async (parts, piece) => {
        const bytes = utf8(write(['a first one', ...parts]));
        const choice = name === 'a.txt' ? {} : { textField: 'text' };
        const whole = await read(inPieces(name, bytes, piece), choice);
        expect(whole.rows).toEqual((await read(inPieces(name, bytes, 10_000), choice)).rows);
        for (const { mark, rows } of whole.marks) {
          const rest = await read(inPieces(name, bytes, piece + 3), choice, mark);
          expect([...whole.rows.slice(0, rows), ...rest.rows]).toEqual(whole.rows);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('records', () => {
  const user = (content: string) => ({ role: 'user', content });
  const assistant = (content: string) => ({ role: 'assistant', content });
  const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');

  it('are conversations as canonical JSON; what is none is named by line', async () => {
    const messages = [user('What is fever?'), assistant('A raised temperature.')];
    const source = file(
      'sft.jsonl',
      lines(
        { messages },
        { messages: [user('Anybody?')] },
        { messages: [user('Hi'), user('Hi'), assistant('Yes')] },
        { note: 1 },
        { id: 5, messages },
      ),
    );
    const { rows, bad } = await read(source);
    expect(rows).toEqual([1, 5].map((line) => ({ text: JSON.stringify({ messages }), channel: null, line, kind: 'conversations' })));
    expect(bad.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'no-answer'],
      [3, 'roles'],
      [4, 'form'],
    ]);
    expect(await texts(source, { records: null })).toContain('user: What is fever?\nassistant: A raised temperature.');
  });

  it('are preference pairs with channels, also packed in an archive, read on from every place', async () => {
    const rows = [1, 2, 3].map((at) => ({ prompt: `Q${at}`, chosen: `yes ${at}`, rejected: at === 2 ? `yes ${at}` : 'no', channel: 'a' }));
    const zip = zipSync({ 'pairs/train.jsonl': strToU8(lines(...rows)) });
    const found = await read(file('pairs.zip', new Uint8Array(zip)), { channelField: 'channel' });
    expect(found.rows.map(({ line, channel }) => [line, channel])).toEqual([
      [1, 'a'],
      [3, 'a'],
    ]);
    expect(found.bad).toEqual([{ line: 2, reason: 'equal-pair', detail: 'yes 2' }]);
    expect(found.rows[0]!.text).toBe(
      '{"prompt":[{"role":"user","content":"Q1"}],"chosen":[{"role":"assistant","content":"yes 1"}],"rejected":[{"role":"assistant","content":"no"}]}',
    );
    const pieces = inPieces('pairs.jsonl', utf8(lines(...rows)), 11);
    const whole = await read(pieces);
    for (const { mark, rows: before } of whole.marks) expect((await read(pieces, {}, mark)).rows).toEqual(whole.rows.slice(before));
  });

  it('are labelled texts of a CSV by the names of its columns, or by those chosen', async () => {
    const csv = file('classes.csv', 'id,text,label\n1,"Fever, cough",internal\n2,Broken arm,surgery\n3,Rash,\n');
    const found = await read(csv);
    expect(found.rows.map(({ text }) => text)).toEqual([
      '{"text":"Fever, cough","label":"internal"}',
      '{"text":"Broken arm","label":"surgery"}',
    ]);
    expect(found.bad).toEqual([{ line: 4, reason: 'no-label', detail: 'Rash' }]);
    const other = file('classes.csv', '主诉,科室\n发热,内科\n骨折,外科\n');
    expect(await texts(other, { records: 'labelled', textField: '主诉', labelField: '科室' })).toEqual([
      '{"text":"发热","label":"内科"}',
      '{"text":"骨折","label":"外科"}',
    ]);
    expect((await inspectFile(new File(['主诉,科室\n发热,内科\n'], 'a.csv'), 'a.csv')).recordKinds).toEqual(['labelled']);
  });

  it('are not guessed where a text stands, and refused where the chosen kind is not there', async () => {
    expect(await texts(file('a.jsonl', lines({ text: 'Plain.', prompt: 'p', output: 'o' })))).toEqual(['Plain.']);
    await expect(read(file('a.jsonl', lines({ text: 'Plain.' })), { records: 'preferences' })).rejects.toMatchObject({
      code: 'field-missing',
      values: { field: 'preferences', found: 'text' },
    });
  });
});
