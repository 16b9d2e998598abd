/** Kept rows of a channel become the documents of a corpus, each split in row files in its own order. */
import type { KeptRow, Split } from '../../../src/core/corpus/row';
import { preparedFolder } from '../../storage/corpora';
import { files as storage, type FileStore } from '../../storage/files';
import { sha256, sha256OfBlob } from '../../storage/hash';
import { readRowFiles, RowWriter, rowFilePath, type RowFile, type StoredRow } from '../../storage/row-files';

/** UTF-8 of rows that are put in order at a time: memory against passes over the files. */
const ORDERED = 128 * 2 ** 20;

export interface KeptSplit {
  rowFiles: RowFile[];
  documents: number;
  /** UTF-8 of the documents. */
  bytes: number;
  /** Those that a model labelled. */
  pseudo: number;
  /** Over the row files. */
  sha256: string;
}

/** One split of one corpus being written. */
export class KeptRows {
  private readonly writer: RowWriter;
  private readonly arriving: string;
  private readonly folder: string;
  /** Positions ascend by one so far: the rows arrive in their order. */
  private inOrder = true;
  private rows = 0;
  private pseudo = 0;

  constructor(
    corpus: string,
    version: string,
    split: Split,
    private readonly store: FileStore = storage,
  ) {
    this.folder = preparedFolder(corpus, version, split);
    this.arriving = `${this.folder}-arriving`;
    this.writer = new RowWriter(this.arriving, 'prepared', [], store);
  }

  async add({ text, source, line, position, score, augmented, pseudo, turns }: KeptRow): Promise<void> {
    this.inOrder &&= position === this.rows;
    if (pseudo) this.pseudo++;
    this.rows++;
    this.writer.add({ text, path: source, line, prepared: { position, score, augmented, pseudo }, turns });
    if (this.writer.full) await this.writer.flush();
  }

  /** Puts the rows in order; what can be read afterwards is complete. */
  async finish(): Promise<KeptSplit> {
    await this.writer.flush();
    const rowFiles = this.inOrder ? await this.adopt() : await this.order();
    await this.store.remove(this.arriving);
    const hashes: string[] = [];
    for (const index of rowFiles.keys()) hashes.push(await sha256OfBlob(await this.store.blob(rowFilePath(this.folder, index))));
    const { rows: documents, bytes } = this.writer.total;
    return { rowFiles, documents, bytes, pseudo: this.pseudo, sha256: await sha256(hashes.join('')) };
  }

  private async adopt(): Promise<RowFile[]> {
    for (const index of this.writer.files.keys()) await this.store.move(rowFilePath(this.arriving, index), rowFilePath(this.folder, index));
    return this.writer.files;
  }

  /** A stretch of positions at a time, each gathered from all files. */
  private async order(): Promise<RowFile[]> {
    const { rows, bytes } = this.writer.total;
    const ordered = new RowWriter(this.folder, 'prepared', [], this.store);
    const stretch = Math.max(1, Math.ceil(rows / Math.max(1, Math.ceil(bytes / ORDERED))));
    for (let first = 0; first < rows; first += stretch) {
      const here: StoredRow[] = [];
      for await (const file of readRowFiles(this.arriving, this.writer.files, this.store))
        for (const row of file) {
          const at = row.prepared!.position - first;
          if (at >= 0 && at < stretch) here[at] = row;
        }
      for (const row of here) {
        ordered.add(row);
        if (ordered.full) await ordered.flush();
      }
    }
    await ordered.flush();
    return ordered.files;
  }
}
