/**
 * Passages that stand in held-out text too are cut out of a train row, after GPT-3 (Brown et al. 2020, appendix C), where whole files
 * would be lost for a licence notice or an import that thousands of files share. A row of which little is left goes altogether.
 */

/** Farthest that a cut reaches beyond the overlap for the end of a sentence or line, in UTF-16 units. */
const REACH = 200;
/** A row is dropped when more passages would go, or when less would be left: of the row, and in units. */
const MOST_CUTS = 10;
const LEAST_SHARE = 0.5;
const LEAST_UNITS = 200;

/** First unit and one past the last of what goes, pairwise; null where the row is better dropped. */
export function passagesToCut(text: string, stretches: readonly [start: number, end: number][]): Uint32Array | null {
  const cuts: [number, number][] = [];
  for (const [start, end] of stretches) {
    const cut: [number, number] = [sentenceStart(text, start), sentenceEnd(text, end)];
    const last = cuts.at(-1);
    if (last && cut[0] <= last[1]) last[1] = Math.max(last[1], cut[1]);
    else cuts.push(cut);
  }
  const left = text.length - cuts.reduce((sum, [start, end]) => sum + end - start, 0);
  return cuts.length > MOST_CUTS || left < LEAST_SHARE * text.length || left < LEAST_UNITS ? null : Uint32Array.from(cuts.flat());
}

/** The rest of the text, a line end where something went. */
export function withoutPassages(text: string, cuts: Uint32Array): string {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < cuts.length; at += 2) {
    pieces.push(text.slice(from, cuts[at]));
    from = cuts[at + 1]!;
  }
  pieces.push(text.slice(from));
  return pieces
    .map((piece, at) => (at > 0 ? piece.trimStart() : piece).trimEnd())
    .filter((piece) => piece !== '')
    .join('\n');
}

function sentenceStart(text: string, start: number): number {
  const least = Math.max(0, start - REACH);
  let at = start;
  while (at > least && !ends(text, at - 1)) at--;
  return unsplit(text, at);
}

function sentenceEnd(text: string, end: number): number {
  const most = Math.min(text.length, end + REACH);
  let at = Math.max(1, end);
  while (at < most && !ends(text, at - 1)) at++;
  return unsplit(text, at);
}

/** A line end, or what ends a sentence: . ! ? before a space, or their CJK kin. */
function ends(text: string, at: number): boolean {
  const character = text[at]!;
  return character === '\n' || '。！？'.includes(character) || ('.!?'.includes(character) && /\s/.test(text[at + 1] ?? ' '));
}

/** Not between the halves of a surrogate pair. */
function unsplit(text: string, at: number): number {
  return at > 0 && at < text.length && /[\ud800-\udbff]/.test(text[at - 1]!) && /[\udc00-\udfff]/.test(text[at]!) ? at - 1 : at;
}
