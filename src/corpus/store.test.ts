import { describe, expect, it } from 'vitest';
import { checkTextFiles, proposedName } from './store';

describe('checkTextFiles', () => {
  it('accepts text in any case of ending', () => {
    expect(() =>
      checkTextFiles([
        { name: 'a.TXT', size: 3 },
        { name: 'b.jsonl', size: 1 },
        { name: 'notes.md', size: 9 },
      ]),
    ).not.toThrow();
  });

  it('names the file it refuses, and why', () => {
    expect(() =>
      checkTextFiles([
        { name: 'a.txt', size: 3 },
        { name: 'b.pdf', size: 3 },
      ]),
    ).toThrow(expect.objectContaining({ code: 'file-unsupported', values: { file: 'b.pdf', accepted: '.txt, .md, .jsonl' } }));
    expect(() => checkTextFiles([{ name: 'a.txt', size: 0 }])).toThrow(
      expect.objectContaining({ code: 'text-empty', values: { file: 'a.txt' } }),
    );
  });
});

describe('proposedName', () => {
  it('drops the last ending only', () => {
    expect(proposedName([{ name: 'case.reports.txt' }])).toBe('case.reports');
    expect(proposedName([])).toBe('');
  });
});
