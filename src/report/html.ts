/**
 * A report as one HTML file that needs nothing else: no script, no request, no font. Every language given is in it; radio buttons and
 * CSS choose the one that is seen and printed. Its own policy forbids scripts and requests even if a text were to slip through.
 */
import { composeReport } from './compose';
import type { Block, Cell, FigureBlock, Table } from './document';
import { escapeHtml as escape } from './escape';
import { REPORT_STYLE } from './html-style';
import type { Report } from './report';
import { barChart, lineChart } from './svg';
import type { ReportWords } from './words';

/** @param languages the first is the one that shows when the file is opened */
export function reportHtml(report: Report, languages: readonly ReportWords[]): string {
  const [first] = languages;
  if (!first) throw new Error('A report needs a language');
  const choice =
    languages.length < 2
      ? ''
      : languages
          .map(
            ({ lang, t }, at) =>
              `<input type="radio" name="language" id="show-${lang}"${at === 0 ? ' checked' : ''}><label for="show-${lang}" lang="${lang}">${escape(t('language'))}</label>`,
          )
          .join('');
  const shown = languages.map(({ lang }) => `#show-${lang}:checked~article:not([lang="${lang}"]){display:none}`).join('\n');
  return `<!doctype html>
<html lang="${first.lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<meta name="generator" content="${escape(`${report.product.name} ${report.product.version}`)}">
<title>${escape(composeReport(report, first).title)}</title>
<style>
${REPORT_STYLE}
${shown}
</style>
</head>
<body>
<main>
${choice}
${languages.map((words, at) => article(report, words, at === 0 ? 'first' : 'other')).join('\n')}
</main>
</body>
</html>
`;
}

function article(report: Report, words: ReportWords, place: 'first' | 'other'): string {
  const { title, facts, sections } = composeReport(report, words);
  const id = (section: string) => `${section}-${words.lang}`;
  return `<article lang="${words.lang}" data-place="${place}">
<header><h1>${escape(title)}</h1><p class="facts">${facts.map(escape).join(' · ')}</p></header>
${sections
  .map(
    (section) =>
      `<section class="${section.id}" aria-labelledby="${id(section.id)}"><h2 id="${id(section.id)}">${escape(section.title)}</h2>${blocks(section.blocks, words)}</section>`,
  )
  .join('\n')}
</article>`;
}

/** Charts that follow one another, and tables of two columns, stand side by side where there is room. */
function blocks(all: readonly Block[], words: ReportWords): string {
  const out: string[] = [];
  const isSmall = (block: Block | undefined) =>
    block?.kind === 'lines' || block?.kind === 'bars' || (block?.kind === 'table' && block.table.head.length === 2);
  all.forEach((block, at) => {
    if (isSmall(block) && !isSmall(all[at - 1])) out.push('<div class="charts">');
    out.push(blockHtml(block, words));
    if (isSmall(block) && !isSmall(all[at + 1])) out.push('</div>');
  });
  return out.join('\n');
}

function blockHtml(block: Block, words: ReportWords): string {
  switch (block.kind) {
    case 'text':
      return `<p>${lead(block.lead)}${escape(block.text)}</p>`;
    case 'figures':
      return `<dl class="figures">${block.figures.map(figure).join('')}</dl>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${lead(item.lead)}<span>${escape(item.text)}</span></li>`).join('')}</ul>`;
    case 'table':
      return table(block.table);
    case 'lines':
      return chart(
        block.chart.title,
        lineChart(block.chart, (value, digits) => words.format.decimal(value, digits)),
      );
    case 'bars':
      return chart(block.chart.title, barChart(block.chart));
    case 'code':
      return `<details><summary>${escape(block.title)}</summary><pre tabindex="0">${escape(block.text)}</pre></details>`;
    case 'finding':
      return `<div class="finding"><h3>${escape(block.title)}</h3><dl>${block.rows
        .map(({ name, text }) => `<div><dt>${escape(name)}</dt><dd>${escape(text)}</dd></div>`)
        .join('')}</dl></div>`;
  }
}

const lead = (text: string | undefined) => (text === undefined ? '' : `<strong>${escape(text)}</strong> `);

const figure = ({ title, value, unit, interval, tone }: FigureBlock) =>
  `<div data-tone="${tone}"><dt>${escape(title)}</dt><dd><b>${escape(value)}</b> <span>${escape(unit)}</span><small>${escape(interval)}</small></dd></div>`;

const chart = (title: string, svg: string) => `<figure><figcaption>${escape(title)}</figcaption>${svg}</figure>`;

/** Wide tables scroll by themselves, by keyboard too. */
function table({ caption, head, rows, words }: Table): string {
  const align = (at: number) => (at < words ? '' : ' class="n"');
  const body = rows
    .map(
      (cells) =>
        `<tr>${cells.map((cell, at) => (at === 0 ? `<th scope="row">${content(cell)}</th>` : `<td${align(at)}>${content(cell)}</td>`)).join('')}</tr>`,
    )
    .join('\n');
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escape(caption)}"><table${head.length === 2 ? ' class="pairs"' : ''}><caption>${escape(caption)}</caption>
<thead><tr>${head.map((title, at) => `<th scope="col"${align(at)}>${escape(title)}</th>`).join('')}</tr></thead>
<tbody>${body}</tbody></table></div>`;
}

function content(cell: Cell): string {
  if (typeof cell === 'string') return escape(cell);
  const { text, colour, tone, note } = cell;
  const style = colour === undefined ? '' : ` style="color:${colour}"`;
  const shown =
    colour === undefined && tone === undefined ? escape(text) : `<span${style}${tone ? ` data-tone="${tone}"` : ''}>${escape(text)}</span>`;
  return note === undefined ? shown : `${shown}<small>${escape(note)}</small>`;
}
