/**
 * A report as one HTML file that needs nothing else: no script, no request, no font. Every language given is in it; radio buttons and
 * CSS choose the one that is seen and printed. Its content security policy forbids scripts and requests even if a text were to slip through.
 */
import { PAPER } from '../charts/paper';
import { barChart, lineChart, type ChartStyle } from '../charts/still-charts';
import { escapeHtml as escape, svgMarkup, type SvgNode } from '../charts/svg';
import { composeReport } from './compose';
import type { Block, Cell, FigureBlock, Table } from './document';
import type { Report } from './report';
import type { ReportWords } from './words';

/** The look of a report, on screen and on paper. Light always: it is made to be printed. */
const REPORT_STYLE = `
:root{color-scheme:light;--ink:#1d2126;--dim:#5c626b;--line:#dfd9cd;--panel:#fffdf9;--bg:#f4f1ea;--accent:#4a4fc4;--good:#0b6e4f;--bad:#b3261e;--warn:#8a5200}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans SC','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1040px;margin:0 auto;padding:24px 20px 48px}
input[name=language]{margin:0 4px 0 0;vertical-align:-2px;accent-color:var(--accent)}
input[name=language]+label{margin-right:14px}
header{margin:14px 0 18px}
h1,h2,h3,p,dl,dd,figure,ul{margin:0}
h1{font-size:26px;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:17px;margin-bottom:10px}
h3{font-size:14px;margin-bottom:6px}
.facts{color:var(--dim);margin-top:4px;overflow-wrap:anywhere}
section{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin-bottom:14px}
section>*+*{margin-top:12px}
section>h2+*{margin-top:0}
p,li,dd{max-width:80ch;overflow-wrap:anywhere}
ul{padding-left:18px}
li+li{margin-top:6px}
.summary ul{list-style:none;padding:0}
.summary li{display:grid;grid-template-columns:150px 1fr;gap:2px 14px;max-width:none;font-size:15px}
.summary li span{max-width:76ch}
.summary li+li{border-top:1px solid var(--line);padding-top:6px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:10px}
.figures>div{border:1px solid var(--line);border-radius:8px;padding:10px 12px;background:#fff}
dt{color:var(--dim)}
.figures b{font-size:25px;line-height:1.3;font-weight:650}
.figures span{color:var(--dim)}
.figures small{display:block;color:var(--dim);font-size:12.5px}
[data-tone=good],[data-tone=good] b{color:var(--good)}
[data-tone=bad],[data-tone=bad] b{color:var(--bad)}
[data-tone=warn],[data-tone=warn] b{color:var(--warn)}
div[data-tone]{color:inherit}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px 22px}
figure{min-width:0}
figcaption{font-weight:600;margin-bottom:4px}
svg{display:block;width:100%;max-width:560px;height:auto;font-family:inherit}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
caption{text-align:left;font-weight:600;font-size:14px;padding-bottom:4px}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
th:last-child,td:last-child{padding-right:2px}
thead th{color:var(--dim);font-size:12px;vertical-align:bottom}
.n,.n small{text-align:right;white-space:pre}
thead .n{white-space:normal}
.pairs th{width:42%;color:var(--dim)}
tbody th span{font-weight:650}
td small,th small{display:block;white-space:pre-line;color:var(--dim);font-size:12px;font-weight:400}
.finding{border-left:3px solid var(--warn);padding:2px 0 2px 12px}
.finding dl>div{display:grid;grid-template-columns:minmax(90px,130px) 1fr;gap:2px 10px}
details summary{cursor:pointer;color:var(--accent)}
pre{overflow-x:auto;background:#fff;border:1px solid var(--line);border-radius:8px;padding:10px;font:12px/1.45 ui-monospace,'SF Mono',Menlo,Consolas,monospace}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:640px){main{padding:14px 10px 32px}section{padding:12px}h1{font-size:21px}.finding dl>div,.summary li{grid-template-columns:1fr}}
@media print{
@page{size:A4;margin:14mm 13mm}
body{background:#fff;font-size:10.5pt}
main{max-width:none;padding:0}
input[name=language],input[name=language]+label,details{display:none}
header{margin-top:0}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:10px 0 0;background:none;break-inside:auto}
section.summary{border-top:0}
h2,h3,caption,figcaption{break-after:avoid}
figure,tr,.figures>div,.finding,li{break-inside:avoid}
.charts{grid-template-columns:1fr 1fr}
.summary li{grid-template-columns:125px 1fr}
.charts>figure:only-child{grid-column:1/-1}
.scroll{overflow:visible}
.n small{white-space:pre-line}
table{font-size:8.5pt}
thead th,td small,th small{font-size:7.5pt}
th,td{padding-right:7px}
.summary li{font-size:11pt}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}`.trim();

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
      return chart(block.chart.title, lineChart(block.chart, { ...STYLE, decimal: words.format.decimal }));
    case 'bars':
      return chart(block.chart.title, barChart(block.chart, { ...STYLE, decimal: words.format.decimal }));
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

const STYLE: Omit<ChartStyle, 'decimal'> = { ink: PAPER, fontSize: 12, width: 460, height: 262 };
const chart = (title: string, picture: SvgNode) => `<figure><figcaption>${escape(title)}</figcaption>${svgMarkup(picture)}</figure>`;

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
