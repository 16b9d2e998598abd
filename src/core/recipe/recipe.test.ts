import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../errors';
import { diffRecipes } from './diff';
import { parseRecipe, parseRecipeText } from './parse';
import type { Recipe } from './schema';
import { decodeRecipe, encodeRecipe } from './share-link';

const folder = new URL('../../../public/recipes/', import.meta.url);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as unknown;
const presets = (read('manifest.json') as { presets: { id: string; file: string }[] }).presets.map(({ id, file }) => ({
  id,
  ...(read(file) as { recipe: unknown; title: Record<string, string>; watch: Record<string, string> }),
}));
const golden = parseRecipe(presets[0]!.recipe);

function failure(change: (recipe: Record<string, unknown>) => void): StudioError {
  const copy = structuredClone(golden) as unknown as Record<string, unknown>;
  change(copy);
  try {
    parseRecipe(copy);
  } catch (error) {
    return error as StudioError;
  }
  throw new Error('expected the recipe to be refused');
}

describe('presets', () => {
  it.each(presets)('$id is a valid recipe with both languages', ({ id, recipe, title, watch }) => {
    expect(parseRecipe(recipe).name).toBe(id);
    for (const language of ['en', 'zh']) {
      expect(title[language]!.length).toBeGreaterThan(3);
      expect(watch[language]!.length).toBeGreaterThan(40);
    }
  });

  it('holds the golden ratio and the 7B constants', () => {
    expect(golden.channels.find((channel) => channel.role === 'domain')!.share).toBeCloseTo(1 / 6, 3);
    const reference = parseRecipe(presets.find((preset) => preset.id === 'reference-7b')!.recipe);
    expect(reference.runnable).toBe(false);
    expect(reference.schedule.peakLr).toBe(1e-5);
    expect(reference.batchSize * reference.gradientAccumulationSteps).toBe(256);
    expect(reference.sequenceLength).toBe(2048);
  });
});

describe('precision', () => {
  const bound = (precision: string, runnable = true) => failure((recipe) => Object.assign(recipe, { precision, runnable }));

  it('is f32 or f16 for a recipe that runs here, bf16 for a reference alone', () => {
    const recipe = presets.find((preset) => preset.id === 'golden-ratio')!.recipe as Record<string, unknown>;
    expect(parseRecipe({ ...recipe, precision: 'f16' }).precision).toBe('f16');
    expect(parseRecipe({ ...recipe, precision: 'bf16', runnable: false }).precision).toBe('bf16');
    expect(bound('bf16').values).toMatchObject({ field: 'precision', value: 'bf16', accepted: '"f32", "f16"' });
  });
});

describe('parseRecipe names what is wrong', () => {
  it('a rate that is halved down to 0', () => {
    const wsd = { ...golden.schedule, kind: 'wsd' as const, decayShape: 'exponential' as const };
    expect(failure((recipe) => (recipe['schedule'] = { ...wsd, minRatio: 0 })).values).toMatchObject({
      field: 'schedule.minRatio',
      value: '0',
    });
    expect(parseRecipe({ ...golden, schedule: { ...wsd, minRatio: 0.1 } }).schedule.decayShape).toBe('exponential');
  });

  it('EWC without a general channel, and a λ that is none', () => {
    const held = (regularisation: object, role = 'general') =>
      failure((recipe) => {
        recipe['channels'] = (recipe['channels'] as Recipe['channels']).map((channel) => ({
          ...channel,
          role: role === 'domain' ? role : channel.role,
        }));
        Object.assign(recipe, { regularisation });
      });
    expect(held({ ewc: { lambda: 1 } }, 'domain').values).toMatchObject({ field: 'regularisation.ewc', accepted: 'role "general"' });
    expect(held({ ewc: { lambda: -1 } }).values).toMatchObject({ field: 'regularisation.ewc.lambda', value: '-1' });
    expect(held({ l2sp: { lambda: 0 } }).values).toMatchObject({ field: 'regularisation.l2sp.lambda', value: '0' });
    expect(held({ decayTowards: 'zero' }).values).toMatchObject({ field: 'regularisation.decayTowards' });
  });

  it('weights of the objective on some channels alone, or not summing to 1', () => {
    const weigh = (weights: (number | undefined)[]) =>
      failure((recipe) => {
        const channels = recipe['channels'] as Recipe['channels'];
        recipe['channels'] = channels.map((channel, at) => (weights[at] === undefined ? channel : { ...channel, weight: weights[at] }));
      });
    const even = golden.channels.map(() => 0.2);
    expect(weigh(even.slice(1)).values).toMatchObject({ field: `channels.${golden.channels.at(-1)!.id}.weight` });
    expect(weigh(even).values).toMatchObject({ field: 'channels.weight', value: expect.stringContaining('Σ weight = 0.') as string });
    expect(weigh([-0.1]).values).toMatchObject({ field: 'channels.0.weight', value: '-0.1' });
  });

  it('shares that do not sum to 1', () => {
    const error = failure((recipe) => (recipe['channels'] as { share: number }[]).forEach((channel) => (channel.share = 0)));
    expect(error.code).toBe('recipe-invalid');
    expect(error.values).toEqual({ field: 'channels', value: 'Σ share = 0', accepted: 'Σ share = 1' });
  });

  it('an unknown schedule, a negative rate, a missing field, a field too many', () => {
    expect(failure((recipe) => ((recipe['schedule'] as Record<string, unknown>)['kind'] = 'exp')).values).toEqual({
      field: 'schedule.kind',
      value: '"exp"',
      accepted: '"constant" | "linear" | "cosine" | "wsd"',
    });
    expect(failure((recipe) => ((recipe['schedule'] as Record<string, unknown>)['peakLr'] = -1)).values).toMatchObject({
      field: 'schedule.peakLr',
      value: '-1',
      accepted: '≥ 0',
    });
    expect(failure((recipe) => delete recipe['seed']).values).toMatchObject({ field: 'seed', value: 'missing', accepted: 'number' });
    expect(failure((recipe) => (recipe['lerning'] = 3)).values).toMatchObject({ field: 'lerning', value: '3' });
  });

  it('a channel named like the total, or twice', () => {
    const rename = (id: string) => failure((recipe) => ((recipe['channels'] as { id: string }[])[0]!.id = id)).values;
    expect(rename('total')).toMatchObject({ field: 'channels.id', value: 'total' });
    expect(rename('domain')).toMatchObject({ field: 'channels.id', value: 'domain' });
  });

  it('text that is not JSON', () => {
    expect(() => parseRecipeText('{')).toThrow(/not JSON/);
  });

  it('never throws anything but a StudioError', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseRecipe(value);
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
    );
  });
});

