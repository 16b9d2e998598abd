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
      ggufs: [],
      torch: [],
      adapter: false,
    });
  });

  it('takes GGUF files where there are no safetensors, but not what sees or hears beside them', () => {
    const names = ['m-Q4_K_M.gguf', 'm-F16.GGUF', 'mmproj-m.gguf', 'README.md', 'config.json'];
    expect(modelFolder(names)).toEqual({
      texts: ['README.md'],
      weights: [],
      index: null,
      ggufs: ['m-F16.GGUF', 'm-Q4_K_M.gguf'],
      torch: [],
      adapter: false,
    });
    expect(modelFolder([...names, 'model.safetensors', 'tokenizer.json'])).toMatchObject({ weights: ['model.safetensors'], ggufs: [] });
  });

  it('takes all shards with their index', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const folder = modelFolder(['tokenizer.json', shards[1]!, 'model.safetensors.index.json', shards[0]!, 'config.json', 'LICENSE']);
    expect(folder).toMatchObject({ weights: shards, index: 'model.safetensors.index.json' });
    expect(folder.texts).toContain('LICENSE');
  });

  it('takes vocab.json and merges.txt where there is no tokenizer.json', () => {
    const names = ['config.json', 'model.safetensors', 'vocab.json', 'merges.txt'];
    expect(modelFolder(names).texts).toEqual(['config.json', 'vocab.json', 'merges.txt']);
    expect(modelFolder([...names, 'tokenizer.json']).texts).toEqual(['config.json', 'tokenizer.json']);
  });

  it.each([
    [['model.safetensors', 'tokenizer.json'], 'config.json'],
    [['config.json', 'model.safetensors', 'vocab.json'], 'tokenizer.json'],
    [['config.json', 'model.safetensors'], 'tokenizer.json'],
    [['config.json', 'tokenizer.json', 'notes.txt'], '*.safetensors'],
  ])('of %j says that %s lacks', (names, wanted) => {
    expect(() => modelFolder(names)).toThrow(expect.objectContaining({ code: 'file-missing', values: { file: names.join(', '), wanted } }));
  });
});

describe('weights in other formats', () => {
  const lines = (argument: string) =>
    `from transformers import AutoModelForCausalLM\nAutoModelForCausalLM.from_pretrained("folder"${argument}).save_pretrained("new-folder")`;
  it.each([
    [['config.json', 'tokenizer.json', 'model.pt', 'optimizer.bin'], 'model.pt', ''],
    [['consolidated.00.pth', 'params.json', 'tokenizer.model'], 'consolidated.00.pth', ''],
  ])('%j: says which file and how to convert it', (names, file, argument) => {
    expect(() => modelFolder(names)).toThrow(expect.objectContaining({ code: 'model-format', values: { file, lines: lines(argument) } }));
  });

  it('of torch.save are taken where there are no others: one file or all shards, and no optimizer', () => {
    const names = [
      'config.json',
      'tokenizer.json',
      'optimizer.bin',
      'pytorch_model-00002-of-00002.bin',
      'pytorch_model-00001-of-00002.bin',
    ];
    expect(modelFolder(names)).toMatchObject({
      weights: [],
      torch: ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'],
    });
    expect(modelFolder([...names, 'model.safetensors'])).toMatchObject({ weights: ['model.safetensors'], torch: [] });
  });

  it('an adapter without its base is taken as one, with its config, and one beside a model is left', () => {
    const names = ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'];
    expect(modelFolder(names)).toMatchObject({ adapter: true, texts: ['adapter_config.json'], weights: ['adapter_model.safetensors'] });
    expect(() => modelFolder(['adapter_model.safetensors'])).toThrow(
      expect.objectContaining({ code: 'file-missing', values: { file: 'adapter_model.safetensors', wanted: 'adapter_config.json' } }),
    );
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(modelFolder([...names, 'config.json', ...shards]).weights).toEqual(shards);
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
