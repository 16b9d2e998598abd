/** What the pipeline changes in a row's text: normalisation, and passages cut out. */

const lineEnds = /\r\n?|[\u0085\u2028\u2029]/g;
const controls =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]/g;
// eslint-disable-next-line no-control-regex
const dirty = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\ud800-\udfff\ufeff\ufff9-\ufffb]/;
const around = /^\s*\n|\s+$/g;

/**
 * Unicode NFC; line ends CRLF, CR, NEL, LS and PS become LF; control and invisible format characters go (tabs stay, as do the joiners
 * that emoji, Persian and Indic scripts are written with); halves of surrogate pairs become U+FFFD; blank lines around the text go.
 */
export function normalise(text: string): string {
  let clean = text;
  if (dirty.test(clean))
    clean = clean
      .replace(/\p{Cs}/gu, '\ufffd')
      .replace(lineEnds, '\n')
      .replace(controls, '');
  clean = clean.normalize('NFC');
  return isSpace(clean.charCodeAt(0)) || isSpace(clean.charCodeAt(clean.length - 1)) ? clean.replace(around, '') : clean;
}

/** NaN, of an empty text, is none. */
function isSpace(unit: number): boolean {
  return unit <= 32 || unit === 0xa0 || unit === 0x3000;
}

/** Farthest that a cut reaches beyond the overlap for the end of a sentence or line, in UTF-16 units. */
const REACH = 200;
/** A row is dropped when more passages would go, or when less would be left: of the row, and in units. */
const MOST_CUTS = 10;
const LEAST_SHARE = 0.5;
const LEAST_UNITS = 200;

/**
 * Passages that a train row shares with held-out text are cut out of it, after GPT-3 (Brown et al. 2020, appendix C): whole files would
 * be lost for a licence notice that thousands of them have. Returns first unit and one past the last of each passage, pairwise; null
 * where so little would be left that the row is better dropped.
 */
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
