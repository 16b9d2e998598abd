/**
 * Held-out text apart from training text: a tenth of the documents, chosen by a seeded hash of the document itself. The same
 * document so always lands on the same side, whatever else is imported, and no held-out text is trained on.
 */
import { deriveSeed } from '../../src/core/rng/rng';
import { sha256 } from '../storage/hash';

const HELD_OUT_SHARE = 0.1;
const SEED = 20_251;

export interface SplitDocuments {
  train: string[];
  heldOut: string[];
  /** Documents that stood there before, word for word; they are left out. */
  duplicates: number;
}

/** Keeps the order of documents. With two or more different ones neither side is empty. */
export function splitHeldOut(documents: readonly string[]): SplitDocuments {
  const different = [...new Set(documents)];
  const draws = different.map((document) => deriveSeed(SEED, document) / 2 ** 32);
  const held = draws.map((draw) => draw < HELD_OUT_SHARE);
  if (different.length > 1) {
    if (!held.includes(true)) held[draws.indexOf(Math.min(...draws))] = true;
    if (!held.includes(false)) held[draws.indexOf(Math.max(...draws))] = false;
  }
  const side = (wanted: boolean) => different.filter((_, at) => held[at] === wanted);
  return { train: side(false), heldOut: side(true), duplicates: documents.length - different.length };
}

/** A text of a single document, such as a book without blank lines: its last tenth, from a line end on, is held out. */
export function cutDocument(document: string): SplitDocuments {
  const target = Math.floor(document.length * (1 - HELD_OUT_SHARE));
  const before = document.lastIndexOf('\n', target);
  const cut = before > 0 ? before : document.indexOf('\n', target);
  const side = (piece: string) => (piece.trim() === '' ? [] : [piece.replace(/^\n+|\n+$/g, '')]);
  return { train: side(cut > 0 ? document.slice(0, cut) : document), heldOut: side(cut > 0 ? document.slice(cut) : ''), duplicates: 0 };
}

/** A separator that no document contains: one newline more than the longest run of them inside one. */
export function separatorFor(documents: readonly string[]): string {
  let longest = 1;
  for (const document of documents) for (const [run] of document.matchAll(/\n{2,}/g)) longest = Math.max(longest, run.length);
  return '\n'.repeat(longest + 1);
}

/** UTF-8 file of a split, and what identifies it. */
export async function packDocuments(
  documents: readonly string[],
  separator: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; sha256: string }> {
  const bytes = new TextEncoder().encode(documents.length > 0 ? `${documents.join(separator)}\n` : '');
  return { bytes, sha256: await sha256(bytes) };
}
