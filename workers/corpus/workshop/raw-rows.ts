/** The raw rows of channels as one stream, always in the same order: channel by channel, source by source as they were made. */
import { StudioError } from '../../../src/core/errors';
import type { Row } from '../../../src/core/corpus/row';
import { findCorpus, readDocuments } from '../../storage/corpora';
import { readRowFiles } from '../../storage/row-files';
import { sourceFolder, type StoredSource } from '../../storage/workshop';

export interface RawPart {
  source: StoredSource;
  /** Number of its first row in the stream. */
  firstRow: number;
}

/** Where each source's rows stand in the stream. */
export function rawParts(channels: readonly string[], sources: readonly StoredSource[]): RawPart[] {
  const parts: RawPart[] = [];
  let firstRow = 0;
  for (const channel of channels)
    for (const source of sources) {
      if (source.channel !== channel) continue;
      parts.push({ source, firstRow });
      firstRow += source.rows;
    }
  return parts;
}

export async function* rawRows(parts: readonly RawPart[], signal: AbortSignal): AsyncGenerator<Row[]> {
  for (const { source } of parts) for await (const rows of rowsOfSource(source, signal)) yield rows;
}

async function* rowsOfSource(source: StoredSource, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { channel, use, origin } = source;
  const heldOut = use === 'held-out';
  if (origin.kind === 'files') {
    for await (const rows of readRowFiles(sourceFolder(source.id), source.rowFiles)) {
      if (signal.aborted) throw new StudioError('cancelled', 'Cancelled');
      yield rows.map(({ text, path, line }) => ({ text, channel, source: path, line, heldOut }));
    }
    return;
  }
  const corpus = await findCorpus(origin.corpus);
  for (const split of ['train', 'heldOut'] as const) {
    const documents = await readDocuments(corpus, split, undefined, signal);
    yield documents.map((text) => ({ text, channel, source: corpus.name, line: 0, heldOut: heldOut || split === 'heldOut' }));
  }
}
