/**
 * Values that are nearly JSON, as other tools write them: with NaN and Infinity (Python's json.dumps), and literals of Python
 * (`print(row)`): single quotes, None, True, False, tuples, a comma before the closing bracket.
 */

/** @throws SyntaxError of JSON.parse where the text is none of these either */
export function parseRelaxed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const others = [() => JSON.parse(withoutNaN(text)) as unknown, () => new PythonLiteral(text).parse()];
    for (const other of others)
      try {
        return other();
      } catch {
        // The next one; in the end the error of what was most likely meant.
      }
    throw error;
  }
}

/** Numbers that JSON does not have become null; what stands in strings stays. */
function withoutNaN(text: string): string {
  return text.replace(/"[^"\\]*(?:\\[^][^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g, (found) => (found.startsWith('"') ? found : 'null'));
}

const ESCAPES: Record<string, string> = {
  ...{ '\n': '', '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};
const NAMED: Record<string, unknown> = { None: null, True: true, False: false, null: null, true: true, false: false, nan: null, inf: null };

/** What ast.literal_eval reads of containers, strings and numbers. https://docs.python.org/3/reference/lexical_analysis.html */
class PythonLiteral {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): unknown {
    const value = this.value();
    this.blanks();
    if (this.at < this.text.length) this.fail();
    return value;
  }

  private value(): unknown {
    this.blanks();
    const character = this.text[this.at];
    if (character === '{') return this.dictionary();
    if (character === '[') return this.list(']');
    if (character === '(') return this.list(')');
    const string = /[uUbB]?(?=["'])/y;
    string.lastIndex = this.at;
    if (string.test(this.text)) {
      this.at = string.lastIndex;
      return this.strings();
    }
    const word = /-?[\w.+-]+/y;
    word.lastIndex = this.at;
    const found = word.exec(this.text)?.[0] ?? this.fail();
    this.at = word.lastIndex;
    const name = found.replace(/^-/, '');
    if (name in NAMED) return NAMED[name];
    const number = Number(found.replaceAll('_', ''));
    return Number.isNaN(number) ? this.fail() : number;
  }

  private dictionary(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.at++;
    while (!this.closes('}')) {
      const key = this.value();
      this.expect(':');
      entries.push([String(key), this.value()]);
      if (!this.comma('}')) break;
    }
    return Object.fromEntries(entries);
  }

  private list(end: ']' | ')'): unknown[] {
    const values: unknown[] = [];
    this.at++;
    while (!this.closes(end)) {
      values.push(this.value());
      if (!this.comma(end)) break;
    }
    return values;
  }

  /** Strings that stand beside each other are one. */
  private strings(): string {
    let all = '';
    for (;;) {
      all += this.string();
      this.blanks();
      if (this.text[this.at] !== '"' && this.text[this.at] !== "'") return all;
    }
  }

  private string(): string {
    const quote = this.text[this.at++]!;
    let string = '';
    for (;;) {
      const end = this.text.indexOf(quote, this.at);
      if (end < 0) this.fail();
      const slash = this.text.indexOf('\\', this.at);
      if (slash < 0 || slash > end) {
        const rest = this.text.slice(this.at, end);
        if (rest.includes('\n')) this.fail();
        this.at = end + 1;
        return string + rest;
      }
      string += this.text.slice(this.at, slash);
      this.at = slash + 1;
      string += this.escape();
    }
  }

  private escape(): string {
    const numbered = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})/y;
    numbered.lastIndex = this.at;
    const found = numbered.exec(this.text);
    if (found) {
      this.at = numbered.lastIndex;
      const hexadecimal = found[1] ?? found[2] ?? found[3];
      return String.fromCodePoint(hexadecimal === undefined ? parseInt(found[4]!, 8) : parseInt(hexadecimal, 16));
    }
    const character = this.text[this.at++] ?? this.fail();
    // An unknown escape stands for itself, backslash and all.
    return ESCAPES[character] ?? `\\${character}`;
  }

  /** Goes over a closing bracket, where there is one. */
  private closes(end: string): boolean {
    this.blanks();
    if (this.text[this.at] !== end) return false;
    this.at++;
    return true;
  }

  /** Goes over a comma or the closing bracket. @returns whether it was a comma */
  private comma(end: string): boolean {
    if (this.closes(end)) return false;
    this.expect(',');
    return true;
  }

  private expect(character: string): void {
    this.blanks();
    if (this.text[this.at++] !== character) this.fail();
  }

  private blanks(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at]!)) this.at++;
  }

  private fail(): never {
    throw new SyntaxError(`Unexpected token at ${this.at}`);
  }
}
