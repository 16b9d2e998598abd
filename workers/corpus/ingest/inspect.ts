/** What the beginning of a file tells: kind, encoding, columns, and guesses that the person may overrule. */
import { kindsOf, labelColumns, parseRecord, recordColumns, type LabelColumns } from '../../../src/core/corpus/record-forms';
import { shownRecord, type RecordKind } from '../../../src/core/corpus/records';
import { errorRecord, StudioError } from '../../../src/core/errors';
import { standIn, standInError } from '../../../src/core/stand-in';
import type {
  FileChoice,
  FileKind,
  InspectedColumn,
  InspectedFile,
  IngestFile,
  DocumentSeparator,
  TextJoin,
} from '../../../src/contract/ingest';
import { arrowHead } from './arrow';
import { isDatasetMetadata } from './dataset-folder';
import { blobSource, held, unpacked, type ByteSource } from './byte-source';
import { delimitedRows, guessDialect } from './delimited';
import { documentHead, isDocument } from './documents/document';
import { detectEncoding, ENCODINGS_TRIED, HEAD_BYTES } from './encoding';
import { htmlText } from './html-text';
import { firstRows, jsonLayout, type JsonLayout } from './json-layout';
import { lookIntoArchive } from './look-into-archive';
import { connectedDataset } from './dataset-bytes';
import { parquetBeginning, parquetColumns, parquetHead, parquetMetadata } from './parquet';
import { innerPaths, TEXT_NAMES, textAt, valueAt, type Row } from './record';
import { ACCEPTED, kindOf, isNamedPacked, LONGEST_ROW, shorten, written, type FilePlan } from './row-reader';
import { joiner, offeredJoins } from './text-join';

/** Rows and documents looked at. */
const LOOKED_AT = 20;
const PREVIEWS = 3;
const PREVIEW_UNITS = 2000;
const CHANNEL_NAMES = ['channel', 'domain', 'category', 'subset', 'dataset', 'lang', 'language', '渠道', '频道', '类别', '分类', '来源'];
/** Bytes of a packed parquet file that are held. */
const LARGEST_HELD = 256 * 2 ** 20;

/** A file with all that is needed to read it, or the reason why it cannot be read. */
export interface Inspection {
  kind: FileKind | null;
  plan: FilePlan | null;
  columns: InspectedColumn[];
  joins: InspectedFile['joins'];
  recordKinds: RecordKind[];
  preview: string[];
  packing: InspectedFile['packing'];
  inside: InspectedFile['inside'];
  problem: StudioError | null;
}

/** Bytes of a file of the person's, or of one at the hub that is connected. @throws StudioError `ingest-files` where none is */
export function sourceOf(path: string, file: IngestFile['file']): ByteSource {
  if (file instanceof Blob) return blobSource(path, file);
  const dataset = connectedDataset();
  if (!dataset) throw new StudioError('ingest-files', `${path} lies at a hub that is not connected`, { file: path });
  return dataset.source(path, file);
}

/** @param choice what the person said; the rest is guessed */
export async function inspectSource(source: ByteSource, choice: FileChoice): Promise<Inspection> {
  const none: Inspection = notOpened(source.path);
  try {
    const opened = await unpacked(source);
    none.packing = opened.packed?.packing ?? null;
    return await look(opened, choice, none);
  } catch (error) {
    if (error instanceof StudioError) return { ...none, problem: error };
    throw error;
  }
}

function notOpened(path: string): Inspection {
  return {
    kind: kindOf(path),
    plan: null,
    columns: [],
    joins: [],
    recordKinds: [],
    preview: [],
    packing: null,
    inside: null,
    problem: null,
  };
}

/** Files of a kind that are opened; of a folder with thousands the rest are known by name and size. */
const OPENED = 50;

/**
 * Looks at files one after the other: thousands of beginnings are not held at the same time.
 * @param choices by path, where the person said something
 */
export async function inspectFiles(files: readonly IngestFile[], choices: Record<string, FileChoice> = {}): Promise<InspectedFile[]> {
  const opened = new Map<FileKind | null, number>();
  const inspected: InspectedFile[] = [];
  for (const { file, path } of files) {
    const kind = kindOf(path);
    const count = opened.get(kind) ?? 0;
    opened.set(kind, count + 1);
    // Files of one split are alike, and each look fetches bytes.
    const most = file instanceof Blob ? OPENED : 1;
    inspected.push(await inspectFile(file, path, choices[path] ?? {}, count < most || kind === null || file.size === 0));
  }
  return inspected;
}

