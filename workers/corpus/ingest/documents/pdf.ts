/**
 * PDF by pdf.js, loaded when first needed: each page's words with their places, then `page-layout.ts`. pdf.js works in a worker of its
 * own, so that a file that keeps it busy for ever can be left. The tables of Chinese, Japanese and Korean codes (CMaps) and the standard
 * fonts are files of this origin.
 */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist';
import type * as pdfjs from 'pdfjs-dist/legacy/build/pdf.mjs';
import { StudioError } from '../../../../src/core/errors';
import { DOCUMENT_LIMITS, invalidDocument, type DocumentText, type Losses } from './document';
import { flowPages, type PlacedPage, type PlacedText } from './page-layout';

type Item = { str: string; transform: number[]; width: number; height: number; fontName: string };
type Library = typeof pdfjs;

/** Codes that fonts use for glyphs without a letter of their own. */
const UNMAPPED = /[\ue000-\uf8ff\ufffd]/g;

const addresses = (found: Record<string, unknown>) =>
  new Map(Object.entries(found).map(([path, address]) => [path.slice(path.lastIndexOf('/') + 1), address as string]));

/** Answers pdf.js's questions for its own data. */
class OwnFiles {
  private static known: Map<string, string> | null = null;

  async fetch({ filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    OwnFiles.known ??= addresses({
      ...import.meta.glob('/node_modules/pdfjs-dist/cmaps/*.bcmap', { query: '?url', import: 'default', eager: true }),
      ...import.meta.glob('/node_modules/pdfjs-dist/standard_fonts/*.{pfb,ttf}', { query: '?url', import: 'default', eager: true }),
    });
    const address = OwnFiles.known.get(filename);
    if (address === undefined) throw new Error(`There is no ${filename}`);
    const answer = await fetch(new URL(address, import.meta.url));
    if (!answer.ok) throw new Error(`${address}: status ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }
}

const IN_NODE = typeof Worker === 'undefined';
/** In Node pdf.js reads its data by itself, and works on the same thread. */
const NODE_FILES = {
  cMapUrl: 'node_modules/pdfjs-dist/cmaps/',
  standardFontDataUrl: 'node_modules/pdfjs-dist/standard_fonts/',
};

async function open(library: Library, file: string, blob: Blob, worker: Worker | null): Promise<PDFDocumentProxy> {
  const data = new Uint8Array(await blob.arrayBuffer());
  try {
    return await library.getDocument({
      data,
      ...(worker && { worker: library.PDFWorker.create({ port: worker }) }),
      ...(IN_NODE ? NODE_FILES : { BinaryDataFactory: OwnFiles, cMapUrl: './', standardFontDataUrl: './' }),
      ...{ cMapPacked: true, useWorkerFetch: false, useSystemFonts: false, disableFontFace: true, isEvalSupported: false, useWasm: false },
      ...{ isOffscreenCanvasSupported: false, isImageDecoderSupported: false, enableXfa: false, verbosity: 0 },
    }).promise;
  } catch (error) {
    throw pdfError(file, error);
  }
}

function pdfError(file: string, error: unknown): StudioError {
  if (error instanceof StudioError) return error;
  const { name, message } = error as Error;
  if (name === 'PasswordException') return new StudioError('document-encrypted', `${file} asks for a password`, { file });
  return invalidDocument(file, 'document-damaged', { found: message ?? String(error) });
}

/**
 * @param most pages that are read once there is text on one; the beginning of a book is enough to show
 * @throws StudioError `document-encrypted`, `document-invalid`, `document-scanned`
 */
export async function* pdfText(file: string, blob: Blob, most = Infinity): AsyncGenerator<number, DocumentText> {
  const library = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const worker = IN_NODE ? null : new (await import('pdfjs-dist/legacy/build/pdf.worker.mjs?worker')).default();
  let document: PDFDocumentProxy | null = null;
  try {
    document = await open(library, file, blob, worker);
    const count = document.numPages;
    if (count > DOCUMENT_LIMITS.pages) throw invalidDocument(file, 'document-pages', { found: count, most: DOCUMENT_LIMITS.pages });
    const losses: Losses = {};
    const pages: PlacedPage[] = [];
    let fault: unknown = null;
    for (let number = 1; number <= count; number++) {
      try {
        pages.push(await placedPage(await document.getPage(number), losses));
      } catch (error) {
        // The other pages are there all the same.
        fault = error;
        losses.damaged = (losses.damaged ?? 0) + 1;
      }
      yield number / count;
      if (number >= most && pages.some(({ pieces }) => pieces.length > 0)) break;
    }
    if (pages.length === 0) throw pdfError(file, fault);
    const empty = pages.filter(({ pieces }) => pieces.length === 0).length;
    if (empty === pages.length)
      throw new StudioError('document-scanned', `The ${count} pages of ${file} hold no text`, { file, found: count });
    const { text, heads, hyphens, tables } = flowPages(pages);
    const images = most === Infinity ? await imagesIn(blob) : 0;
    const unmapped = text.match(UNMAPPED)?.length ?? 0;
    return { text, losses: { ...losses, pages: empty, heads, hyphens, tables, images, unmapped } };
  } finally {
    await document?.loadingTask.destroy();
    worker?.terminate();
  }
}

/** The words of a page as they stand when it is held so that most of its text can be read. */
async function placedPage(page: PDFPageProxy, losses: Losses): Promise<PlacedPage> {
  const { items, styles } = await page.getTextContent();
  const viewport = page.getViewport({ scale: 1 });
  const all = (items as Item[])
    .filter((item) => item.str !== undefined && /\S/.test(item.str))
    .map((item) => ({
      item,
      at: times(viewport.transform, item.transform),
      vertical: styles[item.fontName]?.vertical === true,
    }));
  page.cleanup();
  const turn = mostOf(all, ({ at, item }) => [quarter(at), item.str.length]);
  const vertical = mostOf(all, ({ vertical, item }) => [Number(vertical), item.str.length]) === 1;
  const pieces: PlacedText[] = [];
  for (const { item, at, vertical: upright } of all) {
    if (upright !== vertical || (!vertical && quarter(at) !== turn)) {
      losses.rotated = (losses.rotated ?? 0) + 1;
      continue;
    }
    const [x, y] = [at[4]!, at[5]!];
    const height = Math.hypot(at[2]!, at[3]!) || item.height;
    const [cos, sin] = [Math.round(Math.cos((turn * Math.PI) / 2)), Math.round(Math.sin((turn * Math.PI) / 2))];
    // Columns of vertical writing are lines from right to left.
    const [u, v] = vertical ? [y, viewport.width - x] : [x * cos + y * sin, y * cos - x * sin];
    pieces.push({ text: item.str.trim(), x: u, y: v, width: vertical ? item.height : item.width, height });
  }
  const top = pieces.reduce((least, { y }) => Math.min(least, y), 0);
  const height = vertical ? viewport.width : turn % 2 === 0 ? viewport.height : viewport.width;
  return { height, pieces: top < 0 ? pieces.map((piece) => ({ ...piece, y: piece.y + height })) : pieces };
}

/** Product of two affine maps, as pdf.js writes them. */
function times(a: readonly number[], b: readonly number[]): number[] {
  return [
    a[0]! * b[0]! + a[2]! * b[1]!,
    a[1]! * b[0]! + a[3]! * b[1]!,
    a[0]! * b[2]! + a[2]! * b[3]!,
    a[1]! * b[2]! + a[3]! * b[3]!,
    a[0]! * b[4]! + a[2]! * b[5]! + a[4]!,
    a[1]! * b[4]! + a[3]! * b[5]! + a[5]!,
  ];
}

/** Quarter turns of a text's direction, clockwise. */
function quarter(at: readonly number[]): number {
  return (Math.round(Math.atan2(at[1]!, at[0]!) / (Math.PI / 2)) + 4) % 4;
}

function mostOf<T>(items: readonly T[], weigh: (item: T) => [value: number, weight: number]): number {
  const weights = new Map<number, number>();
  for (const item of items) {
    const [value, weight] = weigh(item);
    weights.set(value, (weights.get(value) ?? 0) + weight);
  }
  return [...weights].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

const SLICE = 8 * 2 ** 20;

/** Pictures in the file, without their masks. An image's dictionary always stands in the open, whatever else is packed. */
async function imagesIn(blob: Blob): Promise<number> {
  let images = 0;
  let before = '';
  for (let at = 0; at < blob.size; at += SLICE) {
    const text = before + new TextDecoder('latin1').decode(await blob.slice(at, at + SLICE).arrayBuffer());
    // What lies over the border is counted once, with the next slice.
    const end = at + SLICE < blob.size ? text.length - 32 : text.length;
    for (const { 1: name, index } of text.matchAll(/\/Subtype\s*\/(Image)\b|\/S?Mask\s+\d+\s+\d+\s+R/g))
      if (index < end) images += name === undefined ? -1 : 1;
    before = text.slice(end);
  }
  return Math.max(0, images);
}
