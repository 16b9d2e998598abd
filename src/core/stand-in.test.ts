import { describe, expect, it } from 'vitest';
import { standIn, standInError } from './stand-in';

const bytes = (text: string) => new TextEncoder().encode(text);
const pointer = (address: string, end = '\n') =>
  [`version https://${address}`, `oid sha256:${'4d'.repeat(32)}`, 'size 269060552', ''].join(end);

describe('what stands in for a file', () => {
  it('is a Git LFS pointer, with the size of what it points to', () => {
    expect(standIn(bytes(pointer('git-lfs.github.com/spec/v1')))).toEqual({ kind: 'git-lfs', bytes: 269_060_552 });
    expect(standIn(bytes(pointer('hawser.github.com/spec/v1', '\r\n')))).toEqual({ kind: 'git-lfs', bytes: 269_060_552 });
    expect(standIn(bytes('version https://git-lfs.github.com/spec/v1\n'))).toEqual({ kind: 'git-lfs', bytes: null });
    expect(standInError('a.txt', { kind: 'git-lfs', bytes: 269_060_552 })).toMatchObject({
      code: 'file-pointer',
      values: { file: 'a.txt', bytes: 269_060_552 },
    });
  });

  it.each([
    '<!DOCTYPE html>\n<html>',
    '\uFEFF\r\n<html lang="en">',
    '<!-- saved from url=(0020)x -->\n<!doctype HTML><head>',
    '<?xml version="1.0"?>\n<html xmlns="x">',
  ])('is a web page: %j', (text) => expect(standIn(bytes(text))).toEqual({ kind: 'web-page' }));

  it.each([
    '',
    '{"text":"<html>"}',
    'version 1 of the story\n',
    '<htmlx>',
    'About <!doctype html> and what it does',
    '<?xml version="1.0"?><TEI>',
  ])('is nothing of the kind: %j', (text) => expect(standIn(bytes(text))).toBeNull());
});
