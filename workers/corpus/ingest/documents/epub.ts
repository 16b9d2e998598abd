/**
 * EPUB (W3C EPUB 3.3, and EPUB 2): the chapters in the order of the spine, each page's text parted from the next by a blank line. Pages
 * that only list the others are left out.
 */
import { StudioError } from '../../../../src/core/errors';
import { htmlText } from '../html-text';
import { invalidDocument, type DocumentParts, type DocumentText, type Losses } from './document';

/** Fonts so packed can be read by everybody; everything else that is encrypted needs a key of a shop. */
const OBFUSCATED = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC/;
const PAGE = /^application\/xhtml\+xml$|^text\/html$|^application\/x-dtbook\+xml$/;

/** @throws StudioError `archive-invalid`, `document-encrypted`, `document-invalid` */
export async function epubText(parts: DocumentParts): Promise<DocumentText> {
  const { file } = parts;
  const container = await parts.markup('META-INF/container.xml');
  const root = elements(container ?? '', 'rootfile')[0]?.['full-path'];
  const opf = root === undefined ? null : await parts.markup(root);
  if (root === undefined || opf === null) throw invalidDocument(file, 'document-part', { entry: root ?? 'META-INF/container.xml' });
  const at = (href: string) => resolved(root, href);
  const manifest = new Map(elements(opf, 'item').map((item) => [item['id'] ?? '', item]));
  const spine = elements(opf, 'itemref').map(({ idref }) => manifest.get(idref ?? ''));
  const pages = spine.filter((item) => item !== undefined && PAGE.test(item['media-type'] ?? '')) as Attributes[];
  await refuseEncrypted(parts, new Set(pages.map(({ href }) => at(href ?? ''))));

  const contents = new Set(
    elements(opf, 'reference')
      .filter(({ type }) => type === 'toc')
      .map(({ href }) => at(href ?? '')),
  );
  const losses: Losses = {};
  const add = (loss: keyof Losses, count: number) => void (count > 0 && (losses[loss] = (losses[loss] ?? 0) + count));
  const texts: string[] = [];
  for (const { href = '', properties = '' } of pages) {
    const path = at(href);
    if (properties.split(/\s+/).includes('nav') || contents.has(path)) {
      add('navigation', 1);
      continue;
    }
    const page = await parts.markup(path);
    if (page === null) throw invalidDocument(file, 'document-part', { entry: path });
    const content = page
      .replace(/<!DOCTYPE[^[>]*\[[^\]]*\]\s*>/, '')
      .replace(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_, text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;'));
    add('images', content.match(/<(?:img|image|svg:image)[\s/]/gi)?.length ?? 0);
    add('tables', content.match(/<table[\s>]/gi)?.length ?? 0);
    const text = htmlText(content);
    if (text !== '') texts.push(text);
  }
  if (texts.length === 0)
    throw new StudioError('document-scanned', `The ${pages.length} pages of ${file} hold no text`, { file, found: pages.length });
  return { text: texts.join('\n\n'), losses };
}

async function refuseEncrypted(parts: DocumentParts, pages: ReadonlySet<string>): Promise<void> {
  const { file } = parts;
  const encryption = await parts.markup('META-INF/encryption.xml');
  for (const data of encryption?.split(/<(?:\w+:)?EncryptedData[\s>]/).slice(1) ?? []) {
    const path = elements(data, 'CipherReference')[0]?.['URI'];
    const algorithm = elements(data, 'EncryptionMethod')[0]?.['Algorithm'] ?? '';
    if (path !== undefined && pages.has(decodeURIComponent(path)) && !OBFUSCATED.test(algorithm))
      throw new StudioError('document-encrypted', `${file} is protected by digital rights management`, { file, entry: path });
  }
}

type Attributes = Partial<Record<string, string>>;

/** Attributes of all elements of a name, whatever its prefix. */
function elements(xml: string, name: string): Attributes[] {
  const plain = xml.replace(/<!--[\s\S]*?-->/g, '');
  const tags = plain.matchAll(new RegExp(`<(?:[\\w-]+:)?${name}((?:\\s+[\\w:.-]+\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*/?>`, 'g'));
  return [...tags].map(([, written = '']) =>
    Object.fromEntries(
      [...written.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, key, a, b]) => [key!, unescaped(a ?? b ?? '')]),
    ),
  );
}

function unescaped(value: string): string {
  return value.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name]!);
}

/** A path beside that of another file, as it stands in the archive. */
function resolved(beside: string, href: string): string {
  const { pathname } = new URL(href, `epub:/${encodeURI(beside)}`);
  try {
    return decodeURIComponent(pathname).replace(/^\/+/, '');
  } catch {
    return pathname.replace(/^\/+/, '');
  }
}
