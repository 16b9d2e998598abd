/** The text of an HTML page: no DOM in workers, so tags are walked over by hand. Scripts, styles and navigation are left out. */

/** Elements whose content is no text of the page. */
const LEFT_OUT = new Set([
  'script',
  'style',
  'nav',
  'noscript',
  'template',
  'svg',
  'math',
  'iframe',
  'object',
  'select',
  'button',
  'head',
  'rt',
  'rp',
]);
/** Of these the content is no markup: it ends at its own closing tag only. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'noscript', 'iframe']);
const PARAGRAPH = new Set(
  'p div section article main header footer aside h1 h2 h3 h4 h5 h6 ul ol dl table figure blockquote pre form fieldset details'.split(' '),
);
/** A cell stays on the line of its row, whatever it holds. */
const CELL = new Set(['td', 'th']);
const LINE = new Set('br li tr dt dd hr option legend caption figcaption summary address'.split(' '));
/** Attributes end somewhere: without a bound, text full of "<a" would be searched to its end each time. */
const TAG = /<(\/?)([a-zA-Z][^\s/>]{0,60})((?:[^>"']|"[^"]{0,8000}"|'[^']{0,8000}'){0,8000})>/y;

export function htmlText(html: string): string {
  const out: string[] = [];
  let skipping: string | null = null;
  let depth = 0;
  let preformatted = 0;
  let inCell = false;
  const put = (text: string) => {
    if (skipping === null) out.push(preformatted > 0 ? decodeEntities(text) : decodeEntities(text.replace(/\s+/g, ' ')));
  };
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) {
      put(html.slice(at));
      break;
    }
    if (open > at) put(html.slice(at, open));
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    if (html[open + 1] === '!' || html[open + 1] === '?') {
      const end = html.indexOf('>', open);
      at = end < 0 ? html.length : end + 1;
      continue;
    }
    TAG.lastIndex = open;
    const tag = TAG.exec(html);
    if (!tag) {
      put('<');
      at = open + 1;
      continue;
    }
    at = TAG.lastIndex;
    const closing = tag[1] === '/';
    const name = tag[2]!.toLowerCase();
    const empty = tag[3]!.endsWith('/');
    if (skipping !== null) {
      if (name === skipping) depth += closing ? -1 : empty ? 0 : 1;
      // A head need not be closed.
      if (depth === 0 || (skipping === 'head' && name === 'body')) skipping = null;
    } else if (!closing && LEFT_OUT.has(name) && !empty) {
      skipping = name;
      depth = 1;
    } else if (CELL.has(name)) {
      inCell = !closing && !empty;
      if (!closing) out.push('\t');
    } else if (name === 'tr' || name === 'table') {
      inCell = false;
      if (name === 'table' || !closing) out.push(name === 'table' ? '\n\n' : '\n');
    } else if (PARAGRAPH.has(name)) out.push(inCell ? ' ' : '\n\n');
    else if (LINE.has(name) && !closing) out.push(inCell ? ' ' : '\n');
    if (name === 'pre' && skipping === null) preformatted = Math.max(0, preformatted + (closing ? -1 : 1));
    if (!closing && RAW.has(name) && !empty) {
      const end = html.slice(at).search(new RegExp(`</${name}`, 'i'));
      const next = end < 0 ? html.length : at + end;
      if (skipping === null) put(html.slice(at, next));
      at = next;
    }
  }
  return out
    .join('')
    .replace(/[ \t\u00a0]+\n/g, '\n')
    .replace(/ *\t */g, '\t')
    .replace(/\n[ \u00a0]+/g, '\n')
    .replace(/\n\t/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** ISO 8859-1's names in the order of their code points from 160, then those that pages use besides. */
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';
const ENTITIES = new Map<string, string>([
  ...LATIN.split(' ').map((name, at): [string, string] => [name, String.fromCharCode(160 + at)]),
  ...Object.entries({
    ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“' },
    ...{ rdquo: '”', bdquo: '„', hellip: '…', bull: '•', trade: '™', euro: '€', permil: '‰', dagger: '†', Dagger: '‡', prime: '′' },
    ...{ Prime: '″', ensp: ' ', emsp: ' ', thinsp: ' ', zwnj: '\u200c', zwj: '\u200d', larr: '←', uarr: '↑', rarr: '→', darr: '↓' },
    ...{ harr: '↔', minus: '−', le: '≤', ge: '≥', ne: '≠', asymp: '≈', infin: '∞', radic: '√', sum: '∑', prod: '∏', part: '∂' },
    ...{ Delta: 'Δ', Omega: 'Ω', Sigma: 'Σ', Pi: 'Π', alpha: 'α', beta: 'β', gamma: 'γ', delta: 'δ', epsilon: 'ε', theta: 'θ' },
    ...{ lambda: 'λ', mu: 'μ', pi: 'π', rho: 'ρ', sigma: 'σ', tau: 'τ', phi: 'φ', chi: 'χ', psi: 'ψ', omega: 'ω', eta: 'η' },
    ...{ OElig: 'Œ', oelig: 'œ', Scaron: 'Š', scaron: 'š', Yuml: 'Ÿ', fnof: 'ƒ', circ: 'ˆ', tilde: '˜', lsaquo: '‹', rsaquo: '›' },
  }),
]);

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,30}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES.get(name as string) ?? whole;
    const point = decimal !== undefined ? Number(decimal) : parseInt(hex as string, 16);
    return point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000) ? String.fromCodePoint(point) : '\uFFFD';
  });
}
