import { describe, expect, it } from 'vitest';
import type { CorpusRecord } from '../contract/corpus';
import { groupByLicence } from './Sources';

const corpus = (id: string, attribution: CorpusRecord['attribution']): CorpusRecord => ({
  id,
  name: id,
  bundled: true,
  role: 'general',
  documents: { train: 1, heldOut: 1 },
  bytes: { train: 1, heldOut: 1 },
  licence: 'various',
  attribution,
  createdAt: 0,
});

describe('groupByLicence', () => {
  it('lists each source once under its licence', () => {
    const groups = groupByLicence([
      corpus('en', [
        { text: 'Moby Dick', package: 'stdlib', licence: 'public domain' },
        { text: 'WordNet', package: 'wn', licence: 'WordNet' },
      ]),
      corpus('domain', [{ text: 'WordNet', package: 'wn', licence: 'WordNet' }]),
    ]);
    expect(groups).toEqual([
      { licence: 'public domain', sources: [{ text: 'Moby Dick', package: 'stdlib', licence: 'public domain', corpora: ['en'] }] },
      { licence: 'WordNet', sources: [{ text: 'WordNet', package: 'wn', licence: 'WordNet', corpora: ['en', 'domain'] }] },
    ]);
  });
});
