import { describe, expect, it } from 'vitest';
import { modelFiles, proposedModelName } from './import-check';

const taken = (...paths: string[]) => paths.map((path) => ({ path, file: { name: path.slice(path.lastIndexOf('/') + 1), path } }));
const paths = (files: { path: string }[]) => files.map(({ path }) => path).sort();

describe('modelFiles', () => {
  it('takes what makes the model and leaves the rest of the folder', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(paths(modelFiles(taken('config.json', 'tokenizer.json', 'pytorch_model.bin', ...shards)))).toEqual(
      ['config.json', 'tokenizer.json', ...shards].sort(),
    );
    expect(
      paths(modelFiles(taken('m/onnx/config.json', 'm/config.json', 'm/model.safetensors', 'm/tokenizer.json', 'm/x/tokenizer.json'))),
    ).toEqual(['m/config.json', 'm/model.safetensors', 'm/tokenizer.json']);
  });

  it('leaves a zip alone to the worker', () => {
    expect(paths(modelFiles(taken('Model.ZIP')))).toEqual(['Model.ZIP']);
  });

  it('takes one GGUF file, and asks which of several', () => {
    expect(paths(modelFiles(taken('m/config.json', 'm/m-Q8_0.gguf')))).toEqual(['m/m-Q8_0.gguf']);
    expect(() => modelFiles(taken('m-F16.gguf', 'm-Q8_0.gguf'))).toThrow(
      expect.objectContaining({ code: 'files-several', values: { found: 'm-F16.gguf, m-Q8_0.gguf', most: 2 } }),
    );
  });

  it('names what lacks', () => {
    for (const [given, wanted] of [
      [taken('model.safetensors', 'tokenizer.json'), 'config.json'],
      [taken('config.json', 'model.safetensors'), 'tokenizer.json'],
      [taken('config.json', 'tokenizer.json', 'README.md'), '*.safetensors'],
      [taken('model.zip', 'config.json'), 'tokenizer.json'],
      [taken(), 'config.json'],
    ] as const)
      expect(() => modelFiles(given)).toThrow(
        expect.objectContaining({ code: 'file-missing', values: expect.objectContaining({ wanted }) }),
      );
  });
});

describe('proposedModelName', () => {
  it('takes the folder, the zip or the GGUF file', () => {
    expect(proposedModelName(taken('SmolLM2-135M.Q4_1.gguf'))).toBe('SmolLM2-135M.Q4_1');
    expect(proposedModelName(taken('tiny-llama/config.json', 'tiny-llama/model.safetensors'))).toBe('tiny-llama');
    expect(proposedModelName(taken('my-run-step-12.zip'))).toBe('my-run-step-12');
    expect(proposedModelName(taken('config.json', 'model.safetensors'))).toBe('');
    expect(proposedModelName([])).toBe('');
  });
});
