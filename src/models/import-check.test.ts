import { describe, expect, it } from 'vitest';
import { checkModelFiles, proposedModelName } from './import-check';

const files = (...paths: string[]) =>
  paths.map((path) => ({ name: path.slice(path.lastIndexOf('/') + 1), webkitRelativePath: path.includes('/') ? path : '' }));

describe('checkModelFiles', () => {
  it('accepts the layout, sharded or not, in a folder or not, and a zip of it', () => {
    for (const given of [
      files('config.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'tokenizer.json'),
      files('m/config.json', 'm/model.safetensors', 'm/tokenizer.json', 'm/onnx/config.json'),
      files('Model.ZIP'),
    ])
      expect(() => checkModelFiles(given)).not.toThrow();
  });

  it('names what lacks', () => {
    for (const [given, wanted] of [
      [files('model.safetensors', 'tokenizer.json'), 'config.json'],
      [files('config.json', 'model.safetensors'), 'tokenizer.json'],
      [files('config.json', 'tokenizer.json', 'pytorch_model.bin'), '*.safetensors'],
      [files('model.zip', 'config.json'), 'tokenizer.json'],
    ] as const)
      expect(() => checkModelFiles(given)).toThrow(
        expect.objectContaining({ code: 'file-missing', values: expect.objectContaining({ wanted }) }),
      );
  });
});

describe('proposedModelName', () => {
  it('takes the picked folder, or the zip', () => {
    expect(proposedModelName(files('tiny-llama/config.json', 'tiny-llama/model.safetensors'))).toBe('tiny-llama');
    expect(proposedModelName(files('my-run-step-12.zip'))).toBe('my-run-step-12');
    expect(proposedModelName(files('config.json', 'model.safetensors'))).toBe('');
    expect(proposedModelName([])).toBe('');
  });
});
