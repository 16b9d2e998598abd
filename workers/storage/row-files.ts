/**
 * Rows of text in OPFS, in files of bounded size that are each written once: `<folder>/rows-00000.bin`, … A file is
 *
 *     Uint32  bytes of the header (a multiple of 4)
 *     header  JSON, padded with spaces: {"fields": 3 or 6, "paths": [...]}
 *     rows    Uint32 bytes of the text, `fields` × Uint32, the text in UTF-8 (no padding), the turns
 *
 * all little-endian. Fields: index of the row's path in `paths`; line; and on prepared rows position in its split, bits of the score
 * as Float32, and 1 + the augmentation's index in `augmentations` (0: as it came), with
 * PSEUDO added where a model labelled the row; and last the bytes of a conversation's turns as JSON (0: none), which files
 * of former versions, with 2 or 5 fields, do not have. How many files count, and the rows and bytes of
 * each, stands in the record that owns the folder: files beyond were being written when something stopped.
 */
import { readTurns, writeTurns, type Augmentation, type Turn } from '../../src/core/corpus/row';
import { files, type FileStore } from './files';

/** Bytes from which a file is closed. */
const FULL = 8 * 2 ** 20;
const SMALLEST = 64 * 1024;

export interface RowFile {
  rows: number;
  /** UTF-8 of the texts. */
  bytes: number;
}

export interface StoredRow {
  text: string;
  path: string;
  line: number;
  /** Of a conversation: who speaks where in the text. */
  turns?: readonly Turn[] | undefined;
  /** Null on raw rows. */
  prepared: { position: number; score: number; augmented: Augmentation | null; pseudo: boolean } | null;
}

const augmentations = ['deletion', 'swap', 'insertion', 'synonym', 'noise'] as const satisfies readonly Augmentation[];

const PSEUDO = 256;

export const rowFilePath = (folder: string, index: number): string => `${folder}/rows-${String(index).padStart(5, '0')}.bin`;

export class RowWriter {
  /** Files written, those given at the start included. */
  readonly files: RowFile[];
  private buffer = new ArrayBuffer(SMALLEST);
  private used = 0;
  private rows = 0;
  private bytes = 0;
  private paths = new Map<string, number>();
  private readonly encoder = new TextEncoder();

  /** @param written files that stand there already and count */
  constructor(
    private readonly folder: string,
    private readonly kind: 'raw' | 'prepared',
    written: readonly RowFile[] = [],
    private readonly store: FileStore = files,
  ) {
    this.files = [...written];
  }

  /** Rows and bytes in all, those not written yet included. */
  get total(): RowFile {
    return this.files.reduce((sum, file) => ({ rows: sum.rows + file.rows, bytes: sum.bytes + file.bytes }), {
      rows: this.rows,
      bytes: this.bytes,
    });
  }

  /** Time to `flush`. */
  get full(): boolean {
    return this.used >= FULL;
  }

  add({ text, path, line, prepared, turns }: StoredRow): void {
    const header = this.kind === 'raw' ? 16 : 28;
    const told = turns && turns.length > 0 ? this.encoder.encode(writeTurns(turns)) : null;
    const needed = this.used + header + text.length * 3 + (told?.length ?? 0);
    if (needed > this.buffer.byteLength) {
      const larger = new ArrayBuffer(Math.max(needed, this.buffer.byteLength * 2));
      new Uint8Array(larger).set(new Uint8Array(this.buffer, 0, this.used));
      this.buffer = larger;
    }
    let pathIndex = this.paths.get(path);
    if (pathIndex === undefined) this.paths.set(path, (pathIndex = this.paths.size));
    const { written } = this.encoder.encodeInto(text, new Uint8Array(this.buffer, this.used + header));
    const view = new DataView(this.buffer, this.used, header);
    view.setUint32(0, written, true);
    view.setUint32(4, pathIndex, true);
    view.setUint32(8, line, true);
    if (prepared) {
      view.setUint32(12, prepared.position, true);
      view.setFloat32(16, prepared.score, true);
      view.setUint32(
        20,
        (prepared.pseudo ? PSEUDO : 0) + 1 + (prepared.augmented === null ? -1 : augmentations.indexOf(prepared.augmented)),
        true,
      );
    }
    view.setUint32(header - 4, told?.length ?? 0, true);
    if (told) new Uint8Array(this.buffer).set(told, this.used + header + written);
    this.used += header + written + (told?.length ?? 0);
    this.rows++;
    this.bytes += written;
  }

