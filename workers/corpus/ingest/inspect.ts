/** What the beginning of a file tells: kind, encoding, columns, and guesses that the person may overrule. */
import type { FileMetaData } from 'hyparquet';
import { errorRecord, StudioError } from '../../../src/core/errors';
import type { FileChoice, FileKind, InspectedColumn, InspectedFile, IngestFile, DocumentSeparator } from '../../../src/contract/ingest';
import { openZip } from '../../archive/zip-reader';
import { blobSource, entrySource, type ByteSource } from './byte-source';
import { delimitedRecord, guessDelimiter } from './delimited';
import { ACCEPTED, kindOf, STRUCTURED, shorten, type FilePlan } from './row-reader';
import { htmlText } from './html-text';
import { JsonElements } from './json';
import { parquetHead, parquetMetadata } from './parquet';
import { detectEncoding, HEAD_BYTES } from './text-stream';

/** Rows and documents looked at. */
const LOOKED_AT = 20;
const PREVIEWS = 3;
const TEXT_NAMES = [
  'text',
  'content',
  'body',
  'document',
  'article',
  'passage',
  'markdown',
  'code',
  '正文',
  '内容',
  '文本',
  '文章',
  '段落',
];
const CHANNEL_NAMES = ['channel', 'domain', 'category', 'subset', 'dataset', 'lang', 'language', '渠道', '频道', '类别', '分类', '来源'];

/** A file with all that is needed to read it, or the reason why it cannot be read. */
export interface Inspection {
  kind: FileKind | null;
  plan: FilePlan | null;
  columns: InspectedColumn[];
  preview: string[];
  inside: InspectedFile['inside'];
  problem: StudioError | null;
}

/** @param choice what the person said; the rest is guessed */
export async function inspectSource(source: ByteSource, choice: FileChoice): Promise<Inspection> {
  const none: Inspection = { kind: kindOf(source.path), plan: null, columns: [], preview: [], inside: null, problem: null };
  try {
    return await look(source, choice, none);
  } catch (error) {
    if (error instanceof StudioError) return { ...none, problem: error };
    throw error;
  }
}

/** Files of a kind that are opened; of a folder with thousands the rest are known by name and size. */
const OPENED = 50;

/** Looks at files one after the other: thousands of beginnings are not held at the same time. */
export async function inspectFiles(files: readonly IngestFile[]): Promise<InspectedFile[]> {
  const opened = new Map<FileKind | null, number>();
  const inspected: InspectedFile[] = [];
  for (const { file, path } of files) {
    const kind = kindOf(path);
    const count = opened.get(kind) ?? 0;
    opened.set(kind, count + 1);
    inspected.push(await inspectFile(file, path, count < OPENED || kind === null || file.size === 0));
  }
  return inspected;
}

export async function inspectFile(file: File, path: string, open = true): Promise<InspectedFile> {
  const found: Inspection = open
    ? await inspectSource(blobSource(path, file), {})
    : { kind: kindOf(path), plan: null, columns: [], preview: [], inside: null, problem: null };
  const { kind, plan, columns, preview, inside, problem } = found;
  return {
    path,
    bytes: file.size,
    kind,
    encoding: plan?.encoding ?? null,
    columns,
    textField: plan?.textField ?? null,
    channelField: guess(CHANNEL_NAMES, columns)?.name ?? null,
    documentSeparator: plan?.documentSeparator ?? 'blank-lines',
    preview: preview.map((text) => shorten(text, 400)),
    inside,
    problem: problem && errorRecord(problem),
  };
}

