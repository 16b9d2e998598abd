import { describe, expect, it } from 'vitest';
import { checkModelFiles, proposedModelName } from './import-check';

const files = (...names: string[]) => names.map((name) => ({ name }));

describe('checkModelFiles', () => {
  it('accepts the layout, sharded or not', () => {
    expect(() =>
      checkModelFiles(files('config.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'tokenizer.json')),
    ).not.toThrow();
  });

  it('names what lacks', () => {
    for (const [given, wanted] of [
      [files('model.safetensors', 'tokenizer.json'), 'config.json'],
      [files('config.json', 'model.safetensors'), 'tokenizer.json'],
      [files('config.json', 'tokenizer.json', 'pytorch_model.bin'), '*.safetensors'],
    ] as const)
      expect(() => checkModelFiles(given)).toThrow(
        expect.objectContaining({ code: 'file-missing', values: expect.objectContaining({ wanted }) }),
      );
  });
});

describe('proposedModelName', () => {
  it('takes the picked folder', () => {
    expect(proposedModelName([{ webkitRelativePath: 'tiny-llama/config.json' }])).toBe('tiny-llama');
    expect(proposedModelName([{ webkitRelativePath: '' }])).toBe('');
  });
});
