/**
 * A JSON file in pieces, without holding it: elements of the top-level array, or of arrays that stand in a top-level object
 * (`{"train": [...]}`, or columns as arrays). Only the structure is followed here; each element is parsed by itself, so a broken one
 * costs no other.
 */
import { LONGEST_ROW } from './row-batch';

export interface JsonElement {
  /** Key of the array it stands in; null in a top-level array. */
  key: string | null;
  /** From 0 in its array. */
  index: number;
  /** Its JSON text; null when it is longer than LONGEST_ROW. */
  json: string | null;
}

/** Feed it text; it gives the elements that are complete. */
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
