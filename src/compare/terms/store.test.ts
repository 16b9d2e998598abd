import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => void vi.unstubAllGlobals());

it('keeps the list as plain text under its key', async () => {
  const stored = new Map([['crossfade.terms', 'heart failure\n病人']]);
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  });
  const { useTermList: store } = await import('./store');
  expect(store.getState()).toMatchObject({ text: 'heart failure\n病人', isDefault: false });
  store.getState().setText('dose');
  expect(stored.get('crossfade.terms')).toBe('dose');
  store.getState().reset();
  expect(store.getState().isDefault).toBe(true);
  expect(stored.get('crossfade.terms')).toBe(store.getState().text);
});
