/** A report in Markdown (CommonMark with GitHub's tables); of a chart, its figures stand in the tables beside it. */
import { composeReport } from './compose';
import type { Block, Cell, Table } from './document';
import type { Report } from './report';
import type { ReportWords } from './words';

/** @param words one language, or several that follow one another */
export function reportMarkdown(report: Report, words: readonly ReportWords[]): string {
  return words
    .map((language) => {
      const { title, facts, sections } = composeReport(report, language);
      const lines = [`# ${escapeMarkdown(title)}`, facts.map(escapeMarkdown).join(' · ')];
      for (const section of sections) lines.push(`## ${escapeMarkdown(section.title)}`, ...section.blocks.flatMap(blockLines));
      return `${lines.join('\n\n')}\n`;
    })
    .join('\n---\n\n');
}

/** Paragraphs of a block. */
function blockLines(block: Block): string[] {
  switch (block.kind) {
    case 'text':
      return [`${block.lead === undefined ? '' : `**${escapeMarkdown(block.lead)}** `}${escapeMarkdown(block.text)}`];
    case 'figures':
      return [
        block.figures
          .map(({ title, value, unit, interval }) =>
            `- ${escapeMarkdown(title)}: **${escapeMarkdown(value)}** ${escapeMarkdown([unit, interval].filter(Boolean).join(' '))}`.trimEnd(),
          )
          .join('\n'),
      ];
    case 'list':
      return [
        block.items
          .map(({ lead, text }) => `- ${lead === undefined ? '' : `**${escapeMarkdown(lead)}** `}${escapeMarkdown(text)}`)
          .join('\n'),
      ];
    case 'table':
      return [`**${escapeMarkdown(block.table.caption)}**`, tableLines(block.table)];
    case 'code':
      return [`**${escapeMarkdown(block.title)}**`, fenced(block.text)];
    case 'finding':
      return [
        `### ${escapeMarkdown(block.title)}`,
        block.rows.map(({ name, text }) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(text)}`).join('\n'),
      ];
    case 'lines':
    case 'bars':
      return [];
  }
}

function tableLines({ head, rows, words }: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(head.map(escapeMarkdown)),
    row(head.map((_, at) => (at < words ? '---' : '---:'))),
    ...rows.map((cells) => row(cells.map(cellText))),
  ].join('\n');
}

function cellText(cell: Cell): string {
  if (typeof cell === 'string') return escapeMarkdown(cell);
  return escapeMarkdown(cell.note === undefined ? cell.text : `${cell.text} ${cell.note}`);
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}json\n${text}\n${fence}`;
}

/** For one line of Markdown (CommonMark with GitHub's tables): a line break would end the line, a `|` the cell. */
export function escapeMarkdown(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/[\\`*_[\]<>|~#]|&(?=[#\w])/g, (character) => `\\${character}`);
}