export async function inspectFile(file: IngestFile['file'], path: string, choice: FileChoice = {}, open = true): Promise<InspectedFile> {
  const found: Inspection = open ? await inspectSource(sourceOf(path, file), choice) : notOpened(path);
  const { kind, plan, columns, joins, recordKinds, preview, packing, inside, problem } = found;
  return {
    path,
    bytes: file.size,
    kind,
    packing,
    encoding: plan?.encoding ?? null,
    columns,
    textField: plan?.textField ?? plan?.records?.columns?.text ?? null,
    channelField: guess(CHANNEL_NAMES, columns)?.name ?? null,
    joins,
    join: plan?.join ?? null,
    template: plan?.join ? plan.template : null,
    recordKinds,
    records: plan?.records?.kind ?? null,
    labelField: plan?.records?.columns?.label ?? null,
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
  const bytes = await source.head(HEAD_BYTES);
  const other = standIn(bytes);
  // A page is one where it was not to be something else; source code may well begin like one.
  if (other && (other.kind === 'git-lfs' || (kind !== 'html' && kind !== 'code'))) throw standInError(file, other);
  if (isDatasetMetadata(file, bytes)) throw new StudioError('file-metadata', `${file} describes a data set`, { file });
  const plan: FilePlan = {
    kind,
    encoding: null,
    encodingChosen: choice.encoding !== undefined,
    lineEnd: 'lf',
    layout: 'lines',
    dialect: { delimiter: ',', escape: 'doubled', columns: [] },
    textField: null,
    records: null,
    join: null,
    template: '',
    joined: null,
    channelField: choice.channelField ?? null,
    documentSeparator: choice.documentSeparator ?? separatorOf(kind),
  };
  if (kind === 'zip' || kind === 'tar') return { ...found, plan, ...(await lookIntoArchive(source, kind, choice)) };
  if (kind === 'parquet') return { ...found, ...(await lookIntoRows(await parquetRows(source, choice), plan, choice, file)) };
  if (kind === 'arrow') return { ...found, ...(await lookIntoRows(await arrowHead(source, LOOKED_AT), plan, choice, file)) };
  if (isDocument(kind)) return { ...found, plan, preview: [(await documentHead(source, kind)).slice(0, PREVIEW_UNITS)] };

  const whole = bytes.length < HEAD_BYTES || (!source.packed && bytes.length >= source.size);
  plan.encoding = choice.encoding ?? (kind === 'html' ? declaredEncoding(bytes) : null) ?? detectEncoding(bytes, whole);
  if (!plan.encoding) throw new StudioError('file-binary', `${file} is no text in a known encoding`, { file, accepted: ENCODINGS_TRIED });
  let head = new TextDecoder(plan.encoding).decode(bytes, { stream: true }).replaceAll('\0', '');
  if (/\r(?!\n|$)/.test(head) && !head.includes('\n')) {
    plan.lineEnd = 'cr';
    head = head.replaceAll('\r', '\n');
  }
  // "rows.gz" tells no kind.
  if (isNamedPacked(file) && kind === 'text' && /^[\s\uFEFF]*[[{]\s*["{[]/.test(head)) kind = plan.kind = 'json';
  if (kind === 'json' || kind === 'json-lines') {
    const { layout, rows } = await jsonHead(source, plan, head, whole);
    plan.layout = layout;
    // Many a .json file is JSON Lines.
    if (layout === 'lines') kind = plan.kind = 'json-lines';
    const begins = shorten(head.trim(), 80);
    if (rows.length === 0) throw new StudioError('json-shape', `${file} holds no rows in JSON`, { file, begins });
    return { ...found, kind, ...(await lookIntoRows(rows, plan, choice, file)) };
  }
  if (kind === 'csv' || kind === 'tsv') {
    plan.dialect = guessDialect(head, kind, whole);
    return { ...found, ...(await lookIntoRows(delimitedRows(head, plan.dialect, whole, LOOKED_AT), plan, choice, file)) };
  }

  const text = kind === 'html' ? htmlText(head) : head;
  const preview =
    plan.documentSeparator === 'whole-file' ? [text] : text.split(plan.documentSeparator === 'lines' ? /\r?\n/ : /\n(?:[^\S\n]*\n)+/);
  return {
    ...found,
    kind,
    plan,
    preview: preview
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .slice(0, PREVIEWS),
  };
}

/** Layout and first rows. Where the first row is larger than the head, so much more is read as a row may have. */
async function jsonHead(source: ByteSource, plan: FilePlan, head: string, whole: boolean): Promise<{ layout: JsonLayout; rows: Row[] }> {
  const lookAt = (text: string, all: boolean) => {
    const layout = jsonLayout(text, all, plan.kind === 'json-lines');
    return { layout, rows: firstRows(text, layout, all, LOOKED_AT) };
  };
  const found = lookAt(head, whole);
  if (found.rows.length > 0 || whole || !/^[^[{]{0,100}[[{]/.test(head)) return found;
  const more = await source.head(LONGEST_ROW);
  const text = new TextDecoder(plan.encoding!).decode(more, { stream: true }).replaceAll('\0', '');
  return lookAt(plan.lineEnd === 'cr' ? text.replaceAll('\r', '\n') : text, more.length < LONGEST_ROW);
}

function separatorOf(kind: FileKind): DocumentSeparator {
  return kind === 'text' ? 'blank-lines' : 'whole-file';
}

/** `<meta charset=gbk>`: GB18030 holds GBK and GB2312. Without one the bytes decide. */
function declaredEncoding(head: Uint8Array): 'gb18030' | null {
  const ascii = new TextDecoder('latin1').decode(head.subarray(0, 2048));
  return /<meta[^>]+charset\s*=\s*["']?(gb2312|gbk|gb18030)/i.test(ascii) ? 'gb18030' : null;
}

async function parquetRows(given: ByteSource, choice: FileChoice): Promise<Row[]> {
  const blob = given.slice ? null : await held(given, LARGEST_HELD);
  if (!given.slice && !blob)
    throw new StudioError('file-unsupported', `${given.path} is packed`, { file: given.path, accepted: '.parquet' });
  const source = blob ? blobSource(given.path, blob) : given;
  const metadata = await parquetMetadata(source);
  // Of a file at a hub no more is fetched than is wanted: nothing where the column is known.
  const fields = choice.join ? choice.join.fields : choice.textField === undefined ? null : [];
  const known = source.remote && !source.remote.looking ? fields : null;
  const rows = await (source.remote ? parquetBeginning(source, metadata, LOOKED_AT, known) : parquetHead(source, metadata, LOOKED_AT));
  // Columns of a file without rows are known all the same.
  return rows.length > 0 ? rows : [Object.fromEntries(parquetColumns(metadata).map((name) => [name, null]))];
}

/** Columns of rows, and the plan with the fields chosen or guessed. */
async function lookIntoRows(
  rows: readonly Row[],
  plan: FilePlan,
  choice: FileChoice,
  file: string,
): Promise<Pick<Inspection, 'plan' | 'columns' | 'joins' | 'recordKinds' | 'preview' | 'problem'>> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const paths = [...new Set([...names, ...innerPaths(rows)])].slice(0, 200);
  const columns = paths.map((name): InspectedColumn => {
    const values = rows.map((row) => textAt(row, name) ?? valueAt(row, name)).filter((value) => value !== undefined && value !== null);
    return {
      name,
      values: values.slice(0, PREVIEWS).map((value) => shorten(typeof value === 'string' ? value : written(value))),
      text: values.length === 0 || values.some((value) => typeof value === 'string'),
    };
  });
  const joins = offeredJoins(rows);
  const recordKinds = recordKindsOf(rows, columns);
  const kind = choice.records === undefined ? likelyRecords(rows, columns, recordKinds, choice) : choice.records;
  if (kind !== null) return { columns, joins, recordKinds, ...lookIntoRecords(kind, rows, columns, plan, choice, file) };
  const join =
    choice.join === undefined ? (choice.textField === undefined && !likelyText(columns) ? (joins[0] ?? null) : null) : choice.join;
  if (join) {
    const offered = joins.find((candidate) => sameJoin(candidate, join));
    const template = choice.template ?? offered?.template ?? '';
    const found = { columns, joins, recordKinds, preview: [] };
    try {
      const joined = await joiner(join, template);
      const preview = rows.flatMap((row) => joined(row) ?? []).slice(0, PREVIEWS);
      const chosen: FilePlan = { ...plan, join: { of: join.of, fields: join.fields }, template, joined };
      if (preview.length > 0) return { ...found, plan: chosen, preview, problem: null };
    } catch (error) {
      if (!(error instanceof StudioError)) throw error;
      return { ...found, plan: null, problem: error };
    }
  }
  const textField = choice.textField ?? (likelyText(columns) ?? longestColumn(rows, columns))?.name ?? null;
  if (join || textField === null || !columns.some(({ name, text }) => name === textField && text)) {
    const found = names.join(', ');
    const problem = new StudioError('field-missing', `${file} has no text column ${textField ?? ''}; it has: ${found}`, {
      file,
      field: join?.fields.join(', ') ?? textField ?? 'text',
      found: shorten(found),
    });
    return { plan: null, columns, joins, recordKinds, preview: [], problem };
  }
  const preview = rows.flatMap((row) => textAt(row, textField) ?? []).slice(0, PREVIEWS);
  return { plan: { ...plan, textField }, columns, joins, recordKinds, preview, problem: null };
}

/** What rows can be read as; texts with a label where there are two columns at least. */
function recordKindsOf(rows: readonly Row[], columns: readonly InspectedColumn[]): RecordKind[] {
  const kinds = kindsOf(rows);
  const flat = columns.filter(({ name }) => !/[.[]/.test(name));
  return kinds.includes('labelled') || flat.length < 2 || !flat.some(({ text }) => text) ? kinds : [...kinds, 'labelled'];
}

/** Longest label of rows that are taken for labelled texts unasked. */
const LONGEST_LABEL = 60;

/** The kind of records that rows are, where nobody said; null where they are more likely texts. */
function likelyRecords(
  rows: readonly Row[],
  columns: readonly InspectedColumn[],
  kinds: readonly RecordKind[],
  { textField, join }: FileChoice,
): RecordKind | null {
  const [first] = kinds;
  if (first === undefined || textField !== undefined || join !== undefined) return null;
  if (first === 'preferences') return first;
  if (first === 'labelled') {
    const named = labelColumns(columns.map(({ name }) => name));
    return named && rows.every((row) => written(row[named.label] ?? '').length <= LONGEST_LABEL) ? first : null;
  }
  if (likelyText(columns)) return null;
  return first === 'conversations' || rows.every((row) => 'prompt' in row) ? first : null;
}

/** The plan by which rows are records of a kind. */
function lookIntoRecords(
  kind: RecordKind,
  rows: readonly Row[],
  columns: readonly InspectedColumn[],
  plan: FilePlan,
  choice: FileChoice,
  file: string,
): Pick<Inspection, 'plan' | 'preview' | 'problem'> {
  const names = columns.map(({ name }) => name);
  const labelled = kind === 'labelled' ? labelledColumns(rows, columns, choice) : null;
  const parsed = rows.map((row) => parseRecord(kind, row, labelled));
  if (parsed.every((row) => 'fault' in row && row.fault === 'form')) {
    const found = shorten(names.join(', '));
    const problem = new StudioError('field-missing', `${file} has no ${kind}; it has: ${found}`, { file, field: kind, found });
    return { plan: null, preview: [], problem };
  }
  const preview = parsed.flatMap((row) => ('record' in row ? [shownRecord(kind, row.record)] : [])).slice(0, PREVIEWS);
  return { plan: { ...plan, records: { kind, columns: labelled, fields: recordColumns(kind, names, labelled) } }, preview, problem: null };
}

/** Columns of text and label: those chosen, else those with such names, else the longest and the first beside it. */
function labelledColumns(rows: readonly Row[], columns: readonly InspectedColumn[], { textField, labelField }: FileChoice): LabelColumns {
  const named = labelColumns(columns.map(({ name }) => name));
  const text = textField ?? named?.text ?? longestColumn(rows, columns)?.name ?? '';
  return { text, label: labelField ?? named?.label ?? columns.find(({ name }) => name !== text)?.name ?? '' };
}

function sameJoin(a: TextJoin, b: TextJoin): boolean {
  return a.of === b.of && a.fields.join('\n') === b.fields.join('\n');
}

function guess(wanted: readonly string[], columns: readonly InspectedColumn[]): InspectedColumn | null {
  for (const name of wanted) {
    const column = columns.find((candidate) => candidate.text && candidate.name.toLowerCase() === name);
    if (column) return column;
  }
  return null;
}

/** A column that has the name of a text, by itself or inside; but what stands in a list of messages is no text of its own. */
function likelyText(columns: readonly InspectedColumn[]): InspectedColumn | null {
  const own = guess(TEXT_NAMES, columns);
  if (own) return own;
  const inside = columns.filter(({ name, values }) => /[.\]]/.test(name) && !name.startsWith('answers') && values.length > 0);
  const last = inside.map((column) => ({ ...column, name: column.name.replace(/\[\]$/, '').split('.').at(-1)! }));
  const found = guess(
    TEXT_NAMES,
    last.filter((_, at) => !isOfMessage(inside[at]!.name, columns)),
  );
  return found && inside[last.indexOf(found)]!;
}

/** Whether a path leads to what somebody says: beside it stands who. */
function isOfMessage(path: string, columns: readonly InspectedColumn[]): boolean {
  for (let at = path.indexOf('[].'); at >= 0; at = path.indexOf('[].', at + 1)) {
    const list = path.slice(0, at + 3);
    if (columns.some(({ name }) => name === `${list}role` || name === `${list}from` || name === `${list}question`)) return true;
  }
  return false;
}

/** The column whose strings are the longest: what a text most likely is. Numbers written as strings are none. */
function longestColumn(rows: readonly Row[], columns: readonly InspectedColumn[]): InspectedColumn | null {
  let best: InspectedColumn | null = null;
  let longest = 0;
  for (const column of columns) {
    let length = 0;
    for (const row of rows) {
      const value = textAt(row, column.name);
      if (value !== undefined && !/^[\d\s.,:+-]*$/.test(value)) length += value.length;
    }
    if (length > longest) [best, longest] = [column, length];
  }
  return best;
}
