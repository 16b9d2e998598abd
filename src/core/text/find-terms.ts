/**
 * Occurrences of domain terms in a text. A term of letters stands for itself as a whole word, in any case; a term with Chinese
 * characters is found anywhere. Where terms overlap, the earliest counts, of those that start together the longest.
 */
export interface TermOccurrence {
  term: string;
  /** UTF-16 offsets into the text. */
  start: number;
  end: number;
}

const wordCharacter = /[\p{L}\p{N}_]/u;
const han = /\p{Script=Han}/u;

/** A finder for a list of terms; blank ones and repetitions are left out. */
export function termFinder(terms: readonly string[]): (text: string) => TermOccurrence[] {
  const wanted = new Map(terms.map((term) => term.trim()).flatMap((term) => (term === '' ? [] : [[term.toLowerCase(), term] as const])));
  if (wanted.size === 0) return () => [];
  const pattern = [...wanted.keys()]
    .sort((a, b) => b.length - a.length)
    .map((term) => {
      const escaped = term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return han.test(term)
        ? escaped
        : `${wordCharacter.test(term[0]!) ? '(?<![\\p{L}\\p{N}_])' : ''}${escaped}${wordCharacter.test(term.at(-1)!) ? '(?![\\p{L}\\p{N}_])' : ''}`;
    })
    .join('|');
  const expression = new RegExp(pattern, 'giu');
  return (text) =>
    Array.from(text.matchAll(expression), (match) => ({
      term: wanted.get(match[0].toLowerCase()) ?? match[0],
      start: match.index,
      end: match.index + match[0].length,
    }));
}
