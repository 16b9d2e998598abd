/** How the rows stand in a JSON text, told by its beginning; and its first rows. */
import { JsonValues, type ValueLevel } from './json-values';
import { parseRelaxed } from './relaxed-json';
import { recordOf, TEXT_NAMES, type Row } from './record';

/**
 * `lines`: a value a line. `sequence`: values one after the other. `rows`: an array of rows, an object with such arrays or with columns
 * as arrays, or a single record. pandas' `to_json` besides: `by-key` (orient index; also records under names of their own), `by-column`
 * (orient columns, its default), `split`.
 */
export type JsonLayout = 'lines' | 'sequence' | 'rows' | 'by-key' | 'by-column' | 'split';

export const LEVELS: Record<Exclude<JsonLayout, 'lines'>, ValueLevel> = {
  sequence: 'sequence',
  rows: 'rows',
  split: 'rows',
  'by-key': 'members',
  'by-column': 'cells',
};

/** Lines looked at. */
const LINES = 40;

/** @param head decoded beginning of the file @param byLines lines are what its name promises */
export function jsonLayout(head: string, whole: boolean, byLines: boolean): JsonLayout {
  const lines = headLines(head, whole);
  const sound = lines.filter((line) => parsedLine(line) !== undefined).length;
  const first = lines[0] === undefined ? undefined : parsedLine(lines[0]);
  if (
    byLines ? sound > 0 && sound * 2 >= lines.length && !opensArray(lines) : sound > 1 && first !== undefined && sound * 2 >= lines.length
  )
    return 'lines';
  const start = /[^\s\p{Cc}\uFEFF]/u.exec(head)?.[0];
  const values = new JsonValues('sequence');
  const found = values.push(head).length + (whole ? values.end().length : 0);
  if (found > 1 || (found === 1 && !values.complete)) return 'sequence';
  if (start === '[') return 'rows';
  if (start !== '{') return byLines ? 'lines' : 'rows';
  const layout = objectLayout(head);
  return layout === 'rows' && byLines && found === 0 && lines.length === 0 ? 'lines' : layout;
}

/** `[` and nothing else that is a value: an array whose elements stand a line each. */
function opensArray(lines: readonly string[]): boolean {
  return lines[0]!.trim().startsWith('[') && parsedLine(lines[0]!) === undefined;
}

function objectLayout(head: string): JsonLayout {
  const rows = new JsonValues('rows');
  const keys = new Set(rows.push(head).map(({ key }) => key));
  for (const name of rows.scalars.keys()) keys.add(name);
  if (keys.has('columns') && (keys.has('data') || keys.has('index')) && rows.sawArray && !rows.scalars.has('columns')) return 'split';
  if (rows.sawArray) return 'rows';
  const members = new Map<string, string[]>();
  for (const { key, member } of new JsonValues('cells').push(head)) {
    if (key === null || member === null) continue;
    members.set(key, [...(members.get(key) ?? []), member]);
  }
  // Members that are no objects make it a record.
  if (members.size === 0 || [...rows.scalars].some(([, json]) => !json.startsWith('{'))) return 'rows';
  const outer = [...members.keys()];
  const inner = members.get(outer[0]!)!;
  if (isNumbered(inner)) return 'by-column';
  if (isNumbered(outer)) return 'by-key';
  const alike = [...members.values()].slice(0, -1).every((names) => names.join('\n') === inner.join('\n'));
  if (outer.length < 2 || !alike) return 'rows';
  const named = (names: readonly string[]) => names.some((name) => TEXT_NAMES.includes(name.toLowerCase()));
  return named(outer) && !named(inner) ? 'by-column' : 'by-key';
}

/** A pandas index: whole numbers that go up. */
function isNumbered(names: readonly string[]): boolean {
  return names.every((name, at) => /^\d+$/.test(name) && (at === 0 || Number(name) > Number(names[at - 1])));
}

/** First rows of a JSON text. */
export function firstRows(head: string, layout: JsonLayout, whole: boolean, most: number): Row[] {
  if (layout === 'lines')
    return headLines(head, whole).flatMap((line) => {
      const value = parsedLine(line);
      return value === undefined ? [] : recordOf(value);
    });
  const values = new JsonValues(LEVELS[layout]);
  const found = values.push(head);
  if (layout === 'sequence' && whole) found.push(...values.end());
  const sound = found.flatMap((value) => {
    const parsed = value.json === null ? undefined : attempt(value.json);
    return parsed === undefined ? [] : [{ ...value, parsed }];
  });
  if (layout === 'split') {
    const names = sound.filter(({ key }) => key === 'columns').map(({ json }) => nameOf(json!));
    const rows = sound.filter(({ key }) => key === 'data').slice(0, most);
    if (rows.length === 0) return [Object.fromEntries(names.map((name) => [name, null]))];
    return rows.map(({ parsed }) => splitRow(names, parsed));
  }
  const rows = sound.filter(({ parsed, key }) => key === null || (typeof parsed === 'object' && layout !== 'by-column'));
  if (rows.length > 0) return rows.slice(0, most).flatMap(({ parsed }) => recordOf(parsed));
  const columns = new Map<string, typeof sound>();
  for (const cell of sound) columns.set(cell.key!, [...(columns.get(cell.key!) ?? []), cell]);
  if (columns.size > 0) {
    const longest = Math.min(most, Math.max(...[...columns.values()].map((cells) => cells.length)));
    return Array.from({ length: longest }, (_, at) =>
      Object.fromEntries([...columns].flatMap(([name, cells]) => (cells[at] ? [[name, cells[at].parsed]] : []))),
    );
  }
  const single = [...values.scalars].flatMap(([name, json]) => {
    const parsed = attempt(json);
    return parsed === undefined ? [] : [[name, parsed] as const];
  });
  return single.length > 0 ? [Object.fromEntries(single)] : [];
}

/** A column's name, which pandas may have as a number. */
export function nameOf(json: string): string {
  return String(attempt(json));
}

/** A row of pandas' `split`: its values under the names of the columns. */
export function splitRow(names: readonly string[], values: unknown): Row {
  return Object.fromEntries(names.map((name, at) => [name, Array.isArray(values) ? (values[at] as unknown) : undefined]));
}

/** A line's value; undefined for a line that is none. RS before it (RFC 7464) and a comma after it are no part of it. */
export function parsedLine(line: string): unknown {
  return attempt(trimmedLine(line));
}

/** @see parsedLine */
export function trimmedLine(line: string): string {
  return line.replace(/^[\s\p{Cc}\uFEFF]+|[\s,]+$/gu, '');
}

function headLines(head: string, whole: boolean): string[] {
  const lines = head.split('\n');
  if (!whole) lines.pop();
  return lines.filter((line) => /[^\s\p{Cc}]/u.test(line)).slice(0, LINES);
}

function attempt(json: string): unknown {
  try {
    return parseRelaxed(json);
  } catch {
    return undefined;
  }
}
