/**
 * The reading order of a page of which only places of words are known: running heads, columns, lines, paragraphs. Lengths are in points
 * of 1/72 inch; x grows to the right, y downwards. The rules are simple and are told in METHOD 1.
 */

/** Some words of a line. */
export interface PlacedText {
  text: string;
  /** Left end and baseline. */
  x: number;
  y: number;
  width: number;
  /** Of the font. */
  height: number;
}

export interface PlacedPage {
  height: number;
  pieces: PlacedText[];
}

interface FlowedText {
  text: string;
  /** Lines left out as running heads and page numbers; words joined over a line end; tables whose cells were set off by tabs. */
  heads: number;
  hyphens: number;
  tables: number;
}

interface Line extends PlacedText {
  right: number;
  /** Left and right end of the column that it stands in. */
  column: [left: number, right: number];
  /** Its cells, parted by gaps of a word space and more, and by wide ones alone. */
  cells: PlacedText[];
  apart: PlacedText[];
}

/** A head or foot stands in this part of the page's height at its top or bottom, within so many lines, at the same height (points). */
const MARGIN = 0.16;
const MARGIN_LINES = 3;
const SAME_HEIGHT = 3;
/** Gaps between words, in heights of the font: what parts words, what may part columns, what parts cells. */
const WORD_GAP = 0.18;
const COLUMN_GAP = 0.6;
const CELL_GAP = 1;
const WIDE_GAP = 1.6;
/** Cells below each other have an end or the middle in common, in points. */
const ALIGNED = 3;

const HAN = /[\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u{20000}-\u{3ffff}]/u;

export function flowPages(pages: readonly PlacedPage[]): FlowedText {
  const found = { heads: 0, hyphens: 0, tables: 0 };
  const heads = runningHeads(pages);
  const lines: Line[] = [];
  for (const [at, { pieces }] of pages.entries()) {
    const kept = pieces.filter((piece) => !heads[at]!.pieces.has(piece));
    found.heads += heads[at]!.lines;
    for (const line of linesOf(kept)) lines.push(line);
  }
  return { ...found, ...paragraphs(lines, found) };
}

// ---------------------------------------------------------------- running heads

interface Row {
  y: number;
  pieces: PlacedText[];
}

function rowsOf(pieces: readonly PlacedText[]): Row[] {
  const rows: Row[] = [];
  for (const piece of [...pieces].sort((a, b) => a.y - b.y || a.x - b.x)) {
    const row = rows.at(-1);
    if (row && piece.y - row.y <= 0.4 * Math.max(piece.height, row.pieces[0]!.height)) row.pieces.push(piece);
    else rows.push({ y: piece.y, pieces: [piece] });
  }
  for (const row of rows) row.pieces.sort((a, b) => a.x - b.x);
  return rows;
}

