/**
 * Storage of tensors as 16-bit floats, two to a u32 (pack2x16float is core WGSL, so no adapter feature is needed); arithmetic stays
 * in 32 bits. Kernels are written for arrays of f32: here their accesses to arrays that hold halves become calls that unpack and pack.
 */

/** An array of halves as a kernel's text sees it: by fours or one by one. */
export interface HalfArray {
  name: string;
  vector: boolean;
}

/** The element type of its binding. */
export const halfElement = ({ vector }: HalfArray): string => (vector ? 'vec2<u32>' : 'u32');

/**
 * Functions NAME_at and NAME_put. Fours alone can be written: two threads must not write halves of one word.
 */
export function halfAccessors(arrays: readonly HalfArray[], written: ReadonlySet<string>): string {
  if (arrays.length === 0) return '';
  const each = arrays.map(({ name, vector }) => {
    if (!vector)
      return `fn ${name}_at(i: u32) -> f32 { let pair = unpack2x16float(${name}[i / 2u]); return select(pair.x, pair.y, i % 2u == 1u); }`;
    const read = `fn ${name}_at(i: u32) -> vec4<f32> { let four = ${name}[i]; return vec4<f32>(unpack2x16float(four.x), unpack2x16float(four.y)); }`;
    return written.has(name)
      ? `${read}\nfn ${name}_put(i: u32, value: vec4<f32>) { ${name}[i] = vec2<u32>(halves(value.xy), halves(value.zw)); }`
      : read;
  });
  return `${packing}\n${each.join('\n')}`;
}

/** pack2x16float promises nothing beyond ±65504: what lies there, NaN included, becomes an infinity, which the gradients' norm will show. */
const packing = `
fn halves(pair: vec2<f32>) -> u32 {
  let bits = bitcast<vec2<u32>>(pair);
  let beyond = (bits & vec2<u32>(0x7fffffffu)) > vec2<u32>(0x477fe000u);
  let infinities = ((bits >> vec2<u32>(16u)) & vec2<u32>(0x8000u)) | vec2<u32>(0x7c00u);
  let packed = pack2x16float(select(pair, vec2<f32>(), beyond));
  return select(packed & 0xffffu, infinities.x, beyond.x) | select(packed & 0xffff0000u, infinities.y << 16u, beyond.y);
}`;

const closing = { '[': ']', '(': ')' } as const;

/** `text` with each access to one of the arrays, `name[…]`, `name[…] = …;` or `name[…] += …;`, put through its functions. */
export function throughAccessors(text: string, names: readonly string[]): string {
  if (names.length === 0) return text;
  const access = new RegExp(`(?<![\\w.])(${names.join('|')})\\[`);
  const found = access.exec(text);
  if (!found) return text;
  const name = found[1]!;
  const open = found.index + name.length;
  const close = endOf(text, open);
  const index = `u32(${throughAccessors(text.slice(open + 1, close), names)})`;
  const before = text.slice(0, found.index);
  const after = text.slice(close + 1);
  const assignment = /^\s*([-+*/]?)=(?!=)/.exec(after);
  if (!assignment) return `${before}${name}_at(${index})${throughAccessors(after, names)}`;
  const stop = after.indexOf(';');
  const value = throughAccessors(after.slice(assignment[0].length, stop).trim(), names);
  const operator = assignment[1]!;
  const whole = operator === '' ? value : `${name}_at(${index}) ${operator} (${value})`;
  return `${before}${name}_put(${index}, ${whole});${throughAccessors(after.slice(stop + 1), names)}`;
}

/** Place of the bracket that closes the one at `open`. */
function endOf(text: string, open: number): number {
  const waiting: string[] = [];
  for (let at = open; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter === '[' || letter === '(') waiting.push(closing[letter]);
    else if (letter === waiting.at(-1)) waiting.pop();
    if (waiting.length === 0) return at;
  }
  throw new Error(`The bracket at ${open} of a kernel's text is never closed`);
}
