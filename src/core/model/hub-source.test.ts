import { describe, expect, it } from 'vitest';
import { hubPlace } from './hub-source';

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
