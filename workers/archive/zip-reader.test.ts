import { readFileSync } from 'node:fs';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { archiveLimits, type ArchiveLimits } from './archive';
import { locate, openZip, readDirectory } from './zip-reader';

const fixture = (name: string) => ({ name: `${name}.zip`, blob: new Blob([readFileSync(`e2e/parity/fixtures/zip/${name}.zip`)]) });
/** The limits of a model folder. */
const strict: ArchiveLimits = { ...archiveLimits, entries: 2000, names: 'refuse' };
const small = () => zipSync({ 'a.txt': strToU8('aaaa'), 'b/c.txt': strToU8('cc') }, { level: 0 });
const asFile = (bytes: Uint8Array) => ({ name: 'x.zip', blob: new Blob([bytes.slice()]) });
const refusal = (reason: string, values: object = {}) => ({ code: 'archive-invalid', values: { file: 'x.zip', reason, ...values } });

/** Where the n-th central entry and the end record of a small archive begin. */
function records(bytes: Uint8Array): { entries: number[]; end: number } {
  const find = (signature: number, from: number): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at + 4 <= bytes.length; at += 1) if (view.getUint32(at, true) === signature) return at;
    return -1;
  };
  const first = find(0x02014b50, 0);
  return { entries: [first, find(0x02014b50, first + 4)], end: find(0x06054b50, 0) };
}

describe('the directory of a zip', () => {
  it.each(['plain', 'stream', 'wide'])('is read as Python wrote it: %s', async (name) => {
    const archive = fixture(name);
    const { entries, directory } = await readDirectory(archive);
    expect(entries.map(({ path, method, size, fault }) => [path, method, size, fault])).toEqual([
      ['model/config.json', 8, 340, null],
      ['model/weights.bin', 0, 340, null],
    ]);
    const { begin, end } = await locate(archive, entries[1]!, directory);
    expect(await archive.blob.slice(begin, end).text()).toBe('model/weights.bin'.repeat(20));
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'C:\\a', 'a\\b', '..', 'c:a'])('refuses the name %s', async (name) => {
    await expect(readDirectory(asFile(zipSync({ ok: strToU8('1'), [name]: strToU8('2') })), strict)).rejects.toMatchObject(
      refusal('archive-path', { entry: name }),
    );
  });

  it('takes names with dots that lead nowhere', async () => {
    const { entries } = await readDirectory(asFile(zipSync({ 'a..b/...c': strToU8('1') })), strict);
    expect(entries.map(({ path }) => path)).toEqual(['a..b/...c']);
  });

  it('refuses more entries than a model folder can have', async () => {
    const bytes = zipSync(Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`f${at}`, new Uint8Array()])));
    await expect(readDirectory(asFile(bytes), strict)).rejects.toMatchObject(refusal('archive-entries', { found: 2001, most: 2000 }));
  });

  it.each([
    ['no bytes', () => new Uint8Array()],
    ['no end record', () => small().subarray(0, -1)],
    [
      'a directory beyond the file',
      (bytes = small()) => (new DataView(bytes.buffer).setUint32(records(bytes).end + 16, 0xffff_fff0, true), bytes),
    ],
    ['more entries than there are', (bytes = small()) => (new DataView(bytes.buffer).setUint16(records(bytes).end + 10, 3, true), bytes)],
    [
      'a name longer than the directory',
      (bytes = small()) => (new DataView(bytes.buffer).setUint16(records(bytes).entries[1]! + 28, 999, true), bytes),
    ],
    [
      '64-bit records that are not there',
      (bytes = small()) => (new DataView(bytes.buffer).setUint16(records(bytes).end + 10, 0xffff, true), bytes),
    ],
  ])('refuses %s', async (_, make) => {
    await expect(readDirectory(asFile(make()))).rejects.toMatchObject(refusal('archive-directory'));
  });

  it('finds entries that do not lie where the directory says', async () => {
    const { entries, directory } = await readDirectory(asFile(small()));
    const [first] = entries;
    await expect(locate(asFile(small()), { ...first!, offset: 1 }, directory)).rejects.toMatchObject(refusal('archive-damaged'));
    await expect(locate(asFile(small()), { ...first!, packed: 1e6 }, directory)).rejects.toMatchObject(refusal('archive-damaged'));
  });

  it('answers any broken byte with an error or a reading', async () => {
    const good = small();
    for (let at = 0; at < good.length; at += 1)
      for (const value of [0, 0xff, good[at]! ^ 1]) {
        const bytes = good.slice();
        bytes[at] = value;
        const archive = asFile(bytes);
        await readDirectory(archive)
          .then(async ({ entries, directory }) => {
            for (const entry of entries) await locate(archive, entry, directory);
          })
          .catch((error: unknown) => expect(error).toMatchObject({ code: 'archive-invalid' }));
      }
  });

  it('takes bytes behind the end record, and a backslash as a separator where names are only marked', async () => {
    const bytes = zipSync({ 'a\\b.txt': strToU8('1'), '..\\c.txt': strToU8('2') });
    const { entries } = await readDirectory(asFile(new Uint8Array([...bytes, 10, 10])));
    expect(entries.map(({ path, fault }) => [path, fault?.reason ?? null])).toEqual([
      ['a/b.txt', null],
      ['../c.txt', 'archive-path'],
    ]);
  });
});

