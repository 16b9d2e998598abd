/** Rows of .json and .jsonl files, read piece by piece. */
import { LONGEST_ROW, addRow, emptyBatch, shorten, type FilePlan, type RowBatch, type RowReader } from './row-reader';
import type { ByteSource } from './byte-source';
import { textBlocks, lineBlocks } from './text-stream';

export interface JsonElement {
  /** Key of the array it stands in; null in a top-level array. */
  key: string | null;
  /** From 0 in its array. */
  index: number;
  /** Its JSON text; null when it is longer than LONGEST_ROW. */
  json: string | null;
}

/**
 * Finds the elements of a JSON file without holding it: those of the top-level array, or of arrays in a top-level object
 * (`{"train": [...]}`, or columns as arrays). Only the structure is followed; each element is parsed by itself, so that a broken one
 * costs no other. Feed it text; it gives the elements that are complete.
 */
export class JsonElements {
  /** Values of the top-level object that are no arrays, as JSON: a file may be a single record. */
  readonly scalars = new Map<string, string>();
  /** Whether any array was opened at the level where elements stand. */
  sawArray = false;
  private depth = 0;
  /** Depth at which elements of the open array stand; 0 when no such array is open. */
  private elementDepth = 0;
  private inString = false;
  private escaped = false;
  private root: 'array' | 'object' | null = null;
  private key: string | null = null;
  private awaitingValue = false;
  private index = 0;
  /** Text of the element, key or scalar being read. */
  private open = '';
  private opened = false;
  private dropped = false;

  push(text: string): JsonElement[] {
    const found: JsonElement[] = [];
    /** Start in `text` of what is being kept; −1 for nothing. */
    let from = this.opened ? 0 : -1;
    const keep = (end: number) => {
      if (from >= 0 && !this.dropped) this.open += text.slice(from, end);
      if (this.open.length > LONGEST_ROW) {
        this.open = '';
        this.dropped = true;
      }
      from = -1;
    };
    const begin = (at: number) => {
      from = at;
      this.opened = true;
    };
    const finish = (at: number): string | null => {
      keep(at);
      const value = this.dropped ? null : this.open.trim();
      this.open = '';
      this.opened = false;
      this.dropped = false;
      return value;
    };
    const endValue = (at: number) => {
      const value = finish(at);
      if (value === '') return;
      if (this.elementDepth > 0) found.push({ key: this.key, index: this.index++, json: value });
      else if (this.root === 'object' && this.key !== null && value !== null) this.scalars.set(this.key, value);
    };

    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (unit === 92) this.escaped = true;
        else if (unit === 34) this.inString = false;
        continue;
      }
      switch (unit) {
        case 34: // "
          this.inString = true;
          if (!this.opened && this.depth > 0) begin(at);
          break;
        case 91: // [
        case 123: {
          // {
          const array = unit === 91;
          this.depth++;
          if (this.depth === 1) {
            this.root = array ? 'array' : 'object';
            if (array) this.openArray(1);
          } else if (this.depth === 2 && this.root === 'object' && this.awaitingValue && array) {
            this.openArray(2);
          } else if (!this.opened) begin(at);
          break;
        }
        case 93: // ]
        case 125: // }
          if (this.elementDepth > 0 && this.depth === this.elementDepth) {
            endValue(at);
            this.elementDepth = 0;
            this.awaitingValue = false;
            if (this.root === 'object') this.key = null;
          } else if (this.depth === 1 && this.root === 'object') endValue(at);
          this.depth = Math.max(0, this.depth - 1);
          break;
        case 44: // ,
          if (this.elementDepth > 0 && this.depth === this.elementDepth) endValue(at);
          else if (this.depth === 1 && this.root === 'object') {
            endValue(at);
            this.awaitingValue = false;
            this.key = null;
          }
          break;
        case 58: // :
          if (this.depth === 1 && this.root === 'object' && !this.awaitingValue) {
            this.key = parsedKey(finish(at));
            this.awaitingValue = true;
          }
          break;
        case 32:
        case 9:
        case 10:
        case 13:
          break;
        default:
          if (!this.opened && this.depth > 0) begin(at);
      }
    }
    keep(text.length);
    return found;
  }

  /** True when the text ended where it may. */
  get complete(): boolean {
    return this.root !== null && this.depth === 0 && !this.inString;
  }

  private openArray(depth: number): void {
    this.elementDepth = depth;
    this.index = 0;
    this.sawArray = true;
  }
}

