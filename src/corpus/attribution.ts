/** Sources of all corpora, gathered for one readable table: one entry a source, with the channels that use it. */
import type { CorpusRecord } from '../contract/corpus';

export interface AttributedSource {
  text: string;
  package: string;
  licence: string;
  corpora: string[];
}

export interface LicenceGroup {
  licence: string;
  sources: AttributedSource[];
}

/** Grouped by licence in the order met; a source that serves several corpora appears once. */
export function groupByLicence(corpora: readonly CorpusRecord[]): LicenceGroup[] {
  const groups = new Map<string, Map<string, AttributedSource>>();
  for (const corpus of corpora)
    for (const source of corpus.attribution) {
      const group = groups.get(source.licence) ?? new Map<string, AttributedSource>();
      groups.set(source.licence, group);
      const key = JSON.stringify([source.text, source.package]);
      const known = group.get(key);
      if (!known) group.set(key, { ...source, corpora: [corpus.id] });
      else if (!known.corpora.includes(corpus.id)) known.corpora.push(corpus.id);
    }
  return [...groups].map(([licence, sources]) => ({ licence, sources: [...sources.values()] }));
}