async function look(source: ByteSource, choice: FileChoice, found: Inspection): Promise<Inspection> {
  const file = source.path;
  let { kind } = found;
  if (!kind) throw new StudioError('file-unsupported', `${file} is of no known kind`, { file, accepted: ACCEPTED });
  if (source.size === 0) throw new StudioError('text-empty', `${file} holds no text`, { file });
  const plan: FilePlan = {
    kind,
    encoding: null,
    encodingChosen: choice.encoding !== undefined,
    textField: null,
    channelField: choice.channelField ?? null,
    documentSeparator: choice.documentSeparator ?? separatorOf(kind),
  };
  if (kind === 'zip') return { ...found, plan, ...(await lookIntoZip(source, choice)) };
  if (kind === 'parquet') return { ...found, ...lookIntoRows(await parquetRows(source), plan, choice, file) };

  const bytes = await source.head(HEAD_BYTES);
  const whole = bytes.length >= source.size;
  plan.encoding = choice.encoding ?? (kind === 'html' ? declaredEncoding(bytes) : null) ?? detectEncoding(bytes, whole);
  if (!plan.encoding)
    throw new StudioError('file-binary', `${file} is no text in a known encoding`, { file, accepted: 'UTF-8, UTF-16, GB18030' });
  const head = new TextDecoder(plan.encoding).decode(bytes, { stream: !whole });
  // Many a .json file is JSON Lines.
  if (kind === 'json' && /^\s*\{[^\n]*\}[ \t\r]*\n\s*\{/.test(head)) kind = plan.kind = 'json-lines';
  if (STRUCTURED.has(kind)) return { ...found, kind, ...lookIntoRows(headRows(kind, head, whole), plan, choice, file) };

  const text = kind === 'html' ? htmlText(head) : head;
  const preview =
    plan.documentSeparator === 'whole-file' ? [text] : text.split(plan.documentSeparator === 'lines' ? /\r?\n/ : /(?:\r?\n){2,}/);
  return {
    ...found,
    plan,
    preview: preview
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .slice(0, PREVIEWS),
  };
}

function separatorOf(kind: FileKind): DocumentSeparator {
  return kind === 'text' ? 'blank-lines' : 'whole-file';
}

/** `<meta charset=gbk>`: GB18030 holds GBK and GB2312. Without one the bytes decide. */
function declaredEncoding(head: Uint8Array): 'gb18030' | null {
  const ascii = new TextDecoder('latin1').decode(head.subarray(0, 2048));
  return /<meta[^>]+charset\s*=\s*["']?(gb2312|gbk|gb18030)/i.test(ascii) ? 'gb18030' : null;
}

async function parquetRows(source: ByteSource): Promise<Record<string, unknown>[]> {
  if (!source.blob)
    throw new StudioError('file-unsupported', `${source.path} lies in an archive`, { file: source.path, accepted: 'parquet' });
  const metadata: FileMetaData = await parquetMetadata(source);
  const rows = await parquetHead(source, metadata, LOOKED_AT);
  // Columns of a file without rows are known all the same.
  return rows.length > 0 ? rows : [Object.fromEntries(metadata.schema.slice(1).map(({ name }) => [name, null]))];
}

/** First rows of a structured text; the last one may be cut and is left out then. */
function headRows(kind: FileKind, head: string, whole: boolean): Record<string, unknown>[] {
  if (kind === 'json-lines') {
    const lines = head.split('\n');
    if (!whole && lines.length > 1) lines.pop();
    return lines.slice(0, 4 * LOOKED_AT).flatMap((line): Record<string, unknown>[] => {
      const row = objectOf(line);
      return row ? [row] : [];
    });
  }
  if (kind === 'json') return jsonRows(head);
  const delimiter = kind === 'tsv' ? '\t' : guessDelimiter(head);
  const records: string[][] = [];
  for (let at = 0; at < head.length && records.length <= LOOKED_AT;) {
    const record = delimitedRecord(head, at, delimiter, whole || records.length === 0);
    if (!record) break;
    records.push(record.fields);
    at = record.end;
  }
  const [columns = [], ...rows] = records;
  const names = columns.map((name) => name.trim());
  if (rows.length === 0) return [Object.fromEntries(names.map((name) => [name, null]))];
  return rows.map((fields) => Object.fromEntries(names.map((name, at) => [name, fields[at]])));
}

function jsonRows(head: string): Record<string, unknown>[] {
  const elements = new JsonElements();
  const found = elements.push(head);
  const columns = new Map<string, unknown[]>();
  const rows: Record<string, unknown>[] = [];
  for (const { key, json } of found) {
    if (json === null) continue;
    const row = objectOf(json);
    if (row) rows.push(row);
    else if (json.startsWith('"')) columns.set(key ?? 'text', [...(columns.get(key ?? 'text') ?? []), JSON.parse(json)]);
  }
  if (rows.length > 0) return rows.slice(0, LOOKED_AT);
  const longest = Math.max(0, ...[...columns.values()].map((values) => values.length));
  if (longest > 0)
    return Array.from({ length: Math.min(longest, LOOKED_AT) }, (_, at) =>
      Object.fromEntries([...columns].flatMap(([name, values]) => (at < values.length ? [[name, values[at]]] : []))),
    );
  const single = [...elements.scalars].flatMap(([name, json]): [string, unknown][] => {
    try {
      return [[name, JSON.parse(json)]];
    } catch {
      return [];
    }
  });
  return single.length > 0 ? [Object.fromEntries(single)] : [];
}

function objectOf(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Columns of rows, and the plan with the fields chosen or guessed. */
function lookIntoRows(
  rows: readonly Record<string, unknown>[],
  plan: FilePlan,
  choice: FileChoice,
  file: string,
): Pick<Inspection, 'plan' | 'columns' | 'preview' | 'problem'> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 200);
  const columns = names.map((name): InspectedColumn => {
    const values = rows.flatMap((row) => (row[name] === undefined || row[name] === null ? [] : [row[name]]));
    return {
      name,
      values: values.slice(0, PREVIEWS).map((value) => shorten(typeof value === 'string' ? value : written(value))),
      text: values.length === 0 || values.some((value) => typeof value === 'string'),
    };
  });
  const textField = choice.textField ?? (guess(TEXT_NAMES, columns) ?? longestColumn(rows, columns))?.name ?? null;
  if (textField === null || !columns.some(({ name, text }) => name === textField && text)) {
    const found = names.join(', ');
    const problem = new StudioError('field-missing', `${file} has no text column ${textField ?? ''}; it has: ${found}`, {
      file,
      field: textField ?? 'text',
      found: shorten(found),
    });
    return { plan: null, columns, preview: [], problem };
  }
  const preview = rows.flatMap((row) => (typeof row[textField] === 'string' ? [row[textField]] : [])).slice(0, PREVIEWS);
  return { plan: { ...plan, textField }, columns, preview, problem: null };
}

function written(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner)) ?? '';
}

