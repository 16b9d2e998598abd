/** Samples of channels' held-out text, for statistics; the last ones are kept, as two tokenizers are measured on the same text. */
import { findCorpus, readDocuments } from '../storage/corpora';
import { spreadSample, type ChannelSample } from './statistics';

const KEPT = 32;
const kept = new Map<string, ChannelSample>();

/** Throws `file-missing`, `fetch-failed`, `cancelled`. */
export async function heldOutSamples(corpora: readonly string[], bytes: number, signal: AbortSignal): Promise<ChannelSample[]> {
  const samples: ChannelSample[] = [];
  for (const id of corpora) {
    const corpus = await findCorpus(id);
    const key = `${bytes}:${corpus.sha256.heldOut}:${id}`;
    let sample = kept.get(key);
    if (!sample) {
      const documents = await readDocuments(corpus, 'heldOut', undefined, signal);
      sample = { corpus: id, documents: spreadSample(documents, bytes) };
      kept.set(key, sample);
      for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
    }
    samples.push(sample);
  }
  return samples;
}
