import { describe, expect, it, vi } from 'vitest';
import { StudioError } from '../core/errors';
import { createImportStore, type ImportSource } from './import-store';

interface Made {
  id: string;
}

const file = (name: string) => new File(['x'], name);
const taken = { files: [], more: false };

function store(source: Partial<ImportSource<Made>> = {}) {
  const after = vi.fn(async () => {});
  const useImport = createImportStore<Made>({
    choose(files) {
      if (files.some(({ name }) => name === 'bad')) throw new StudioError('text-empty', 'bad', { file: 'bad' });
      return [...files];
    },
    propose: ([first]) => first?.name ?? '',
    run: async (_, name) => ({ id: name }),
    after,
    ...source,
  });
  return { useImport, after };
}

describe('createImportStore', () => {
  it('proposes a name and keeps a typed one', () => {
    const { useImport } = store();
    useImport.getState().take([file('a')], taken);
    expect(useImport.getState().name).toBe('a');
    useImport.getState().setName('mine');
    useImport.getState().take([file('b')], taken);
    expect(useImport.getState()).toMatchObject({ name: 'mine', state: 'idle' });
    expect(useImport.getState().files.map(({ name }) => name)).toEqual(['b']);
  });

  it('shows why files are refused and keeps the name', () => {
    const { useImport } = store();
    useImport.getState().setName('mine');
    useImport.getState().take([file('bad')], taken);
    expect(useImport.getState()).toMatchObject({ name: 'mine', state: 'failed', files: [], error: { code: 'text-empty' } });
  });

  it('imports under the trimmed name, reports it, and forgets it when it is removed', async () => {
    const { useImport, after } = store();
    useImport.getState().take([file('a')], taken);
    useImport.getState().setName(' mine ');
    await useImport.getState().submit();
    expect(useImport.getState()).toMatchObject({ state: 'done', made: { id: 'mine' }, files: [], name: '' });
    expect(after).toHaveBeenCalledWith({ id: 'mine' });
    useImport.getState().forget('other');
    expect(useImport.getState().made).not.toBeNull();
    useImport.getState().forget('mine');
    expect(useImport.getState().made).toBeNull();
  });

  it('keeps the files when the work was cancelled, and says what failed otherwise', async () => {
    const codes = ['cancelled', 'quota'] as const;
    for (const code of codes) {
      const { useImport, after } = store({ run: () => Promise.reject(new StudioError(code, code, {})) });
      useImport.getState().take([file('a')], taken);
      await useImport.getState().submit();
      expect(useImport.getState()).toMatchObject({ state: code === 'cancelled' ? 'idle' : 'failed', name: 'a', made: null });
      expect(useImport.getState().files).toHaveLength(1);
      expect(useImport.getState().error?.code ?? null).toBe(code === 'cancelled' ? null : code);
      expect(after).not.toHaveBeenCalled();
    }
  });
});
