/** Another vocabulary in the place of a model's own: which old ids the row of each new one starts from. */
import type { OpenTokenizer } from './open';
import { decodeWhole } from './vocabulary';

/**
 * The old tokens of each new token's own text; of a part of a character the old tokens of its bytes; of a special token the old
 * one that is spelled alike. None (the mean of all rows) where there is nothing of the kind.
 * @returns old ids by new id
 */
export function adoptedRows(old: OpenTokenizer, adopted: OpenTokenizer): (readonly number[])[] {
  const bytes = byteIds(old);
  const special = new Map<string, number>();
  for (let id = 0; id < old.tokenizer.size; id++) {
    const piece = old.vocabulary.piece(id);
    if (piece.kind === 'special') special.set(piece.token, id);
  }
  return Array.from({ length: adopted.tokenizer.size }, (_, id) => {
    const piece = adopted.vocabulary.piece(id);
    // What ends a text goes on ending it.
    if (id === adopted.tokenizer.endOfText) return [old.tokenizer.endOfText];
    if (piece.kind === 'special' || piece.kind === 'unknown') return special.has(piece.token) ? [special.get(piece.token)!] : [];
    const text = decodeWhole(piece.bytes);
    if (text !== null && text !== '') return old.tokenizer.encode(text);
    const ids = piece.bytes.map((byte) => bytes[byte]);
    return ids.every((each) => each !== undefined) ? ids : [];
  });
}

/** Ids of single bytes, by byte. */
function byteIds({ tokenizer, vocabulary }: OpenTokenizer): (number | undefined)[] {
  const ids = new Array<number | undefined>(256).fill(undefined);
  for (let id = 0; id < tokenizer.size; id++) {
    const { bytes, kind } = vocabulary.piece(id);
    if (bytes.length === 1 && kind !== 'special') ids[bytes[0]!] ??= id;
  }
  return ids;
}