  /** Writes what was added since the last time as one file. Throws `quota`. */
  async flush(): Promise<void> {
    if (this.rows === 0) return;
    const json = JSON.stringify({ fields: this.kind === 'raw' ? 3 : 6, paths: [...this.paths.keys()] });
    const encoded = this.encoder.encode(json);
    const header = new Uint8Array(4 + Math.ceil(encoded.length / 4) * 4).fill(32);
    new DataView(header.buffer).setUint32(0, header.length - 4, true);
    header.set(encoded, 4);
    await this.store.write(rowFilePath(this.folder, this.files.length), [header, new Uint8Array(this.buffer, 0, this.used)]);
    this.files.push({ rows: this.rows, bytes: this.bytes });
    this.rows = this.bytes = this.used = 0;
    this.paths.clear();
    if (this.buffer.byteLength > 2 * FULL) this.buffer = new ArrayBuffer(FULL);
  }
}

/** All rows in the order in which they were added; a batch is one file. */
export async function* readRowFiles(folder: string, written: readonly RowFile[], store: FileStore = files): AsyncGenerator<StoredRow[]> {
  for (const index of written.keys()) yield parse(await store.read(rowFilePath(folder, index)), 0, Infinity);
}

/** Rows by their numbers (ascending or not), in the order asked for; null where there is none. */
export async function readRowsAt(
  folder: string,
  written: readonly RowFile[],
  wanted: readonly number[],
  store: FileStore = files,
): Promise<(StoredRow | null)[]> {
  const found = new Map<number, StoredRow>();
  const sorted = [...new Set(wanted)].sort((a, b) => a - b);
  let first = 0;
  for (const [index, { rows }] of written.entries()) {
    const here = sorted.filter((row) => row >= first && row < first + rows);
    if (here.length > 0) {
      const bytes = await store.read(rowFilePath(folder, index));
      const from = here[0]! - first;
      const parsed = parse(bytes, from, here.at(-1)! - first + 1, new Set(here.map((row) => row - first)));
      here.forEach((row, at) => found.set(row, parsed[at]!));
    }
    first += rows;
  }
  return wanted.map((row) => found.get(row) ?? null);
}

/** Rows `from` to `to` (exclusive) of a file, or those of them that are in `only`. */
function parse(bytes: Uint8Array, from: number, to: number, only?: ReadonlySet<number>): StoredRow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const headerBytes = view.getUint32(0, true);
  const { fields, paths } = JSON.parse(decoder.decode(bytes.subarray(4, 4 + headerBytes))) as { fields: number; paths: string[] };
  const header = 4 + fields * 4;
  const rows: StoredRow[] = [];
  let row = 0;
  for (let at = 4 + headerBytes; at < bytes.length && row < to; row++) {
    const length = view.getUint32(at, true);
    const told = fields % 3 === 0 ? view.getUint32(at + header - 4, true) : 0;
    const end = at + header + length;
    if (row >= from && (!only || only.has(row)))
      rows.push({
        text: decoder.decode(bytes.subarray(at + header, end)),
        path: paths[view.getUint32(at + 4, true)]!,
        line: view.getUint32(at + 8, true),
        prepared:
          fields < 5
            ? null
            : {
                position: view.getUint32(at + 12, true),
                score: view.getFloat32(at + 16, true),
                augmented: augmentations[(view.getUint32(at + 20, true) & (PSEUDO - 1)) - 1] ?? null,
                pseudo: (view.getUint32(at + 20, true) & PSEUDO) !== 0,
              },
        ...(told > 0 && { turns: readTurns(decoder.decode(bytes.subarray(end, end + told))) }),
      });
    at = end + told;
  }
  return rows;
}
