import { describe, expect, it } from 'vitest';
import { isKey } from './commands';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

describe('isKey', () => {
  it('takes Ctrl and ⌘ alike, and tells undo from redo by Shift', () => {
    expect(isKey('mod+Z', press('z', { ctrlKey: true }))).toBe(true);
    expect(isKey('mod+Z', press('z', { metaKey: true }))).toBe(true);
    expect(isKey('mod+Z', press('Z', { ctrlKey: true, shiftKey: true }))).toBe(false);
    expect(isKey('mod+shift+Z', press('Z', { metaKey: true, shiftKey: true }))).toBe(true);
  });

  it('takes a plain key only without Ctrl, ⌘ and Alt', () => {
    expect(isKey('S', press('s'))).toBe(true);
    expect(isKey('Space', press(' '))).toBe(true);
    // The key that writes a question mark needs Shift on many keyboards.
    expect(isKey('?', press('?', { shiftKey: true }))).toBe(true);
    expect(isKey('S', press('s', { ctrlKey: true }))).toBe(false);
    expect(isKey('S', press('ß', { altKey: true }))).toBe(false);
  });
});
