import { describe, expect, it } from 'vitest';
import { parseConfig } from '../model/config';
import { exampleRecipe } from '../run/example-run';
import { keepsBase, taughtChannels, teacherFault, teacherKind, teachersKept, teachingAt, USUAL_DISTILLATION } from './distillation';
import { withAverage } from './edits';
import { parseRecipe } from './parse';

describe('teachingAt', () => {
  it('gives the teacher its weight over the warmup', () => {
    const weights = [0, 1, 2, 3, 9].map((step) => teachingAt({ ...USUAL_DISTILLATION, alpha: 0.2, warmup: 4 }, step, 10));
    expect(weights.map(({ logits }) => Number(logits.toFixed(6)))).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    expect(weights.map(({ crossEntropy }) => Number(crossEntropy.toFixed(6)))).toEqual([1, 0.8, 0.6, 0.4, 0.2]);
  });

  it('compares the last states, then all, then attention, each for its share of the steps', () => {
    const states = { last: 0.1, all: 0.2, attention: 0.7, hiddenWeight: 3, attentionWeight: 5 };
    const stage = (step: number) => {
      const { hidden, allLayers, attention } = teachingAt({ ...USUAL_DISTILLATION, states }, step, 10);
      return [hidden, allLayers, attention];
    };
    expect([0, 1, 2, 3, 9].map(stage)).toEqual([
      [3, false, 0],
      [3, true, 0],
      [3, true, 0],
      [0, false, 5],
      [0, false, 5],
    ]);
    const alone = { ...states, last: 1, all: 0, attention: 0 };
    expect(teachingAt({ ...USUAL_DISTILLATION, states: alone }, 10, 10)).toMatchObject({ hidden: 3, allLayers: false, attention: 0 });
  });
});

describe('the teacher', () => {
  const distillation = USUAL_DISTILLATION;
  const recipe = { ...exampleRecipe, regularisation: { distillation } };
  const lora = { kind: 'lora' as const, r: 2, alpha: 4, dropout: 0, targets: ['q'], rankStabilised: false, modulesToSave: [] };

  it('is the model without its adapter where that is the base, a copy where weights of the base move, or another', () => {
    expect([teacherKind(recipe), keepsBase(recipe)]).toEqual(['base', true]);
    expect([teacherKind({ ...recipe, method: lora }), keepsBase({ ...recipe, method: lora })]).toEqual(['itself', false]);
    const whole = { ...lora, modulesToSave: ['head' as const] };
    expect(teacherKind({ ...recipe, method: whole })).toBe('base');
    const other = { ...recipe, regularisation: { distillation: { ...distillation, teacher: 'm-2' } } };
    expect([teacherKind(other), keepsBase(other)]).toEqual(['other', false]);
    const average = { decay: 0.99, start: 0, every: 1 };
    const momentum = { ...recipe, average, regularisation: { distillation: { ...distillation, teacher: 'ema' } } };
    expect([teacherKind(momentum), keepsBase(momentum), teachersKept(momentum)]).toEqual(['average', false, 0]);
    expect(withAverage(momentum, null)).toEqual(recipe);
    expect(taughtChannels(recipe)).toEqual(exampleRecipe.channels.map(({ role }) => role === 'general'));
  });

  it('is refused for what is compared and does not fit', () => {
    const config = (layers: number, heads: number, hidden: number) =>
      parseConfig(
        'config.json',
        JSON.stringify({
          model_type: 'llama',
          vocab_size: 9,
          hidden_size: hidden,
          intermediate_size: 8,
          num_hidden_layers: layers,
          num_attention_heads: heads,
          num_key_value_heads: 1,
          max_position_embeddings: 16,
          rms_norm_eps: 1e-5,
          eos_token_id: 0,
        }),
      );
    const states = { last: 0, all: 0, attention: 1, hiddenWeight: 1, attentionWeight: 1 };
    const [model, wide, many] = [config(1, 2, 8), config(1, 2, 16), config(1, 4, 8)];
    expect(teacherFault(distillation, model, wide)).toBeNull();
    // Hidden states of another width are mapped; the layers that they are of must be as many.
    expect(teacherFault({ ...distillation, states: { ...states, all: 1, attention: 0 } }, model, wide)).toBeNull();
    expect(teacherFault({ ...distillation, states: { ...states, all: 1, attention: 0 } }, model, config(2, 2, 16))).toEqual({
      field: 'layers',
      value: 2,
      accepted: 1,
    });
    expect(teacherFault({ ...distillation, states }, model, many)).toEqual({ field: 'heads', value: 4, accepted: 2 });
  });

  it('has its settings checked by field and value', () => {
    const faultOf = (change: object) => {
      try {
        parseRecipe({ ...exampleRecipe, ...change });
      } catch (error) {
        return (error as { values: { field: string; value: string } }).values;
      }
    };
    expect(faultOf({ regularisation: { distillation: { states: { last: 0.5 } } } })).toMatchObject({
      field: 'regularisation.distillation.states',
      value: 'Σ = 0.5',
    });
    expect(faultOf({ precision: 'f16', regularisation: { distillation } })).toMatchObject({ field: 'precision', value: 'f16' });
    const channels = exampleRecipe.channels.map((channel) => ({ ...channel, role: 'domain' as const }));
    expect(faultOf({ channels, regularisation: { distillation } })).toMatchObject({
      field: 'regularisation.distillation.rows',
      value: 'general',
    });
    expect(faultOf({ method: lora, regularisation: { distillation } })).toBeUndefined();
    const ema = { regularisation: { distillation: { ...distillation, teacher: 'ema' } } };
    const { steps } = exampleRecipe.budget;
    expect(faultOf(ema)).toMatchObject({ field: 'regularisation.distillation.teacher', value: 'ema' });
    expect(faultOf({ ...ema, average: { start: 5 } })).toMatchObject({ field: 'average.start', value: '5', accepted: '0 (teacher ema)' });
    expect(faultOf({ ...ema, average: { decay: 0 } })).toMatchObject({ field: 'average.decay', value: '0' });
    expect(faultOf({ average: { start: steps } })).toMatchObject({ field: 'average.start', value: String(steps) });
    expect(faultOf({ ...ema, average: { decay: 0.99 }, method: lora })).toBeUndefined();
  });
});
