/** What a preparation reads: the raw rows of its channels as one stream, and the texts that no train row may overlap with. */
import { judgedText, type Row } from '../../../src/core/corpus/row';
import { findCorpus, readDocuments, listCorpora } from '../../storage/corpora';
import { readRowFiles } from '../../storage/row-files';
import { sourceFolder, type StoredSource } from '../../storage/workshop';
import { parseProbes, type Probe } from '../../../src/core/probes/probe';
import { z } from '../../../src/core/zod';
import type { PrepareRequest, PreparationRecord } from '../../../src/contract/corpus';
import { fetchManifest, fetchPublic } from '../../storage/public-files';

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

/** Always in the same order: channel by channel, source by source as they were made. */
export async function* rawRows(parts: readonly RawPart[], signal: AbortSignal): AsyncGenerator<Row[]> {
  for (const { source } of parts) for await (const rows of rowsOfSource(source, signal)) yield rows;
}

/** Rows of a source in their order; of a corpus, train before held-out. */
export async function* rowsOfSource(source: StoredSource, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { channel, use, origin, pseudo, kind } = source;
  const heldOut = use === 'held-out';
  if (origin.kind === 'files') {
    for await (const rows of readRowFiles(sourceFolder(source.id), source.rowFiles)) {
      signal.throwIfAborted();
      yield rows.map(({ text, path, line, turns }) => ({
        text,
        channel,
        source: path,
        line,
        heldOut,
        pseudo: pseudo !== undefined,
        turns,
        kind,
      }));
    }
    return;
  }
  const corpus = await findCorpus(origin.corpus);
  for (const split of ['train', 'heldOut'] as const) {
    const documents = await readDocuments(corpus, split, undefined, signal);
    yield documents.map((text) => ({ text, channel, source: corpus.name, line: 0, heldOut: heldOut || split === 'heldOut', kind }));
  }
}

const manifestSchema = z.object({ sets: z.array(z.object({ file: z.string() })) });

/** What of a probe could be learnt by heart. */
function textsOf(probe: Probe): string[] {
  switch (probe.kind) {
    case 'choice':
      return probe.choices.map((choice) => probe.prompt + choice);
    case 'pair':
      return [probe.good, probe.bad];
    case 'reference':
      return [`${probe.prompt}\n${probe.reference}`];
  }
}

/** @param bundled also the sets that come with the studio, not only those given */
export async function probeTexts(
  given: PrepareRequest['probes'],
  bundled: boolean,
  signal: AbortSignal,
): Promise<{ texts: string[]; bad: PreparationRecord['badProbes'] }> {
  const texts: string[] = [];
  const bad: PreparationRecord['badProbes'] = [];
  const { sets } = bundled ? manifestSchema.parse(await fetchManifest('probes/manifest.json')) : { sets: [] };
  const fetched = await Promise.all(
    sets.map(async ({ file }) => ({ name: file, content: await (await fetchPublic(`probes/${file}`, signal)).text() })),
  );
  for (const { name, content } of [...fetched, ...given]) {
    const parsed = parseProbes(content, { map: true });
    for (const probe of parsed.probes) texts.push(...textsOf(probe));
    for (const line of parsed.bad) bad.push({ name, ...line });
  }
  return { texts, bad };
}

/** Held-out documents of the bundled corpora and of other channels: the desk may mix any of them. @param own corpora left out */
export async function otherHeldOut(own: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> {
  const texts: string[] = [];
  for (const corpus of await listCorpora()) {
    if (own.has(corpus.id) || !(corpus.bundled || corpus.prepared)) continue;
    for (const document of await readDocuments(corpus, 'heldOut', undefined, signal))
      texts.push(judgedText({ text: document, kind: corpus.kind }));
  }
  return texts;
}
