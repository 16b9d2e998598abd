/**
 * A model card as blocks of plain text. The card comes from a file of anybody's, so nothing here makes HTML, follows a link
 * or loads an image: what is not one of these few forms stays the text it is.
 */
export type Inline = { kind: 'text' | 'code' | 'strong'; text: string };

export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'code'; text: string };

/** YAML front matter (`---` … `---`) is metadata for the hub, returned apart from the body. */
export function parseCard(text: string): { metadata: string; blocks: Block[] } {
  const normal = text.replace(/\r\n?/g, '\n');
  const front = /^---\n([\s\S]*?)\n---(?:\n|$)/.exec(normal);
  return { metadata: front?.[1] ?? '', blocks: parseBlocks(front ? normal.slice(front[0].length) : normal) };
}

const LIST_ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

function parseBlocks(text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const fence = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      const end = lines.findIndex((later, index) => index > at && later.trim().startsWith(fence));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, stop).join('\n') });
      at = stop + 1;
      continue;
    }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, content: parseInline(heading[2] ?? '') });
      at += 1;
      continue;
    }
    if (line.trim() === '') {
      at += 1;
      continue;
    }
    if (isTableRow(line) && /^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$/.test(lines[at + 1] ?? '')) {
      const head = tableCells(line);
      const rows: Inline[][][] = [];
      at += 2;
      while (isTableRow(lines[at] ?? '')) {
        rows.push(tableCells(lines[at] ?? ''));
        at += 1;
      }
      blocks.push({ kind: 'table', head, rows });
      continue;
    }
    const item = LIST_ITEM.exec(line);
    if (item) {
      const items: string[] = [];
      const ordered = item[1] !== undefined;
      for (; at < lines.length; at += 1) {
        const next = LIST_ITEM.exec(lines[at] ?? '');
        if (next) items.push(next[2] ?? '');
        else if (/^\s+\S/.test(lines[at] ?? '') && items.length > 0) items[items.length - 1] += ` ${(lines[at] ?? '').trim()}`;
        else break;
      }
      blocks.push({ kind: 'list', ordered, items: items.map(parseInline) });
      continue;
    }
    const paragraph: string[] = [];
    for (; at < lines.length && continuesParagraph(lines[at] ?? ''); at += 1) paragraph.push((lines[at] ?? '').trim());
    if (paragraph.length === 0) {
      paragraph.push(line.trim());
      at += 1;
    }
    blocks.push({ kind: 'paragraph', content: parseInline(paragraph.join(' ')) });
  }
  return blocks;
}

function continuesParagraph(line: string): boolean {
  return line.trim() !== '' && !/^#{1,6}\s/.test(line) && !/^\s*(```|~~~)/.test(line) && !LIST_ITEM.test(line) && !isTableRow(line);
}

function isTableRow(line: string): boolean {
  return /^\s*\|.*\|\s*$/.test(line);
}

/** A `|` after a backslash is a character of its cell, in code as well (GitHub Flavored Markdown, tables). */
function tableCells(line: string): Inline[][] {
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => parseInline(cell.trim().replaceAll('\\|', '|')));
}

/** `code`, **strong**, and links as "text (address)": an address is shown, never followed. A backslash makes punctuation plain. */
export function parseInline(text: string): Inline[] {
  const parts: Inline[] = [];
  const add = (kind: Inline['kind'], content: string) => {
    const last = parts.at(-1);
    if (kind === 'text' && last?.kind === 'text') last.text += content;
    else if (content !== '') parts.push({ kind, text: content });
  };
  const pattern = /\\([!-/:-@[-`{-~])|`([^`]+)`|\*\*((?:\\.|[^*\\])+)\*\*|!?\[((?:\\.|[^\]\\])*)\]\(([^)\s]+)\)/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, escaped, code, strong, label, address] = match;
    add('text', text.slice(from, match.index));
    if (escaped !== undefined) add('text', escaped);
    else if (code !== undefined) add('code', code);
    else if (strong !== undefined) add('strong', unescaped(strong));
    else add('text', label ? `${unescaped(label)} (${address!})` : address!);
    from = match.index + whole.length;
  }
  add('text', text.slice(from));
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\([!-/:-@[-`{-~])/g, '$1');
}
