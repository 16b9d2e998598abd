import { readFileSync } from 'node:fs';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { locate, readDirectory } from './zip-directory';

const fixture = (name: string) => new File([readFileSync(`e2e/parity/fixtures/zip/${name}.zip`)], `${name}.zip`);
const small = () => zipSync({ 'a.txt': strToU8('aaaa'), 'b/c.txt': strToU8('cc') }, { level: 0 });
const asFile = (bytes: Uint8Array) => new File([bytes.slice()], 'x.zip');
const refusal = (reason: string, values: object = {}) => ({ code: 'zip-invalid', values: { file: 'x.zip', reason, ...values } });

/** Where the n-th central entry and the end record of a small archive begin. */
function records(bytes: Uint8Array): { entries: number[]; end: number } {
  const at = (signature: number, from: number): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let place = from; place + 4 <= bytes.length; place += 1) if (view.getUint32(place, true) === signature) return place;
    return -1;
  };
  const first = at(0x02014b50, 0);
  return { entries: [first, at(0x02014b50, first + 4)], end: at(0x06054b50, 0) };
}

describe('the directory of a zip', () => {
  it.each(['plain', 'stream', 'wide'])('is read as Python wrote it: %s', async (name) => {
    const archive = fixture(name);
    const { entries, directory } = await readDirectory(archive);
    expect(entries.map(({ path, method, size, encrypted }) => [path, method, size, encrypted])).toEqual([
      ['model/config.json', 8, 340, false],
      ['model/weights.bin', 0, 340, false],
    ]);
    const { begin, end } = await locate(archive, entries[1]!, directory);
    expect(await archive.slice(begin, end).text()).toBe('model/weights.bin'.repeat(20));
  });

  it.each(['../a', 'a/../../b', '/etc/passwd', 'C:\\a', 'a\\b', '..', 'c:a'])('refuses the name %s', async (name) => {
    await expect(readDirectory(asFile(zipSync({ ok: strToU8('1'), [name]: strToU8('2') })))).rejects.toMatchObject(
      refusal('zip-path', { entry: name }),
    );
  });

  it('takes names with dots that lead nowhere', async () => {
    const { entries } = await readDirectory(asFile(zipSync({ 'a..b/...c': strToU8('1') })));
    expect(entries.map(({ path }) => path)).toEqual(['a..b/...c']);
  });

  it('refuses more entries than a model folder can have', async () => {
    const bytes = zipSync(Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`f${at}`, new Uint8Array()])));
    await expect(readDirectory(asFile(bytes))).rejects.toMatchObject(refusal('zip-entries', { found: 2001, most: 2000 }));
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
    await expect(readDirectory(asFile(make()))).rejects.toMatchObject(refusal('zip-none'));
  });

  it('finds entries that do not lie where the directory says', async () => {
    const { entries, directory } = await readDirectory(asFile(small()));
    const [first] = entries;
    await expect(locate(asFile(small()), { ...first!, offset: 1 }, directory)).rejects.toMatchObject(refusal('zip-damaged'));
    await expect(locate(asFile(small()), { ...first!, packed: 1e6 }, directory)).rejects.toMatchObject(refusal('zip-damaged'));
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
          .catch((error: unknown) => expect(error).toMatchObject({ code: 'zip-invalid' }));
      }
  });
});
