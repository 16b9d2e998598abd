/** Documents of a domain as it keeps them, one text a file: PDF, Word (.docx) and EPUB; and what is lost on the way is counted. */
import type { DocumentLoss, FileKind } from '../../../../src/contract/ingest';
import { StudioError } from '../../../../src/core/errors';
import { archiveLimits, invalidArchive, type Archive, type ArchiveFile, type ArchiveLimits } from '../../../archive/archive';
import { openZip } from '../../../archive/zip-reader';
import { held, type ByteSource } from '../byte-source';
import { addRow, emptyBatch, skipReason, type RowReader } from '../row-reader';

export type Losses = Partial<Record<DocumentLoss, number>>;

export interface DocumentText {
  text: string;
  losses: Losses;
}

/** What a document may have. Larger ones are refused by name and number. */
export const DOCUMENT_LIMITS = {
  /** A file is held in memory as a whole. */
  bytes: 256 * 2 ** 20,
  pages: 10_000,
  /** Files inside a .docx or .epub, and the bytes that one with markup unpacks to. */
  parts: 20_000,
  markupBytes: 64 * 2 ** 20,
} as const;

const KINDS: ReadonlySet<FileKind> = new Set(['pdf', 'docx', 'epub']);

export function isDocument(kind: FileKind | null): kind is 'pdf' | 'docx' | 'epub' {
  return kind !== null && KINDS.has(kind);
}

const sentences = {
  'document-damaged': (v: Values) => `it is damaged: ${v['found']}`,
  'document-kind': () => 'it is no file of that kind',
  'document-old': () => 'it is of the format before .docx, or protected by a password',
  'document-part': (v: Values) => `it lacks ${v['entry']}`,
  'document-entities': (v: Values) => `${v['entry']} declares XML entities made of other entities`,
  'document-pages': (v: Values) => `it has ${v['found']} pages, more than ${v['most']}`,
  'document-bytes': (v: Values) => `it has ${v['bytes']} bytes, more than ${v['limit']}`,
  'document-markup': (v: Values) => `${v['entry']} unpacks to ${v['bytes']} bytes, more than ${v['limit']}`,
} as const;

type Values = Readonly<Record<string, string | number>>;

/** `document-invalid` with file, reason, the reason's values, and the whole in English as detail. */
export function invalidDocument(file: string, reason: keyof typeof sentences, values: Values = {}): StudioError {
  const detail = sentences[reason](values);
  return new StudioError('document-invalid', `${file} cannot be read: ${detail}`, { file, reason, detail, ...values });
}

/** Pages of a PDF that are read to show its beginning. */
const SHOWN_PAGES = 3;

/** Yields how much of it was read, from 0 to 1. */
async function* documentText(source: ByteSource, kind: FileKind, shown: boolean): AsyncGenerator<number, DocumentText> {
  const { path: file } = source;
  const blob = source.size > DOCUMENT_LIMITS.bytes ? null : await held(source, DOCUMENT_LIMITS.bytes);
  if (!blob) throw invalidDocument(file, 'document-bytes', { bytes: source.size, limit: DOCUMENT_LIMITS.bytes });
  if (kind === 'pdf') {
    const { pdfText } = await import('./pdf');
    return yield* pdfText(file, blob, shown ? SHOWN_PAGES : Infinity);
  }
  const head = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  if (head[0] === 0xd0 && head[1] === 0xcf) throw invalidDocument(file, 'document-old');
  if (head[0] !== 0x50 || head[1] !== 0x4b) throw invalidDocument(file, 'document-kind');
  const parts = await openParts({ name: file, blob });
  return kind === 'docx' ? (await import('./docx')).docxText(parts) : (await import('./epub')).epubText(parts);
}

/** The beginning of a document's text. @throws StudioError */
export async function documentHead(source: ByteSource, kind: FileKind): Promise<string> {
  const reading = documentText(source, kind, true);
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value.text;
  }
}

export const readDocument: RowReader = async function* (source, plan) {
  const reading = documentText(source, plan.kind, false);
  for (;;) {
    let step: IteratorResult<number, DocumentText>;
    try {
      step = await reading.next();
    } catch (error) {
      // What only shows while it is read does not end the reading of the others.
      if (!(error instanceof StudioError)) throw error;
      const skipped = [{ path: source.path, reason: skipReason(error), detail: error.message }];
      yield { ...emptyBatch(source.path, source.size), skipped };
      return;
    }
    const batch = emptyBatch(source.path, step.done ? source.size : Math.floor(step.value * source.size));
    if (step.done) {
      addRow(batch, step.value.text, null, 1);
      batch.losses = step.value.losses;
    }
    yield batch;
    if (step.done) return;
  }
};

/** The parts of a .docx or .epub, each read as a whole. */
export interface DocumentParts {
  file: string;
  paths: ReadonlySet<string>;
  /** A part with markup as text; null where there is none of the name. @throws StudioError `archive-invalid`, `document-invalid` */
  markup(path: string): Promise<string | null>;
}

const limits: ArchiveLimits = { ...archiveLimits, entries: DOCUMENT_LIMITS.parts };

async function openParts(given: ArchiveFile): Promise<DocumentParts> {
  const archive: Archive = await openZip(given, limits);
  const byPath = new Map(archive.entries.map((entry) => [entry.path, entry]));
  const budget = { unpacked: 0, packed: 0 };
  return {
    file: given.name,
    paths: new Set(byPath.keys()),
    async markup(path) {
      const entry = byPath.get(path);
      if (!entry) return null;
      if (entry.fault) throw invalidArchive(given.name, entry.fault.reason, entry.fault.values);
      if (entry.size > DOCUMENT_LIMITS.markupBytes)
        throw invalidDocument(given.name, 'document-markup', { entry: path, bytes: entry.size, limit: DOCUMENT_LIMITS.markupBytes });
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of archive.read(entry, budget)) pieces.push(piece);
      const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
      const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
      // Nothing here expands entities; whoever made such ones means harm to those who do.
      if (/<!ENTITY\s+(?:%\s+)?\S+\s+(?:"[^"]*&\w[^"]*"|'[^']*&\w[^']*')/.test(text.slice(0, 2 ** 20)))
        throw invalidDocument(given.name, 'document-entities', { entry: path });
      return text;
    },
  };
}

/** XML is UTF-8 unless it says otherwise. */
function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const declared = /^\s*<\?xml[^>]*encoding\s*=\s*["']([\w-]+)["']/.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 200)))?.[1];
  try {
    return new TextDecoder(declared ?? 'utf-8').encoding;
  } catch {
    return 'utf-8';
  }
}
