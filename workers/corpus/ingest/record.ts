/** A row of a structured file, and what stands in it under a path: "text", "data.text", "paragraphs[].text". */

export type Row = Readonly<Record<string, unknown>>;

/** Names of columns that hold the text, wherever they stand. */
export const TEXT_NAMES: readonly string[] = [
  ...['text', 'content', 'body', 'document', 'article', 'passage', 'markdown', 'code'],
  ...['正文', '内容', '文本', '文章', '段落'],
];

/** Depth to which rows are looked into. */
const DEEPEST = 4;

/**
 * A value of a JSON file as rows: an object is one; a string is the text of one; a list of messages is a conversation; another list's
 * columns are its places, from 0. A list of rows, as some files have a line each, is as many.
 */
export function recordOf(value: unknown): Row[] {
  if (typeof value === 'string') return [{ text: value }];
  if (Array.isArray(value)) {
    const elements = value as unknown[];
    if (elements.length > 0 && elements.every(isObject))
      return elements.every((element) => 'role' in element || 'from' in element) ? [{ messages: elements }] : elements;
    return [Object.fromEntries(elements.map((element, at) => [String(at), element]))];
  }
  return isObject(value) ? [value] : [];
}

export function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value) && !(value instanceof Date);
}

/** What stands under a path: one value, or those of a list. Undefined where there is nothing. */
export function valueAt(row: unknown, path: string): unknown {
  if (isObject(row) && Object.hasOwn(row, path)) return row[path];
  if (path.endsWith('[]') || path.includes('[].')) {
    const at = path.indexOf('[]');
    const list = valueAt(row, path.slice(0, at));
    if (!Array.isArray(list)) return undefined;
    const rest = path.slice(at + 3);
    return rest === '' ? list : list.flatMap((element) => valueAt(element, rest) ?? []);
  }
  if (!isObject(row)) return undefined;
  // A name may itself have dots.
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const outer = path.slice(0, dot);
    if (Object.hasOwn(row, outer)) return valueAt(row[outer], path.slice(dot + 1));
  }
  return undefined;
}

/** The text under a path: strings of a list are parted by blank lines. Undefined where there is no string. */
export function textAt(row: Row, path: string): string | undefined {
  const value = valueAt(row, path);
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || !path.includes('[]')) return undefined;
  const strings = value.filter((element): element is string => typeof element === 'string');
  return strings.length > 0 ? strings.join('\n\n') : undefined;
}

/** Paths inside the rows' objects and lists that lead to strings, in the order in which they stand. */
export function innerPaths(rows: readonly Row[]): string[] {
  const found = new Set<string>();
  const walk = (value: unknown, path: string, depth: number) => {
    if (typeof value === 'string' && depth > 0) found.add(path);
    else if (Array.isArray(value)) for (const element of (value as unknown[]).slice(0, 20)) walk(element, `${path}[]`, depth + 1);
    else if (isObject(value) && depth <= DEEPEST)
      for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`, depth + 1);
  };
  for (const row of rows) for (const [name, value] of Object.entries(row)) walk(value, name, 0);
  return [...found];
}