describe('the content of a zip', () => {
  const read = async (bytes: Uint8Array, limits?: ArchiveLimits): Promise<string[]> => {
    const archive = await openZip(asFile(bytes), limits);
    const texts: string[] = [];
    const budget = { unpacked: 0, packed: 0 };
    for (const entry of archive.entries) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of archive.read(entry, budget)) parts.push(piece);
      texts.push(await new Blob(parts).text());
    }
    return texts;
  };
  const long = 'text that shrinks '.repeat(200_000);

  it.each([0, 6] as const)('comes back at level %i', async (level) => {
    expect(await read(zipSync({ 'a.txt': strToU8(long), 'b.txt': strToU8('b') }, { level }))).toEqual([long, 'b']);
  });

  it('lies where it is stored', async () => {
    const archive = await openZip(asFile(small()));
    expect(await (await archive.stored(archive.entries[0]!))!.text()).toBe('aaaa');
    const packed = await openZip(asFile(zipSync({ 'a.txt': strToU8('aaaa') }, { level: 6 })));
    expect(await packed.stored(packed.entries[0]!)).toBeNull();
  });

  it.each([
    ['size', 24, 1, 'archive-damaged'],
    ['size', 24, -1, 'archive-longer'],
    ['check sum', 16, 1, 'archive-damaged'],
  ] as const)('is refused for another %s than the directory says', async (_, field, by, reason) => {
    const bytes = zipSync({ 'a.txt': strToU8('some text '.repeat(50)) }, { level: 6 });
    const at = records(bytes).entries[0]! + field;
    const view = new DataView(bytes.buffer);
    view.setUint32(at, view.getUint32(at, true) + by, true);
    await expect(read(bytes)).rejects.toMatchObject(refusal(reason, { entry: 'a.txt' }));
  });

  it('is refused where the compressed bytes are damaged', async () => {
    const bytes = zipSync({ 'a.txt': strToU8('some text '.repeat(50)) }, { level: 6 });
    bytes.fill(0xff, 36, 44);
    await expect(read(bytes)).rejects.toMatchObject(refusal('archive-damaged', { entry: 'a.txt' }));
  });

  it('is refused as a bomb by what is claimed, and by what all entries together come to', async () => {
    const limits = { ...archiveLimits, ratio: 20, ratioFrom: 1000 };
    const bomb = zipSync({ 'zeros.txt': new Uint8Array(100_000) }, { level: 6 });
    await expect(read(bomb, limits)).rejects.toMatchObject(refusal('archive-bomb', { entry: 'zeros.txt', bytes: 100_000 }));
    const parts = zipSync({ a: new Uint8Array(900), b: new Uint8Array(900) }, { level: 6 });
    await expect(read(parts, limits)).rejects.toMatchObject(refusal('archive-bomb', { entry: 'b', bytes: 1800 }));
    await expect(read(zipSync({ a: strToU8(long) }), { ...archiveLimits, unpackedBytes: 1000 })).rejects.toMatchObject(
      refusal('archive-bomb', { entry: 'a' }),
    );
  });
});
