/** Text of any size from the starter corpora: each copy has other words than the last, so that it is no near duplicate. */
import { splitDocuments } from '../../../src/core/text/documents';
import type { PipelineChannel, Row } from '../../../src/core/corpus/row';

export const benchChannels: PipelineChannel[] = [
  { id: 'zh', role: 'general', language: 'zh' },
  { id: 'en', role: 'general', language: 'en' },
  { id: 'code', role: 'general', language: 'code' },
  { id: 'domain', role: 'domain', language: 'en' },
];

/** About `megabytes` of UTF-8, the channels in turn. */
export async function benchRows(megabytes: number): Promise<{ rows: Row[]; bytes: number }> {
  const documents = await Promise.all(
    benchChannels.map(async ({ id }) =>
      splitDocuments(await (await fetch(`corpora/${id}.train.txt`)).text(), id === 'code' ? '\n\n\n' : '\n\n'),
    ),
  );
  const encoder = new TextEncoder();
  const rows: Row[] = [];
  let bytes = 0;
  for (let copy = 0; bytes < megabytes * 1e6; copy++)
    for (const [at, { id }] of benchChannels.entries())
      for (const [line, document] of documents[at]!.entries()) {
        if (bytes >= megabytes * 1e6) break;
        const text = copy === 0 ? document : altered(document, copy);
        bytes += encoder.encode(text).length;
        rows.push({ text, channel: id, source: `${id}.train.txt`, line: line + 1 });
      }
  return { rows, bytes };
}

/** Every third word with a letter more, every third CJK character another, by the number of the copy. */
function altered(document: string, copy: number): string {
  let at = 0;
  return document.replace(/[a-z]{3,}|\p{Script=Han}/gu, (found) => {
    if (at++ % 3 !== 0) return found;
    return found.length > 1
      ? found + String.fromCharCode(97 + (copy % 26)) + String.fromCharCode(97 + ((copy / 26) | 0))
      : String.fromCharCode(0x4e00 + ((found.charCodeAt(0) + 131 * copy) % 5000));
  });
}
