import { expect, it } from 'vitest';
import { splitDocuments } from './documents';

it('cuts at blank lines, or at two of them, and drops blank documents', () => {
  expect(splitDocuments('a\nb\n\nc\n\n\n\nd\n', '\n\n')).toEqual(['a\nb', 'c', 'd']);
  expect(splitDocuments('a\n\nb\n\n\nc', '\n\n\n')).toEqual(['a\n\nb', 'c']);
  expect(splitDocuments('a\r\n\r\nb', '\n\n')).toEqual(['a', 'b']);
  expect(splitDocuments('\n\n \n\n', '\n\n')).toEqual([]);
});
