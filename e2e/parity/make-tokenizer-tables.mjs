// @ts-check
/**
 * The second half of making workers/tokenizer/unicode/tables.ts and crate/expression-differences.ts, after make_tokenizer_tables.py:
 *
 *     node e2e/parity/make-tokenizer-tables.mjs FOLDER
 *
 * Run it with a Node of the newest Unicode: which characters JavaScript normalizes and `tokenizers` leaves alone is asked of it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import start from '../../workers/tokenizer/crate/build/tokenizers.mjs';

const root = new URL('../../', import.meta.url);
const tokenizer = new URL('workers/tokenizer/', root);
const { sets, forms, expressions } = JSON.parse(readFileSync(join(process.argv[2] ?? '.', 'tokenizer-sets.json'), 'utf8'));

/** @typedef {[first: number, last: number][]} Ranges */
const points = Array.from({ length: 0x110000 }, (_, point) => point).filter((point) => point < 0xd800 || point > 0xdfff);
const every = points.map((point) => String.fromCodePoint(point)).join('');

/** @param {Iterable<number>} numbers in ascending order @returns {Ranges} */
function ranges(numbers) {
  /** @type {Ranges} */
  const found = [];
  for (const point of numbers) {
    const last = found.at(-1);
    if (last && last[1] === point - 1) last[1] = point;
    else found.push([point, point]);
  }
  return found;
}

/** In base 36: how far each range begins after the end of the one before, and how much longer than one it is. @param {Ranges} list */
function packed(list) {
  let at = 0;
  const texts = list.map(([first, last]) => {
    const text = (first - at).toString(36) + (last > first ? `-${(last - first).toString(36)}` : '');
    at = last;
    return text;
  });
  return texts.join(' ');
}

/** Characters that `tokenizers` leaves alone in a form and JavaScript does not, or may not one day: those that nobody has assigned. */
function inert() {
  const found = new Set();
  for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
    for (const point of points) {
      const character = String.fromCodePoint(point);
      const made = [character, `a${character}\u0316`, `a\u0301${character}`].map((text) => text.normalize(form));
      const wanted = forms[form][point] ?? [character, `a${character}\u0316`, 'a\u0301'.normalize(form) + character];
      if (made.join('|') !== wanted.join('|')) found.add(point);
    }
  for (const point of points) if (/\p{Cn}/u.test(String.fromCodePoint(point))) found.add(point);
  return ranges([...found].sort((a, b) => a - b));
}

/** What a class of expressions has in the crate's build. @param {string} pattern @returns {Promise<Set<string>>} */
async function found(pattern) {
  const wasm = new WebAssembly.Module(readFileSync(new URL('crate/build/tokenizers.wasm', tokenizer)));
  const crate = await start({
    /** @param {WebAssembly.Imports} imports @param {(instance: WebAssembly.Instance) => void} receive */
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(wasm, imports);
      receive(instance);
      return instance.exports;
    },
    print: () => undefined,
    printErr: () => undefined,
  });
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, byte) => [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, byte]),
  );
  const file = {
    version: '1.0',
    added_tokens: [],
    pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: false },
    model: { type: 'BPE', byte_fallback: true, vocab, merges: [] },
  };
  const handle = crate.Tokenizer.FromBlobJSON(new TextEncoder().encode(JSON.stringify(file)));
  const ids = crate.vecIntToView(handle.Encode(new TextEncoder().encode(every))).slice();
  const kept = new Set(new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(ids)));
  return new Set([...every].filter((character) => !kept.has(character)));
}

const docs = {
  LETTER: '`\\p{L}` of its expressions.',
  NUMBER: '`\\p{N}` of its expressions.',
  WORD: '`\\w` beside added tokens of single words.',
  PUNCTUATION: 'Of BertPreTokenizer and Punctuation.',
  CONTROL: 'What BertNormalizer leaves out.',
  COMBINING: 'What StripAccents leaves out.',
  MARK: 'What BertNormalizer leaves out of decomposed text.',
  INERT: 'Characters that its normalization forms leave alone, and that a newer Unicode may not.',
};
const tables = { ...sets, INERT: inert() };
const constants = Object.entries(docs).map(([name, doc]) => `/** ${doc} */\nexport const ${name} =\n  '${packed(tables[name])}';`);
writeFileSync(
  new URL('unicode/tables.ts', tokenizer),
  `/**
 * Kinds of characters as Hugging Face's \`tokenizers\` 0.23 has them, whatever version of Unicode the browser knows.
 * Made by e2e/parity/make-tokenizer-tables.mjs: in base 36, how far each range begins after the one before, and how much longer than one it is.
 */
${constants.join('\n')}
`,
);

/** @type {Map<string, string[]>} */
const names = new Map();
for (const [name, { pattern, ranges: wanted }] of Object.entries(expressions)) {
  const own = await found(pattern);
  const theirs = new Set();
  for (const [first, last] of wanted) for (let point = first; point <= last; point++) theirs.add(String.fromCodePoint(point));
  const lacks = ranges(points.filter((point) => theirs.has(String.fromCodePoint(point)) && !own.has(String.fromCodePoint(point))));
  const exceeds = ranges(points.filter((point) => own.has(String.fromCodePoint(point)) && !theirs.has(String.fromCodePoint(point))));
  if (lacks.length + exceeds.length === 0) continue;
  const value = packed(lacks) + (exceeds.length > 0 ? ` / ${packed(exceeds)}` : '');
  names.set(value, [...(names.get(value) ?? []), name.toLowerCase().replaceAll(/[_ -]/g, '')]);
}
const lines = [...names].map(([value, of]) => `  [${JSON.stringify(of.join(' ')).replaceAll('"', "'")}, '${value}'],`);
writeFileSync(
  new URL('crate/expression-differences.ts', tokenizer),
  `/**
 * Where the classes of expressions in the crate's build (Oniguruma 6.9.8, Unicode 14) lack characters that those of \`tokenizers\` 0.23 have
 * (Unicode 16), and after a stroke, where they have more. Made by e2e/parity/make-tokenizer-tables.mjs, packed as in ../unicode/tables.ts.
 */
export const DIFFERENCES: readonly (readonly [names: string, ranges: string])[] = [
${lines.join('\n')}
];
`,
);
