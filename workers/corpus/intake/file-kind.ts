/** What a file is, by its name. */
import type { FileKind } from '../../../src/contract/ingest';

const KINDS: Record<string, FileKind> = {
  txt: 'text',
  text: 'text',
  log: 'text',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  rst: 'markdown',
  jsonl: 'json-lines',
  ndjson: 'json-lines',
  json: 'json',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  zip: 'zip',
};
const CODE =
  'py pyi ipy js mjs cjs jsx ts mts cts tsx c h cc cpp cxx hh hpp hxx cu cs java kt kts scala go rs rb php pl pm lua r jl swift m mm dart hs ml mli ex exs erl clj lisp scm el vim sh bash zsh fish ps1 bat sql css scss less vue svelte proto graphql cmake mk asm s v sv vhd tex bib yaml yml toml ini cfg xml';
for (const extension of CODE.split(' ')) KINDS[extension] = 'code';
const NAMES: Record<string, FileKind> = { makefile: 'code', dockerfile: 'code', readme: 'text', license: 'text' };

/** Null: no kind that can be read. Hidden files and what macOS adds to archives are none. */
export function kindOf(path: string): FileKind | null {
  const parts = path.split('/');
  const name = parts.at(-1)!.toLowerCase();
  if (name.startsWith('.') || parts.includes('__MACOSX') || parts.some((part) => part === '.git' || part === 'node_modules')) return null;
  const dot = name.lastIndexOf('.');
  return (dot < 0 ? NAMES[name] : KINDS[name.slice(dot + 1)]) ?? null;
}

export const STRUCTURED: ReadonlySet<FileKind> = new Set(['json-lines', 'json', 'csv', 'tsv', 'parquet']);

/** For the message that a file cannot be read. */
export const ACCEPTED = '.txt .md .jsonl .json .csv .tsv .parquet .html .zip .py .js .c …';