function parsedKey(json: string | null): string | null {
  try {
    return json === null ? null : String(JSON.parse(json));
  } catch {
    return json;
  }
}

/**
 * A .json file: an array of objects or of strings, an object that holds such arrays, columns as arrays of one length, or a single
 * object. Rows are counted as they stand. There are no cursors: without the structure before it no row can be read.
 */
export const readJson: RowReader = async function* (source, plan) {
  const elements = new JsonElements();
  const channels = plan.channelField === null ? null : await readColumn(source, plan, plan.channelField);
  let row = 0;
  for await (const { text, done, undecodable } of textBlocks(source, plan)) {
    const batch = emptyBatch(source.path, done);
    batch.undecodable = undecodable;
    for (const element of elements.push(text)) if (addElement(batch, element, plan, channels, row + 1)) row++;
    yield batch;
  }
  const last = emptyBatch(source.path, source.size);
  if (!elements.complete) last.bad.push({ line: row + 1, reason: 'json', detail: '…' });
  else if (!elements.sawArray && elements.scalars.size > 0) {
    const value = (name: string | null) => (name === null ? null : parsed(elements.scalars.get(name) ?? 'null'));
    addRow(last, value(plan.textField), value(plan.channelField), 1);
  }
  yield last;
};

/** @returns whether the element is a row */
function addElement(batch: RowBatch, { key, index, json }: JsonElement, plan: FilePlan, channels: string[] | null, line: number): boolean {
  // Another column than the text's: its values are no rows.
  const column = key !== null && (key === plan.textField || json === null || !json.startsWith('{'));
  if (column && key !== plan.textField) return false;
  if (json === null) {
    batch.bad.push({ line, reason: 'too-long', detail: '' });
    return true;
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    batch.bad.push({ line, reason: 'json', detail: shorten(error instanceof Error ? error.message : json) });
    return true;
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const row = value as Record<string, unknown>;
    addRow(batch, row[plan.textField ?? 'text'], plan.channelField === null ? null : row[plan.channelField], line);
  } else addRow(batch, value, channels?.[index] ?? null, line);
  return true;
}

/** A column given as an array, when the file has one by this name: its values are few different words. */
async function readColumn(source: ByteSource, plan: FilePlan, name: string): Promise<string[] | null> {
  const elements = new JsonElements();
  const values: string[] = [];
  const known = new Map<string, string>();
  for await (const { text } of textBlocks(source, plan)) {
    for (const { key, json } of elements.push(text)) {
      // Objects in an array carry their channel themselves.
      if (key === null || json?.startsWith('{')) return null;
      if (key !== name || json === null) continue;
      const value = String(parsed(json));
      if (!known.has(value)) known.set(value, value);
      values.push(known.get(value)!);
    }
  }
  return values.length > 0 ? values : null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** JSON Lines: one object a line. A line that is none is named, and the rest is used. A cursor is byte and line. */
export const readJsonLines: RowReader = async function* (source, plan, from) {
  const { textField, channelField } = plan;
  let undecodable = 0;
  for await (const { text, line: first, end, tooLong, stream } of lineBlocks(source, plan, from)) {
    const batch = emptyBatch(source.path, end);
    for (const line of tooLong) batch.bad.push({ line, reason: 'too-long', detail: '' });
    let line = first;
    for (let start = 0; start < text.length; line++) {
      const found = text.indexOf('\n', start);
      const stop = found < 0 ? text.length : found;
      const json = text.slice(start, stop);
      start = stop + 1;
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch (error) {
        // Blank lines are no rows; asking here keeps the question off every sound line.
        if (/\S/.test(json)) batch.bad.push({ line, reason: 'json', detail: shorten(error instanceof Error ? error.message : json) });
        continue;
      }
      const row = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
      addRow(batch, row[textField ?? 'text'], channelField === null ? null : row[channelField], line);
    }
    batch.undecodable = stream.undecodable - undecodable;
    undecodable = stream.undecodable;
    batch.cursor = { offset: end, line };
    yield batch;
  }
};
