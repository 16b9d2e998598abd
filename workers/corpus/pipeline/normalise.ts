/**
 * Unicode NFC; line ends CRLF, CR, NEL, LS and PS become LF; control and invisible format characters go (tabs stay, as do the joiners
 * that emoji, Persian and Indic scripts are written with); halves of surrogate pairs become U+FFFD; blank lines around the text go.
 */

const lineEnds = /\r\n?|[\u0085\u2028\u2029]/g;
const controls =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]/g;
// eslint-disable-next-line no-control-regex
const dirty = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\ud800-\udfff\ufeff\ufff9-\ufffb]/;
const around = /^\s*\n|\s+$/g;

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
