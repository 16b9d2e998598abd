import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '.';
import { parameterCount } from '../parameters';

const written = JSON.parse(readFileSync('e2e/parity/fixtures/tiny-tied/config.json', 'utf8')) as Record<string, unknown>;
const parse = (changes: Record<string, unknown>) => parseConfig('config.json', JSON.stringify({ ...written, ...changes }));

describe('parseConfig', () => {
  it('reads what transformers wrote', () => {
    expect(parse({})).toEqual({
      architecture: 'llama',
      vocabulary: 160,
      hidden: 48,
      feedForward: 80,
      layers: 2,
      heads: 3,
      kvHeads: 1,
      headSize: 16,
      context: 32,
      positions: { kind: 'rotary', theta: 10000, dimensions: 16, scaling: null },
      windows: [null, null],
      norm: { kind: 'rms', epsilon: 1e-5 },
      normedHeads: false,
      activation: 'swiglu',
      biases: { queryKeyValue: false, output: false, feedForward: false },
      parallel: false,
      tied: true,
      endOfText: [0],
    });
    // sum(p.numel() for p in model.parameters()) of the fixture's model, bfloat16: the file has 2 bytes a parameter.
    expect(parameterCount(parse({}))).toBe(43248);
  });

  it('reads the older form: rope_theta by itself, no head_dim, no key-value heads', () => {
    const older = {
      rope_parameters: undefined,
      rope_theta: 500_000,
      rope_scaling: null,
      head_dim: undefined,
      num_key_value_heads: undefined,
    };
    expect(parse(older)).toMatchObject({ positions: { theta: 500_000 }, headSize: 16, kvHeads: 3 });
  });

  it.each([
    ['model_type', 'gptj'],
    ['architectures', ['LlamaForSequenceClassification']],
    ['hidden_act', 'gelu'],
    ['pretraining_tp', 2],
    ['sliding_window', 4096],
    ['quantization_config', { quant_method: 'gptq' }],
    ['rope_scaling', { type: 'linear', factor: 2 }],
    ['rope_parameters.partial_rotary_factor', undefined],
    ['num_key_value_heads', 2],
    ['head_dim', 15],
    ['vocab_size', 0],
    ['num_hidden_layers', 'two'],
    ['hidden_size', undefined],
    ['rms_norm_eps', -1],
  ])('refuses %s = %j by name', (field, value) => {
    const changes = field.includes('.') ? { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } } : { [field]: value };
    expect(() => parse(changes)).toThrow(
      expect.objectContaining({ code: 'config-unsupported', values: expect.objectContaining({ file: 'config.json', field }) as unknown }),
    );
  });

  it.each(['', '{', '[]', 'null', '3'])('refuses a file that is no object: %s', (text) => {
    expect(() => parseConfig('config.json', text)).toThrow(expect.objectContaining({ code: 'config-unsupported' }));
  });
});
