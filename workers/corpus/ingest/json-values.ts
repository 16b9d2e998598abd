/**
 * Finds the values of a JSON text that is read piece by piece, without holding it. Only the structure is followed; each value is
 * parsed by itself, so that a broken one costs no other.
 *
 * Which values: `sequence`: those of the top level, one after the other; `rows`: the elements of a top-level array, or of the arrays in
 * a top-level object; `members`: those of a top-level object; `cells`: those of the objects and arrays in a top-level object.
 */
import { LONGEST_ROW } from './row-reader';

export type ValueLevel = 'sequence' | 'rows' | 'members' | 'cells';

export interface JsonValue {
  /** Key of the container it stands in; null in a top-level one. */
  key: string | null;
  /** Its own key, in an object. */
  member: string | null;
  /** From 0 in its container. */
  index: number;
  /** Its line, from 1. */
  line: number;
  /** Its JSON text; null when it is longer than LONGEST_ROW. */
  json: string | null;
}

interface Container {
  array: boolean;
  /** The key whose value comes or is being read; null where a key is due. */
  key: string | null;
  index: number;
}

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;

export class JsonValues {
  /** `rows` of a top-level object: members that are no arrays, as JSON; a file may be a single record. */
  readonly scalars = new Map<string, string>();
  /** Whether any array of rows was opened. */
  sawArray = false;
  private started = false;
  private readonly open: Container[] = [];
  /** What is being kept: a key, or a value that is a string, a container or a bare word. */
  private kept: 'key' | 'string' | 'container' | 'word' | null = null;
  private text = '';
  private dropped = false;
  private keptLine = 1;
  /** Brackets open inside a container that is kept. */
  private inner = 0;
  /** The quote of the string that one is inside of, 0 outside. */
  private quote = 0;
  private escaped = false;
  private line = 1;

  constructor(private readonly level: ValueLevel) {}

  /** @returns the values that are complete */
  push(text: string): JsonValue[] {
    const found: JsonValue[] = [];
    let from = this.kept ? 0 : -1;
    let slash = -1;
    const keep = (end: number) => {
      if (from >= 0 && !this.dropped) this.text += text.slice(from, end);
      if (this.text.length > LONGEST_ROW) [this.text, this.dropped] = ['', true];
      from = -1;
    };
    const finish = (end: number) => {
      keep(end);
      const json = this.dropped ? null : this.text;
      const key = this.kept === 'key';
      [this.text, this.dropped, this.kept] = ['', false, null];
      if (key) this.open.at(-1)!.key = json === null ? '' : keyOf(json);
      else this.emit(json, found);
    };
    const begin = (at: number, kept: NonNullable<JsonValues['kept']>) => {
      [from, this.kept, this.keptLine] = [at, kept, this.line];
    };

    for (let at = 0; at < text.length; at++) {
      if (this.quote > 0) {
        if (this.escaped) {
          this.escaped = false;
          continue;
        }
        // Strings are most of a file: their ends are looked for by the platform.
        const mark = this.quote === QUOTE ? '"' : "'";
        const end = text.indexOf(mark, at);
        if (slash < at) slash = indexOr(text.indexOf('\\', at), text.length);
        const stop = Math.min(indexOr(end, text.length), slash);
        at = stop;
        if (stop === text.length) break;
        if (stop === slash) this.escaped = true;
        else {
          this.quote = 0;
          if (this.kept === 'string' || this.kept === 'key') finish(at + 1);
        }
        continue;
      }
      const unit = text.charCodeAt(at);
      if (unit === 10) this.line++;
      if (this.kept === 'container') {
        if (unit === QUOTE || unit === APOSTROPHE) this.quote = unit;
        else if (isOpening(unit)) this.inner++;
        else if (isClosing(unit) && --this.inner === 0) finish(at + 1);
        continue;
      }
      if (this.kept === 'word') {
        if (!endsWord(unit)) continue;
        finish(at);
      }
      const inside = this.open.at(-1);
      if (isBlank(unit)) continue;
      if (unit === 44) {
        // ,
        if (inside && !inside.array) inside.key = null;
      } else if (isClosing(unit) && inside) this.open.pop();
      else if (inside && !inside.array && inside.key === null) {
        if (unit === QUOTE || unit === APOSTROPHE) {
          begin(at, 'key');
          this.quote = unit;
        }
      } else if (unit === 58) continue;
      else if (isOpening(unit) && this.descends(unit !== 123)) {
        this.started = true;
        this.open.push({ array: unit !== 123, key: null, index: 0 });
        if (unit !== 123) this.sawArray = true;
      } else {
        this.started = true;
        if (unit === QUOTE || unit === APOSTROPHE) {
          begin(at, 'string');
          this.quote = unit;
        } else if (isOpening(unit)) {
          begin(at, 'container');
          this.inner = 1;
        } else begin(at, 'word');
      }
    }
    keep(text.length);
    return found;
  }

  /** The last value, where it is a bare word that only the end of the text ends. */
  end(): JsonValue[] {
    return this.kept === 'word' && this.open.length === 0 ? this.push(' ') : [];
  }

  /** True when the text ended where it may. */
  get complete(): boolean {
    return this.started && this.open.length === 0 && this.kept === null;
  }

  /** Whether a container that begins now is one whose values are wanted, rather than a value. */
  private descends(array: boolean): boolean {
    const depth = this.open.length;
    if (this.level === 'sequence' || depth > 1) return false;
    if (depth === 0) return true;
    return !this.open[0]!.array && (this.level === 'cells' || (this.level === 'rows' && array));
  }

  private emit(json: string | null, found: JsonValue[]): void {
    const depth = this.open.length;
    const inside = this.open.at(-1);
    if (this.level === 'rows' && depth === 1 && !inside!.array) {
      if (json !== null) this.scalars.set(inside!.key!, json.trim());
      return;
    }
    if (this.level === 'cells' && depth === 1) return;
    found.push({
      key: depth > 1 ? this.open[0]!.key : null,
      member: inside && !inside.array ? inside.key : null,
      index: inside ? inside.index++ : 0,
      line: this.keptLine,
      json,
    });
  }
}

const indexOr = (index: number, other: number): number => (index < 0 ? other : index);
const isOpening = (unit: number): boolean => unit === 91 || unit === 123 || unit === 40;
const isClosing = (unit: number): boolean => unit === 93 || unit === 125 || unit === 41;
/** White space, and between values also the byte order mark of a joined file and RS (RFC 7464). */
const isBlank = (unit: number): boolean => unit === 32 || unit === 10 || unit === 13 || unit === 9 || unit === 0xfeff || unit === 30;
const endsWord = (unit: number): boolean => isBlank(unit) || unit === 44 || unit === BACKSLASH || isClosing(unit) || isOpening(unit);

function keyOf(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json.slice(1, -1);
  }
}
