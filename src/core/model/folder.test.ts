import { describe, expect, it } from 'vitest';
import { modelFolder, outermost } from './folder';

describe('modelFolder', () => {
  it('takes the single file before shards, and what belongs to it', () => {
    const names = [
      'config.json',
      'pytorch_model.bin',
      'model.safetensors',
      'model-00001-of-00002.safetensors',
      'tokenizer.json',
      'README.md',
    ];
    expect(modelFolder([...names, 'model.safetensors.index.json'])).toEqual({
      texts: ['config.json', 'tokenizer.json', 'README.md'],
      weights: ['model.safetensors'],
      index: null,
    });
  });

  it('takes all shards with their index', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const folder = modelFolder(['tokenizer.json', shards[1]!, 'model.safetensors.index.json', shards[0]!, 'config.json', 'LICENSE']);
    expect(folder).toMatchObject({ weights: shards, index: 'model.safetensors.index.json' });
    expect(folder.texts).toContain('LICENSE');
  });

  it.each([
    [['model.safetensors', 'tokenizer.json'], 'config.json'],
    [['config.json', 'model.safetensors'], 'tokenizer.json'],
    [['config.json', 'tokenizer.json', 'pytorch_model.bin'], '*.safetensors'],
  ])('of %j says that %s lacks', (names, wanted) => {
    expect(() => modelFolder(names)).toThrow(expect.objectContaining({ code: 'file-missing', values: { file: names.join(', '), wanted } }));
  });
});

describe('outermost', () => {
  it('keeps the file nearest to the root', () => {
    const files = ['a/onnx/config.json', 'a/config.json', 'a/b/c/config.json', 'a/x/model.safetensors'];
    expect([...outermost(files, (path) => path)].sort()).toEqual([
      ['config.json', 'a/config.json'],
      ['model.safetensors', 'a/x/model.safetensors'],
    ]);
  });
});
