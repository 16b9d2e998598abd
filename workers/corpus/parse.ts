/** Files of a person to documents: plain text, Markdown and JSON Lines, in UTF-8. */
import { StudioError } from '../../src/core/errors';
import { splitDocuments } from '../../src/core/text/documents';

export const LARGEST_FILE = 256 * 2 ** 20;
export const LARGEST_IMPORT = 512 * 2 ** 20;
const EXTENSIONS = ['.txt', '.md', '.jsonl'] as const;

/** A line that could not be used. */
export interface BadLine {
  file: string;
  /** From 1. */
  line: number;
  detail: string;
}

export interface ParsedFile {
  documents: string[];
  badLines: BadLine[];
}

/** What the name and size alone rule out. Throws `file-unsupported`, `file-too-large` or `text-empty`. */
export function checkFile({ name, size }: Pick<File, 'name' | 'size'>, limit = LARGEST_FILE): void {
  if (!EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension)))
    throw new StudioError('file-unsupported', `${name} is not a text file of a known kind`, {
      file: name,
      accepted: EXTENSIONS.join(', '),
    });
  if (size > limit)
    throw new StudioError('file-too-large', `${name} has ${size} bytes, more than ${limit}`, { file: name, bytes: size, limit });
  if (size === 0) throw textEmpty(name);
}

/** @throws StudioError `file-unsupported` when the bytes are not UTF-8, `text-empty` when there is no document in them */
export function parseFile(name: string, bytes: Uint8Array): ParsedFile {
  const text = decodeUtf8(name, bytes).replaceAll('\r\n', '\n');
  const parsed: ParsedFile = name.toLowerCase().endsWith('.jsonl')
    ? parseJsonLines(name, text)
    : { documents: splitDocuments(text, '\n\n'), badLines: [] };
  if (parsed.documents.length === 0) throw textEmpty(name);
  return parsed;
}

export function textEmpty(name: string): StudioError {
  return new StudioError('text-empty', `${name} holds no text`, { file: name });
}

function decodeUtf8(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // a byte order mark is skipped
  } catch {
    throw new StudioError('file-unsupported', `${name} is not UTF-8 text`, { file: name, accepted: 'UTF-8' });
  }
}

function parseJsonLines(file: string, text: string): ParsedFile {
  const documents: string[] = [];
  const badLines: BadLine[] = [];
  text.split('\n').forEach((source, index) => {
    if (source.trim() === '') return;
    const found = textField(source);
    if (typeof found === 'string') documents.push(found);
    else badLines.push({ file, line: index + 1, detail: found.problem });
  });
  return { documents, badLines };
}

function textField(source: string): string | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'not JSON' };
  }
  const text = value !== null && typeof value === 'object' && 'text' in value ? value.text : undefined;
  if (typeof text !== 'string') return { problem: 'no "text" of type string' };
  const document = text.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '');
  return document.trim() === '' ? { problem: '"text" is empty' } : document;
}
