/** What an archive holds: its files by kind, and the columns and first documents of one of them. */
import type { FileChoice, FileKind, InspectedFile } from '../../../src/contract/ingest';
import { ByteReader } from '../../archive/byte-reader';
import { tarEntries, tarFile } from '../../archive/tar-reader';
import { isTorn } from '../../archive/unpack';
import { openZip } from '../../archive/zip-reader';
import type { ArchiveEntry } from '../../archive/archive';
import { blobSource, entrySource, type ByteSource } from './byte-source';
import { inspectSource, type Inspection } from './inspect';
import { kindOf, NEED_ALL, STRUCTURED } from './row-reader';

/** Entries of a tar that are looked at: it has no directory. Those of a packed one are read up to this many bytes. */
const LOOKED_AT = 200;
const LOOKED_INTO = 8 * 2 ** 20;
/** Bytes of an entry that are shown. */
const SHOWN = 256 * 1024;

type Look = Pick<Inspection, 'columns' | 'joins' | 'recordKinds' | 'preview' | 'inside'>;

export async function lookIntoArchive(source: ByteSource, kind: 'zip' | 'tar', choice: FileChoice): Promise<Look> {
  return kind === 'zip' ? lookIntoZip(source, choice) : lookIntoTar(source, choice);
}

async function lookIntoZip(source: ByteSource, choice: FileChoice): Promise<Look> {
  const archive = await openZip({ name: source.path, blob: source.blob! });
  const entries = archive.entries.filter(({ fault }) => fault?.reason !== 'archive-path');
  const shown = bestOf(entries.map((entry) => entry));
  const look = shown && (await inspectSource(entrySource(archive, shown, { unpacked: 0, packed: 0 }), choice));
  return {
    columns: look?.columns ?? [],
    joins: look?.joins ?? [],
    recordKinds: look?.recordKinds ?? [],
    preview: look?.preview ?? [],
    inside: insideOf(entries, true),
  };
}

/** Its first files. The beginning of each that may be shown is kept while the tar goes by. */
async function lookIntoTar(source: ByteSource, choice: FileChoice): Promise<Look> {
  const reader = source.blob ? null : new ByteReader(source.read(0));
  const input = reader ?? tarFile(source.blob!);
  const entries: ArchiveEntry[] = [];
  const heads = new Map<ArchiveEntry, Blob>();
  let all = true;
  try {
    for await (const entry of tarEntries(source.path, input)) {
      if (entry.fault) continue;
      if (isShown(entry) && (bestOf([...heads.keys(), entry]) === entry || heads.size === 0))
        heads.set(entry, new Blob([await input.read(Math.min(entry.size, SHOWN))]));
      entries.push(entry);
      all = entries.length < LOOKED_AT && (source.blob !== null || input.offset < LOOKED_INTO);
      if (!all) break;
    }
  } catch (error) {
    // One that is cut is read up to there.
    if (entries.length === 0 || !isTorn(error)) throw error;
  } finally {
    await reader?.close();
  }
  const shown = bestOf([...heads.keys()]);
  const look =
    shown &&
    (await inspectSource(blobSource(`${source.path}/${shown.path}`, heads.get(shown)!), {
      ...choice,
      documentSeparator: choice.documentSeparator ?? 'whole-file',
    }));
  return {
    columns: look?.columns ?? [],
    joins: look?.joins ?? [],
    recordKinds: look?.recordKinds ?? [],
    preview: look?.preview ?? [],
    inside: insideOf(entries, all),
  };
}

/** The first file with columns, else the first with text. */
function bestOf(entries: readonly ArchiveEntry[]): ArchiveEntry | undefined {
  const shown = entries.filter(isShown);
  return shown.find(({ path }) => STRUCTURED.has(kindOf(path)!)) ?? shown[0];
}

/** Not of a kind that needs all of its bytes. */
function isShown({ path }: ArchiveEntry): boolean {
  const kind = kindOf(path);
  return kind !== null && kind !== 'tar' && kind !== 'arrow' && !NEED_ALL.has(kind);
}

function insideOf(entries: readonly ArchiveEntry[], all: boolean): InspectedFile['inside'] {
  const kinds: Partial<Record<FileKind, number>> = {};
  for (const { path } of entries) {
    const kind = kindOf(path);
    if (kind) kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { files: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0), kinds, all };
}
