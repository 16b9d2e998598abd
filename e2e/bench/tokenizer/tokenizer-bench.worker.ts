import { splitDocuments } from '../../../src/core/text/documents';
import { expose } from '../../../workers/rpc/expose';
import { encodeDocuments, utf8Length } from '../../../workers/tokenizer/encode-documents';
import { EncodePool } from '../../../workers/tokenizer/encode-pool';
import { TextTokenizer, type TokenizerFiles } from '../../../workers/tokenizer/text-tokenizer';
import { trainTokenizer } from '../../../workers/tokenizer/train/train-tokenizer';
import type { TrainOptions, TrainReport } from '../../../src/contract/tokenizer';

let corpora: { corpus: string; documents: string[] }[] = [];

interface Encoded {
  corpus: string;
  bytes: number;
  tokens: number;
  milliseconds: number;
}

expose({
  /** @returns UTF-8 bytes of documents in all */
  async load(given: readonly { id: string; train: string; separator: string }[]): Promise<number> {
    corpora = [];
    for (const { id, train, separator } of given) {
      const response = await fetch(`/corpora/${train}`);
      if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
      corpora.push({ corpus: id, documents: splitDocuments(await response.text(), separator) });
    }
    return corpora.reduce((sum, { documents }) => sum + documents.reduce((bytes, text) => bytes + utf8Length(text), 0), 0);
  },

  /**
   * Each corpus, then all of them together, each by a tokenizer that has not seen any text yet.
   * @param workers of a pool, for all together alone; 0: this thread
   */
  async encode(files: TokenizerFiles, workers: number): Promise<Encoded[]> {
    const results: Encoded[] = [];
    const all = { corpus: 'all', documents: corpora.flatMap(({ documents }) => documents) };
    for (const { corpus, documents } of workers > 0 ? [all] : [...corpora, all]) {
      const tokenizer = await TextTokenizer.open(files);
      const pool = new EncodePool(tokenizer, async () => files, workers, 0);
      const began = performance.now();
      const { ids, bytes } = workers > 0 ? await pool.encode(documents) : await encodeDocuments(tokenizer, documents);
      results.push({ corpus, bytes, tokens: ids.length, milliseconds: performance.now() - began });
      await pool.close();
    }
    return results;
  },

  async train(options: TrainOptions): Promise<TrainReport> {
    const sources = corpora.map(({ documents }) => ({ texts: documents, weight: 1 }));
    return (await trainTokenizer(sources, options)).report;
  },
});