/** Of each page the pieces of lines that stand at the same height on other pages too, with no more than another number in them. */
function runningHeads(pages: readonly PlacedPage[]): { pieces: Set<PlacedText>; lines: number }[] {
  const candidates = pages.map(({ height, pieces }) => {
    const rows = rowsOf(pieces);
    const gaps = rows.slice(1).map(({ y }, at) => y - rows[at]!.y);
    const wide = 1.3 * ([...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0);
    const top = rows.slice(0, MARGIN_LINES).filter(({ y }) => y < height * MARGIN);
    const bottom = rows.slice(-MARGIN_LINES).filter(({ y }) => y > height * (1 - MARGIN));
    // More white than between two lines sets a head off from the text.
    const headEnd = gaps.slice(0, top.length).findLastIndex((gap) => gap > wide);
    const footBegin = bottom.length === 0 ? -1 : gaps.slice(-bottom.length).findIndex((gap) => gap > wide);
    const apart = new Set([...top.slice(0, headEnd + 1), ...(footBegin < 0 ? [] : bottom.slice(footBegin))]);
    return [...new Set([...top, ...bottom])].map((row) => ({
      ...row,
      apart: apart.has(row),
      text: headText(row.pieces.map(({ text }) => text).join(' ')),
    }));
  });
  const seen = new Map<string, { page: number; y: number }[]>();
  for (const [page, rows] of candidates.entries())
    for (const { text, y } of rows) {
      const places = seen.get(text) ?? [];
      places.push({ page, y });
      seen.set(text, places);
    }
  const needed = pages.length <= 5 ? 2 : 3;
  const known = new Map<number, number>();
  /** Pages that have a head with a number at that height. */
  const numbered = (y: number) => {
    const found = known.get(Math.round(y));
    if (found !== undefined) return found;
    const isThere = (row: (typeof candidates)[number][number]) => row.apart && row.text.includes('#') && Math.abs(row.y - y) <= SAME_HEIGHT;
    const count = candidates.filter((rows) => rows.some(isThere)).length;
    known.set(Math.round(y), count);
    return count;
  };
  return candidates.map((rows) => {
    const repeated = rows.filter(({ text, y, apart }) => {
      const alike = seen.get(text)!.filter((other) => Math.abs(other.y - y) <= SAME_HEIGHT);
      const times = new Set(alike.map(({ page }) => page)).size;
      if (times >= needed && (apart || times > Math.max(3, 0.6 * pages.length))) return true;
      // Heads of short chapters differ, but most pages have one with a number there.
      return apart && text.includes('#') && numbered(y) >= Math.max(3, pages.length / 2);
    });
    return { pieces: new Set(repeated.flatMap(({ pieces }) => pieces)), lines: repeated.length };
  });
}

/** Numbers differ from page to page, those of a preface in Roman letters. */
function headText(text: string): string {
  const plain = text.replace(/\s+/g, '').toLowerCase();
  return /^[-–—·.|]*[ivxlc]+[-–—·.|]*$/.test(plain) ? '#' : plain.replace(/\d+/g, '#').replace(/^[-–—·.|]*#[-–—·.|]*$/, '#');
}

// ---------------------------------------------------------------- columns and lines

/** The lines of a page in the order in which they are read. */
function linesOf(pieces: readonly PlacedText[]): Line[] {
  const words = rowsOf(pieces).flatMap(({ pieces: row }) => joined(row, COLUMN_GAP));
  return inColumns(words);
}

/** Pieces of a row with gaps smaller than so many heights of the font become one. */
function joined(row: readonly PlacedText[], gap: number): PlacedText[] {
  const out: PlacedText[] = [];
  for (const piece of row) {
    const last = out.at(-1);
    const between = last ? piece.x - (last.x + last.width) : 0;
    const height = Math.max(piece.height, last?.height ?? 0);
    if (!last || between > gap * height) {
      out.push({ ...piece });
      continue;
    }
    last.text += (between > WORD_GAP * height && !betweenHan(last.text, piece.text) ? ' ' : '') + piece.text;
    last.width = Math.max(last.width, piece.x + piece.width - last.x);
    last.height = height;
  }
  return out;
}

function betweenHan(before: string, after: string): boolean {
  return HAN.test([...before].at(-1) ?? '') && HAN.test([...after][0] ?? '');
}

/** A page of a map may have more words than a call may have arguments. */
function extent(words: readonly PlacedText[]): [left: number, right: number] {
  let [left, right] = [Infinity, -Infinity];
  for (const { x, width } of words) [left, right] = [Math.min(left, x), Math.max(right, x + width)];
  return [left, right];
}

/** Text on both sides of a gutter is read side by side; lines over it come before and after what is beside it. */
function inColumns(words: readonly PlacedText[]): Line[] {
  const [left, right] = extent(words);
  const gutter = gutterOf(words, left, right);
  if (gutter === null) return asLines(words, [left, right]);
  const out: Line[] = [];
  let sides: [PlacedText[], PlacedText[]] = [[], []];
  let over: PlacedText[] = [];
  const flushSides = () => {
    for (const side of sides) if (side.length > 0) for (const line of inColumns(side)) out.push(line);
    sides = [[], []];
  };
  const flushOver = () => {
    for (const line of over.length > 0 ? asLines(over, [left, right]) : []) out.push(line);
    over = [];
  };
  for (const { pieces } of rowsOf(words)) {
    const crossing = pieces.some(({ x, width }) => x < gutter && x + width > gutter);
    if (crossing) flushSides();
    else flushOver();
    for (const piece of pieces)
      if (crossing) over.push(piece);
      else sides[piece.x < gutter ? 0 : 1].push(piece);
  }
  flushOver();
  flushSides();
  return out;
}

/** Lines that a column has at least. */
const FEWEST_LINES = 4;

/** The middle of the free strip with the most lines on both sides of it, and few over it; null where there are no columns. */
function gutterOf(words: readonly PlacedText[], left: number, right: number): number | null {
  const rows = rowsOf(words).map(({ pieces }) => ({
    pieces,
    ends: pieces.reduce((least, { x, width }) => Math.min(least, x + width), Infinity),
    begins: pieces.reduce((most, { x }) => Math.max(most, x), -Infinity),
  }));
  if (rows.length < FEWEST_LINES) return null;
  const heights = words.map(({ height }) => height).sort((a, b) => a - b);
  const wide = Math.ceil(COLUMN_GAP * heights[heights.length >> 1]!);
  const from = Math.ceil(left + (right - left) * 0.15);
  const to = Math.floor(left + (right - left) * 0.85);
  const worths = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => {
    const x = from + at;
    const fewer = Math.min(rows.filter(({ ends }) => ends <= x).length, rows.filter(({ begins }) => begins >= x).length);
    const over = rows.filter(({ pieces }) => pieces.some((piece) => piece.x < x && piece.x + piece.width > x)).length;
    return fewer < FEWEST_LINES || over > 0.8 * fewer ? -Infinity : fewer - over;
  });
  // A strip is worth what its worst place is: gaps between words hardly lie below each other.
  const strips = worths.map((_, at) => (at + wide <= worths.length ? Math.min(...worths.slice(at, at + wide)) : -Infinity));
  const best = Math.max(...strips, -Infinity);
  if (best <= 0) return null;
  const begin = strips.indexOf(best);
  let end = begin;
  while (strips[end + 1] === best) end++;
  const gutter = from + (begin + end + wide - 1) / 2;
  const beside = words.filter(({ x, width }) => x >= gutter || x + width <= gutter);
  return [beside.filter(({ x }) => x < gutter), beside.filter(({ x }) => x >= gutter)].every(isRunningText) ? gutter : null;
}

/** Lines of running text fill their column; cells of a table do not. */
function isRunningText(words: readonly PlacedText[]): boolean {
  const [left, right] = extent(words);
  const widths = rowsOf(words).map(({ pieces }) => pieces.reduce((sum, { width }) => sum + width, 0));
  const full = widths.filter((width) => width > 0.6 * (right - left)).length;
  return full >= 0.5 * widths.length;
}

function asLines(words: readonly PlacedText[], column: [number, number]): Line[] {
  return rowsOf(words).map(({ y, pieces }) => {
    const cells = joined(pieces, CELL_GAP);
    const [first, last] = [cells[0]!, cells.at(-1)!];
    const right = last.x + last.width;
    return {
      text: cells.map(({ text }) => text.trim()).join(' '),
      ...{ x: first.x, y, width: right - first.x, right, column, cells, apart: joined(pieces, WIDE_GAP) },
      height: cells.reduce((most, { height }) => Math.max(most, height), 0),
    };
  });
}

// ---------------------------------------------------------------- paragraphs

const SENTENCE_END = /[.!?:;。！？：；…][”’"')\]）】」』]*$/;
const BULLET = /^(?:[•‣◦▪●○·∙–—*-]|\(?\d{1,3}[.)、]|[（(][一二三四五六七八九十]+[）)])\s*/;
/** Letters, a hyphen at a line's end, and letters that go on with it. */
const HYPHENATED = /(\p{L}+)[-\u00ad\u2010]$/u;

function paragraphs(lines: readonly Line[], found: { hyphens: number; tables: number }): { text: string; hyphens: number; tables: number } {
  const leading = typicalLeading(lines);
  const inLines = wordsInLines(lines);
  let { hyphens, tables } = found;
  const out: string[] = [];
  let open = '';
  let wasRow = false;
  for (const [at, line] of lines.entries()) {
    const before = lines[at - 1];
    const cells = rowCells(lines, at);
    const row = cells !== null;
    const text = cells ? cells.map((cell) => cell.text.trim()).join('\t') : line.text;
    if (row && !wasRow) tables++;
    if (!before) open = text;
    else if (row && wasRow && sameBlock(before, line, leading)) open += `\n${text}`;
    else if (row || wasRow || begins(before, line, lines[at + 1], leading)) {
      out.push(open);
      open = text;
    } else {
      const hyphen = HYPHENATED.exec(open);
      const rest = /^\p{Ll}\p{L}*/u.exec(text)?.[0];
      if (hyphen && rest !== undefined) {
        // A word that stands with its hyphen in the middle of a line, and never without it, keeps it.
        const [whole, compound] = [`${hyphen[1]}${rest}`.toLowerCase(), `${hyphen[1]}-${rest}`.toLowerCase()];
        const kept = inLines.has(compound) && !inLines.has(whole);
        open = `${open.slice(0, -1)}${kept ? '-' : ''}${text}`;
        if (!kept) hyphens++;
      } else open += (betweenHan(open, text) || open.endsWith('-') ? '' : ' ') + text;
    }
    wasRow = row;
  }
  if (open !== '') out.push(open);
  return {
    text: out
      .map((paragraph) => paragraph.replaceAll('\u00ad', '').trim())
      .filter((paragraph) => paragraph !== '')
      .join('\n\n'),
    hyphens,
    tables,
  };
}

/**
 * The cells of a line that is a row of a table; null for another one. Beside it stands one whose cells all lie above or below its own, or
 * both have cells far apart of which some do: the words of justified lines may be as far apart, but not in the same places.
 */
function rowCells(lines: readonly Line[], at: number): PlacedText[] | null {
  const line = lines[at];
  if (!line || isJustified(line)) return null;
  const beside = [lines[at - 1], lines[at + 1]].flatMap((other) =>
    other && other.column[0] === line.column[0] && Math.abs(other.y - line.y) < 3 * line.height ? [other] : [],
  );
  const { cells, apart } = line;
  const all = (other: Line) => other.cells.length === cells.length && cells.every((cell, place) => areAligned(cell, other.cells[place]!));
  if (cells.length > 1 && beside.some(all)) return cells;
  const some = (other: Line) => other.apart.slice(1).some((above) => apart.slice(1).some((cell) => areAligned(cell, above)));
  return apart.length > 1 && beside.some(some) ? apart : null;
}

/** Words over the whole column with equal gaps. */
function isJustified({ cells, x, right, column, height }: Line): boolean {
  if (cells.length < 3 || x - column[0] > height || column[1] - right > ALIGNED) return false;
  const gaps = cells.slice(1).map((cell, at) => cell.x - (cells[at]!.x + cells[at]!.width));
  return Math.max(...gaps) - Math.min(...gaps) < 0.25 * height;
}

function areAligned(cell: PlacedText, other: PlacedText): boolean {
  const left = cell.x - other.x;
  const right = left + cell.width - other.width;
  return [left, right, (left + right) / 2].some((distance) => Math.abs(distance) <= ALIGNED);
}

function sameBlock(before: Line, line: Line, leading: number): boolean {
  return line.y > before.y && line.y - before.y < 2 * leading * line.height;
}

/** Distance of baselines in heights of the font, as most lines have it. */
function typicalLeading(lines: readonly Line[]): number {
  const ratios: number[] = [];
  for (const [at, line] of lines.entries()) {
    const before = lines[at - 1];
    if (before && line.y > before.y && line.column[0] === before.column[0] && line.height > 0)
      ratios.push((line.y - before.y) / line.height);
  }
  ratios.sort((a, b) => a - b);
  return Math.min(2.2, ratios[ratios.length >> 1] ?? 1.2);
}

/** Whether a line begins a paragraph, by what stands before and after it. */
function begins(before: Line, line: Line, after: Line | undefined, leading: number): boolean {
  const em = line.height;
  const ends = SENTENCE_END.test(before.text);
  if (BULLET.test(line.text) && (ends || before.right < before.column[1] - 2 * em || BULLET.test(before.text))) return true;
  if (Math.abs(line.height - before.height) > 0.15 * Math.max(line.height, before.height)) return true;
  const moved = line.y <= before.y || line.column[0] !== before.column[0];
  const indent = line.x - line.column[0];
  if (moved) {
    // The text goes on in the next column or on the next page where a sentence was left open.
    const full = before.right > before.column[1] - 0.5 * em;
    if ((ends && !full) || indent > 0.8 * em) return true;
    return !((ends && full) || HYPHENATED.test(before.text) || /^[\p{Ll}\p{Lo}\d,;)]/u.test(line.text));
  }
  if (line.y - before.y > 1.35 * leading * em) return true;
  const back = !after || after.y <= line.y || after.x < line.x - 0.5 * em;
  // The lines of a list's item stand behind its bullet.
  if (indent > 0.8 * em && line.x - before.x > 0.8 * em && back && !BULLET.test(before.text)) return true;
  return ends && before.right < before.column[1] - 0.18 * (before.column[1] - before.column[0]);
}

/** Words and compounds that stand wholly inside a line. */
function wordsInLines(lines: readonly Line[]): Set<string> {
  const words = new Set<string>();
  for (const { text } of lines) for (const [word] of text.toLowerCase().matchAll(/\p{L}+(?:-\p{L}+)*(?=[^\p{L}-]|$)/gu)) words.add(word);
  return words;
}