function guess(wanted: readonly string[], columns: readonly InspectedColumn[]): InspectedColumn | null {
  for (const name of wanted) {
    const column = columns.find((candidate) => candidate.text && candidate.name.toLowerCase() === name);
    if (column) return column;
  }
  return null;
}

/** The column whose strings are the longest: what a text most likely is. Numbers written as strings are none. */
function longestColumn(rows: readonly Record<string, unknown>[], columns: readonly InspectedColumn[]): InspectedColumn | null {
  let best: InspectedColumn | null = null;
  let longest = 0;
  for (const column of columns) {
    let length = 0;
    for (const row of rows) {
      const value = row[column.name];
      if (typeof value === 'string' && !/^[\d\s.,:+-]*$/.test(value)) length += value.length;
    }
    if (length > longest) [best, longest] = [column, length];
  }
  return best;
}

async function lookIntoZip(source: ByteSource, choice: FileChoice): Promise<Pick<Inspection, 'columns' | 'preview' | 'inside'>> {
  const archive = await openZip({ name: source.path, blob: source.blob! });
  const entries = archive.entries.filter(({ fault }) => fault?.reason !== 'archive-path');
  const kinds: Partial<Record<FileKind, number>> = {};
  for (const { path } of entries) {
    const kind = kindOf(path);
    if (kind) kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const inside = { files: entries.length, bytes: entries.reduce((sum, { size }) => sum + size, 0), kinds };
  const opened = entries.flatMap((entry) => {
    const kind = kindOf(entry.path);
    return kind === null || kind === 'zip' || kind === 'parquet' ? [] : [{ entry, kind }];
  });
  const shown = opened.find(({ kind }) => STRUCTURED.has(kind)) ?? opened[0];
  if (!shown) return { columns: [], preview: [], inside };
  const { columns, preview } = await inspectSource(entrySource(archive, shown.entry, { unpacked: 0, packed: 0 }), choice);
  return { columns, preview, inside };
}