describe('a recipe of version 1', () => {
  /** The golden ratio as version 1 wrote it. */
  const { batchSize, gradientAccumulationSteps, sequenceLength, ...rest } = golden;
  const first = { ...rest, version: 1, context: sequenceLength, batch: { rows: batchSize, accumulation: gradientAccumulationSteps } };

  it('is read as the same recipe of version 2', () => {
    expect(parseRecipe(first)).toEqual(golden);
    expect(parseRecipe({ ...first, batch: { rows: 4 } })).toMatchObject({ version: 2, batchSize: 4, gradientAccumulationSteps: 1 });
    expect(parseRecipeText(JSON.stringify(first))).toEqual(golden);
  });

  it('is read from a share link made by version 1', () => {
    // The golden ratio's link as version 1 of the studio made it.
    const link =
      'jVNNb9swDP0vPLuDE6_b6msH9DIMw3ocdqBtxhYiSwIt5aNG_vtI2c0yoAN6E8n3nh5JaYYD8WS8g3pTgMORoIbe247cHWM0HgpocNKsQ6dR61' +
      '2kUxT89otEAzpHdoL61wymE9jLkEEckiSXiL3NsuSI0UpiGpAlU36o7i_FyiN3y8vRu3it7-iWucb_526q6kru_Ijmn4uvmVXgGv_lf_p8-S1x' +
      'lPlQf4Z6hr1xqjaaE3VwkVo7UJeUf621fjJOjQXC_TdWobIsq0JI7mcetEoXcEQeU1BickamDK9bOKBN-f5S7ENHLZ5veTnxPGBQ01auQlYnDc' +
      'Z2UDX2R2lPNoZtm8ZklapLF4wP0YzmhcTUDA1F3Kjmg5DlvM3n-wIoTMZmCt2JzJFMP8SveuvqYMTTE2P33fO46Hbsg0_SQylSqetJjrPMTZSg' +
      'fihLgZB2tVqZJSI-Py_1TSksNf2D-HF5ZFBvP8r82Dek2Sf2OqhqqwPHg3H9mxp7IkUJyPq-fwMlT0lM-RBea8hWenLJ2gJ2nsV3zCXNCDYwtW' +
      'b5MrCrtvo0SNau_4eTc9jo3iMn0llHc8jtPQ7U7oM3bpHaoZ3o8gc';
    expect(decodeRecipe(link)).toEqual(golden);
    expect(decodeRecipe(encodeRecipe(first as never))).toEqual(golden);
  });

  it('is refused by the name of version 2 where a value is wrong or missing, and by its own where it is unknown', () => {
    const refused = (recipe: unknown): unknown => {
      try {
        parseRecipe(recipe);
      } catch (error) {
        return (error as StudioError).values;
      }
      return null;
    };
    expect(refused({ ...first, context: 4 })).toMatchObject({ field: 'sequenceLength', value: '4', accepted: '≥ 8' });
    expect(refused({ ...first, batch: {} })).toMatchObject({ field: 'batchSize', value: 'missing' });
    expect(refused({ ...first, batch: { rows: 8, size: 3 } })).toMatchObject({ field: 'size', value: '3' });
    expect(refused({ ...golden, version: 3 })).toMatchObject({ field: 'version', value: '3', accepted: '2' });
  });
});

describe('share link', () => {
  it('round-trips and is safe in an address', () => {
    const text = encodeRecipe(golden);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeRecipe(text)).toEqual(golden);
  });

  it('refuses broken text', () => {
    for (const text of ['', '***', 'AAAA', encodeRecipe(golden).slice(0, 40)]) expect(() => decodeRecipe(text)).toThrowError(StudioError);
  });
});

it('diffs recipes by field, channels by id', () => {
  const other: Recipe = structuredClone(golden);
  other.schedule.peakLr = 0.001;
  other.channels[3]!.share = 0.5;
  expect(diffRecipes(golden, other)).toEqual([
    { field: 'channels.domain.share', a: '16.7 %', b: '50.0 %' },
    { field: 'schedule.peakLr', a: '3.0e-4', b: '1.0e-3' },
  ]);
});

it('gives two values that would read alike more digits, and none that are equal but for rounding', () => {
  const other: Recipe = {
    ...golden,
    channels: golden.channels.map((channel) => (channel.id === 'domain' ? { ...channel, share: 0.16712 } : channel)),
    schedule: { ...golden.schedule, peakLr: 3.01e-4, minRatio: 0.1 + 1e-12 },
  };
  expect(diffRecipes(golden, other)).toEqual([
    { field: 'channels.domain.share', a: '16.70 %', b: '16.71 %' },
    { field: 'schedule.peakLr', a: '3.00e-4', b: '3.01e-4' },
  ]);
});
