import { describe, expect, it } from 'vitest';
import { datasetPlace, hubPlace } from './hub-source';

const place = (change: Partial<Record<'address' | 'repository' | 'revision', string>> = {}) =>
  hubPlace({ address: 'https://huggingface.co', repository: 'owner/name', revision: 'main', ...change });

describe('hubPlace', () => {
  it.each([
    [{ address: ' https://huggingface.co/ ' }, { address: 'https://huggingface.co', host: 'huggingface.co' }],
    [{ address: 'https://mirror.example:8443/hf/' }, { address: 'https://mirror.example:8443/hf', host: 'mirror.example:8443' }],
    [{ address: 'http://localhost:5000' }, { address: 'http://localhost:5000', host: 'localhost:5000' }],
    [{ repository: ' gpt2 ' }, { repository: 'gpt2' }],
    [{ repository: 'EleutherAI/pythia-14m' }, { repository: 'EleutherAI/pythia-14m' }],
    [{ revision: 'refs/pr/1' }, { revision: 'refs/pr/1' }],
  ])('takes %j', (given, expected) => {
    expect(place(given)).toMatchObject(expected);
  });

  it.each([
    [{ address: 'huggingface.co' }, 'address'],
    [{ address: 'http://huggingface.co' }, 'address'],
    [{ address: 'javascript:alert(1)' }, 'address'],
    [{ address: 'https://token@huggingface.co' }, 'address'],
    [{ address: 'https://huggingface.co/?x=1' }, 'address'],
    [{ repository: '' }, 'repository'],
    [{ repository: '../name' }, 'repository'],
    [{ repository: 'a/b/c' }, 'repository'],
    [{ repository: 'a/b?x' }, 'repository'],
    [{ revision: '' }, 'revision'],
    [{ revision: 'main/../other' }, 'revision'],
  ] as const)('refuses %j', (given, field) => {
    expect(() => place(given)).toThrow(expect.objectContaining({ code: 'hub-source', values: expect.objectContaining({ field }) }));
  });
});

describe('a data set’s place', () => {
  const at = (repository: string) => datasetPlace({ address: 'https://huggingface.co', revision: 'main', repository });
  it('is a name, or what an address of one of its pages says', () => {
    expect(at(' owner/name ')).toMatchObject({ repository: 'owner/name', revision: 'main', config: null, split: null });
    expect(at('squad')).toMatchObject({ repository: 'squad' });
    expect(at('datasets/owner/name')).toMatchObject({ repository: 'owner/name' });
    expect(at('https://huggingface.co/datasets/owner/name')).toMatchObject({ address: 'https://huggingface.co', repository: 'owner/name' });
    expect(at('https://hf-mirror.com/datasets/owner/name/tree/v1.0/data?x=1#y')).toMatchObject({
      ...{ address: 'https://hf-mirror.com', host: 'hf-mirror.com', repository: 'owner/name', revision: 'v1.0' },
    });
    expect(at('https://huggingface.co/datasets/owner/name/viewer/sample-10BT/train')).toMatchObject({
      config: 'sample-10BT',
      split: 'train',
    });
    expect(at('http://localhost:80/hub/datasets/squad/blob/main/a.parquet')).toMatchObject({
      address: 'http://localhost/hub',
      repository: 'squad',
    });
    expect(at('hf://datasets/owner/name@abc123')).toMatchObject({
      address: 'https://huggingface.co',
      repository: 'owner/name',
      revision: 'abc123',
    });
  });
  it('is refused where it cannot be one', () => {
    for (const bad of ['', 'a/b/c', 'https://huggingface.co/owner/model', 'https://huggingface.co/datasets/', 'ftp://x/datasets/a/b'])
      expect(() => at(bad)).toThrow(expect.objectContaining({ code: 'hub-source' }));
    expect(() => at('http://elsewhere.org/datasets/a/b')).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ field: 'address' }) }),
    );
  });
});
