/** The reader of a file's kind; archives have readers of their own. */
import { readArrow } from './arrow';
import { readDelimited } from './delimited';
import { readDocument } from './documents/document';
import { htmlText } from './html-text';
import { readJson, readJsonLines } from './json';
import { readParquet } from './parquet';
import { readPlainText, readWhole } from './plain-text';
import type { FilePlan, RowReader } from './row-reader';

export function readerOf({ kind, layout }: FilePlan): RowReader {
  switch (kind) {
    case 'json-lines':
    case 'json':
      return layout === 'lines' ? readJsonLines : readJson;
    case 'csv':
    case 'tsv':
      return readDelimited;
    case 'parquet':
      return readParquet;
    case 'arrow':
      return readArrow;
    case 'html':
      return readPage;
    case 'pdf':
    case 'docx':
    case 'epub':
      return readDocument;
    default:
      return readPlainText;
  }
}

const readPage: RowReader = async function* (source, plan) {
  yield await readWhole(source, plan, htmlText);
};
