import { describe, expect, it } from 'vitest';
import { namesOf } from '../model/names';
import { weightMap, weightPart, type ParameterChange, attentionShifts } from './model-change';

const change = (name: string, layer: number | null, moved: number, size: number, parameters = 1): ParameterChange => ({
  name,
  layer,
  parameters,
  change: moved,
  size,
});

describe('weightPart', () => {
  it.each(['llama', 'qwen3', 'gpt2', 'gpt_neox'] as const)('knows every module of %s', (family) => {
    const { embedding, positions, finalNorm, head, layer } = namesOf(family);
    const part = (module: string) => weightPart(`${module}.weight`);
    const block = layer(3);
    expect(part(embedding)).toBe('embedding');
    if (family === 'gpt2') expect(part(positions)).toBe('embedding');
    expect(part(head)).toBe('head');
    expect([finalNorm, block.attentionNorm, block.feedForwardNorm].map(part)).toEqual(['norms', 'norms', 'norms']);
    if (family === 'qwen3') expect([block.queryNorm, block.keyNorm].map(part)).toEqual(['norms', 'norms']);
    expect([block.query, block.key, block.value, block.output].map(part)).toEqual(Array(4).fill('attention'));
    expect([block.up, block.down].map(part)).toEqual(['feed-forward', 'feed-forward']);
    expect(weightPart(`${block.query}.bias`)).toBe('attention');
    expect(weightPart(`${finalNorm}.bias`)).toBe('norms');
  });
});

describe('weightMap', () => {
  const changes = [
    change('model.embed_tokens.weight', null, 6, 100, 50),
    change('model.layers.0.self_attn.q_proj.weight', 0, 3, 30),
    change('model.layers.0.self_attn.v_proj.weight', 0, 4, 40),
    change('model.layers.0.input_layernorm.weight', 0, 0, 0),
    change('model.layers.1.mlp.up_proj.weight', 1, 2, 10),
    change('model.norm.weight', null, 0, 5),
  ];
  const map = weightMap(changes);

  it('takes each group as one vector', () => {
    expect(map.places.map(({ place, parts }) => [place, parts.map(({ part }) => part)])).toEqual([
      ['input', ['embedding']],
      [0, ['attention', 'norms']],
      [1, ['feed-forward']],
      ['output', ['norms']],
    ]);
    const [, first] = map.places;
    // √(3² + 4²) of √(30² + 40²).
    expect(first!.parts[0]).toMatchObject({ change: 5, relative: 0.1, parameters: 2 });
    expect(first!.parts[0]!.tensors.map(({ relative }) => relative)).toEqual([0.1, 0.1]);
    expect(first!.parts[1]!.relative, 'of a base that is all zeros').toBeNull();
    // 36 + 9 + 16 + 4 = 65.
    expect(map.whole.change).toBeCloseTo(Math.sqrt(65), 12);
    expect(map.places.map(({ share }) => share * 65).map(Math.round)).toEqual([36, 25, 4, 0]);
    expect(map.whole.parameters).toBe(55);
  });

  it('names what changed most by its own size, and what holds most of the change', () => {
    expect(map.most).toMatchObject({ place: 1, part: 'feed-forward', movement: { relative: 0.2 } });
    expect(map.farthest?.place).toBe('input');
  });

  it('names nothing where nothing changed', () => {
    const still = weightMap([change('model.norm.weight', null, 0, 5)]);
    expect([still.most, still.farthest, still.whole.relative, still.whole.share]).toEqual([null, null, 0, 0]);
  });
});

it('is half the absolute difference per query, by hand, head by head', () => {
  // Two heads, three tokens. The first query sees itself alone and does not count.
  const base = Float32Array.from([1, 0, 0, 0.5, 0.5, 0, 0.25, 0.25, 0.5, /* */ 1, 0, 0, 1, 0, 0, 1, 0, 0]);
  const tuned = Float32Array.from([1, 0, 0, 0.75, 0.25, 0, 0.5, 0.25, 0.25, /* */ 1, 0, 0, 0, 1, 0, 0, 0, 1]);
  // First head: (0.25 + 0.25) / 2; second: all of it went elsewhere.
  expect(attentionShifts(base, tuned, 2, 3)).toEqual([0.25, 1]);
  expect(attentionShifts(base, base, 2, 3)).toEqual([0, 0]);
});

it('finds nothing to move in a text of one token', () => {
  expect(attentionShifts(Float32Array.of(1), Float32Array.of(1), 1, 1)).toEqual([0]);
});
