/**
 * Very long texts in parts. The crate takes a hundred times a text's bytes while it encodes it, and a tab has 2 GB for it: some 16 MB of
 * text. A text is cut where the ids around the cut are the same with it as without, and nowhere else.
 */
import { invalid } from '../tokenizer-json';

type Encode = (text: string, first: boolean) => Int32Array;

/** UTF-16 units up to which a text is encoded as one. */
export const LONGEST = 1 << 18;
/** Units on either side that are looked at to judge a cut, and how many places are tried. */
const AROUND = 1000;
const TRIES = 100;

/** @throws StudioError `tokenizer-invalid` where the text can be cut nowhere */
export function encodeLong(encode: Encode, text: string, first: boolean, longest = LONGEST): Int32Array[] {
  const parts: Int32Array[] = [];
  let from = 0;
  while (text.length - from > longest) {
    const to = cutBefore(encode, text, from, from + longest);
    parts.push(encode(text.slice(from, to), first && from === 0));
    from = to;
  }
  parts.push(encode(from === 0 ? text : text.slice(from), first && from === 0));
  return parts;
}

function cutBefore(encode: Encode, text: string, from: number, end: number): number {
  let tries = 0;
  // Between lines, before a blank, and then anywhere.
  for (const place of [/\n/, /\s/, /[^]/])
    for (let at = end; at > from + (end - from) / 2 && tries < TRIES; at--) {
      if (!place.test(text[at]!) || isLowSurrogate(text, at)) continue;
      tries++;
      for (const cut of [at, at + 1]) if (cut < text.length && !isLowSurrogate(text, cut) && isSafe(encode, text, cut)) return cut;
    }
  throw invalid(
    'tokenizer.json',
    `a text of ${text.length} characters is too long for it, and it joins over every place where it could be cut`,
  );
}

function isSafe(encode: Encode, text: string, cut: number): boolean {
  const left = text.slice(Math.max(0, cut - AROUND), cut);
  const right = text.slice(cut, cut + AROUND);
  const apart = [...encode(left, false), ...encode(right, false)];
  const together = encode(left + right, false);
  return together.length === apart.length && together.every((id, at) => id === apart[at]);
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit < 0xe000;
}
