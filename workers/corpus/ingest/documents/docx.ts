/**
 * Word's .docx by mammoth, loaded when first needed: paragraphs parted by blank lines, list items and a table's rows by line ends, its
 * cells by tabs, footnotes and endnotes behind the text. Headers, footers and comments are no part of the text.
 */
import { zipSync, strToU8 } from 'fflate';
import { invalidDocument, type DocumentParts, type DocumentText, type Losses } from './document';

/** What mammoth makes of a document; its types say `any`. */
interface Node {
  type: string;
  children?: Node[];
  value?: string;
  checked?: boolean;
  breakType?: string;
  numbering?: { level: string; isOrdered: boolean } | null;
  noteType?: string;
  noteId?: string;
  body?: Node[];
}
interface Root extends Node {
  notes: { resolve(reference: Node): Node | null };
}

/** Messages of mammoth that tell of text that it passed over, such as equations. */
const PASSED_OVER = /^An unrecognised element was ignored: (?:m:oMath|m:oMathPara|w:altChunk|w:object)/;

/** @throws StudioError `archive-invalid`, `document-invalid` */
export async function docxText(parts: DocumentParts): Promise<DocumentText> {
  const { file } = parts;
  // mammoth gets what was unpacked and checked here, and none of the pictures.
  const markup: Record<string, Uint8Array> = {};
  for (const path of parts.paths)
    if (/\.(?:xml|rels)$/i.test(path))
      markup[path] = strToU8((await parts.markup(path))!.replace(/^(\s*<\?xml[^>]*encoding\s*=\s*["'])[\w-]+/, '$1UTF-8'));
  if (!markup['[Content_Types].xml']) throw invalidDocument(file, 'document-part', { entry: '[Content_Types].xml' });
  const packed = zipSync(markup, { level: 0 });
  const bytes = packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength);
  const { default: mammoth } = await import('mammoth');
  let root: Root | null = null;
  const losses: Losses = {};
  try {
    // The library's build for Node asks for `buffer`, that for browsers for `arrayBuffer`.
    const input = { arrayBuffer: bytes, buffer: bytes } as unknown as { arrayBuffer: ArrayBuffer };
    const { messages } = await mammoth.convertToHtml(input, {
      includeEmbeddedStyleMap: false,
      externalFileAccess: false,
      transformDocument: (document: Root) => {
        root = document;
        return { ...document, children: [] };
      },
    });
    const ignored = messages.filter(({ message }) => PASSED_OVER.test(message)).length;
    if (ignored > 0) losses.ignored = ignored;
  } catch (error) {
    throw invalidDocument(file, 'document-damaged', { found: error instanceof Error ? error.message : String(error) });
  }
  if (!root) throw invalidDocument(file, 'document-part', { entry: 'word/document.xml' });
  try {
    return { text: new Writing(root, losses).text(), losses };
  } catch (error) {
    if (error instanceof RangeError) throw invalidDocument(file, 'document-damaged', { found: error.message });
    throw error;
  }
}

class Writing {
  /** Numbers of the list that is open, by level. */
  private counts: { number: number; isOrdered: boolean }[] = [];
  private readonly notes: string[] = [];

  constructor(
    private readonly root: Root,
    private readonly losses: Losses,
  ) {}

  text(): string {
    const body = this.blocks(this.root.children ?? []);
    const { notes } = this;
    if (notes.length > 0) this.losses.notes = notes.length;
    return [body, ...notes].filter((part) => part !== '').join('\n\n');
  }

  private blocks(nodes: readonly Node[]): string {
    let out = '';
    let inList = false;
    for (const node of nodes) {
      const item = node.type === 'paragraph' && !!node.numbering;
      if (!item) this.counts = [];
      const text = node.type === 'table' ? this.table(node) : node.type === 'paragraph' ? this.paragraph(node) : this.inline(node);
      if (text.trim() === '') continue;
      out += (out === '' ? '' : item && inList ? '\n' : '\n\n') + text;
      inList = item;
    }
    return out;
  }

  private paragraph({ numbering, children = [] }: Node): string {
    const text = children
      .map((child) => this.inline(child))
      .join('')
      .replace(/^\n+|\s+$/g, '');
    if (!numbering || text === '') return text;
    const level = Math.max(0, Math.min(8, Number(numbering.level) || 0));
    this.counts.length = level + 1;
    const { isOrdered } = numbering;
    const last = this.counts[level];
    const number = last?.isOrdered === isOrdered ? last.number + 1 : 1;
    this.counts[level] = { number, isOrdered };
    return `${'  '.repeat(level)}${isOrdered ? `${number}.` : '-'} ${text}`;
  }

  private table({ children = [] }: Node): string {
    this.losses.tables = (this.losses.tables ?? 0) + 1;
    const rows = children.filter(({ type }) => type === 'tableRow');
    return rows.map((row) => (row.children ?? []).map((cell) => this.cell(cell)).join('\t')).join('\n');
  }

  private cell({ children = [] }: Node): string {
    return this.blocks(children).replace(/\s+/g, ' ').trim();
  }

  private inline(node: Node): string {
    switch (node.type) {
      case 'text':
        return node.value ?? '';
      case 'tab':
        return '\t';
      case 'break':
        return '\n';
      case 'checkbox':
        return node.checked ? '☒' : '☐';
      case 'image':
        this.losses.images = (this.losses.images ?? 0) + 1;
        return '';
      case 'noteReference':
        return this.note(node);
      case 'table':
        return `\n${this.table(node)}\n`;
      case 'paragraph':
        return `\n${this.paragraph(node)}\n`;
      default:
        return (node.children ?? []).map((child) => this.inline(child)).join('');
    }
  }

  private note(reference: Node): string {
    const note = this.root.notes.resolve(reference);
    if (!note) return '';
    const number = this.notes.push('');
    this.notes[number - 1] = `[${number}] ${this.blocks(note.body ?? []).trim()}`;
    return `[${number}]`;
  }
}
