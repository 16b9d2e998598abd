import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRecipe } from '../recipe/parse';
import { exampleRecipe, exampleRun } from '../run/example-run';
import figures from './figures.json';
import { figuresOf, holds, measuredLosses, measuredRun, parseLesson, scoreOf, stepRecipe, type Condition, type RunFigures } from './lesson';

const folder = new URL('../../../public/lessons/', import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const { lessons: files } = JSON.parse(textOf('manifest.json')) as { lessons: string[] };
const lessons = files.map((file) => parseLesson(file, textOf(file)));
/** Of tools/lessons.mjs: lesson → seed → step → figures of a run that was really trained. */
const trained = figures as unknown as Record<string, Record<string, Record<string, RunFigures>>>;

describe('the shipped lessons', () => {
  it('are seven, each in its own file, with recipes that can run', () => {
    expect(lessons.map(({ id }) => `${id}.json`)).toEqual(files);
    expect(readdirSync(folder).sort()).toEqual([...files, 'manifest.json'].sort());
    expect(files).toHaveLength(7);
    for (const lesson of lessons)
      for (const step of lesson.steps) {
        const recipe = stepRecipe(lesson, step, step.answer);
        if (recipe) expect(parseRecipe(recipe).runnable).toBe(true);
        // Tokens of all of a lesson's steps: minutes on two cores.
        if (recipe) expect(recipe.budget.steps * recipe.batchSize * recipe.sequenceLength).toBeLessThan(130_000);
      }
  });

  it.each(lessons.map((lesson) => [lesson.id, lesson] as const))(
    '%s: what it expects held on every seed that was trained',
    (id, lesson) => {
      const seeds = Object.entries(trained[id] ?? {});
      expect(seeds.length).toBeGreaterThanOrEqual(1);
      for (const [seed, steps] of seeds)
        for (const step of lesson.steps) {
          const now = steps[step.id];
          expect(now === undefined, `seed ${seed}, step ${step.id}`).toBe(step.set === undefined);
          const failed = now ? step.opens.filter((condition) => !holds(condition, now, steps)) : [];
          expect(failed, `seed ${seed}, step ${step.id}: ${JSON.stringify(now)}`).toEqual([]);
          // A prediction's axis begins where the run did.
          const base =
            step.predict && now
              ? step.predict.of === 'general'
                ? now.generalLoss! - now.generalChange!
                : now.domainLoss! - now.domainChange!
              : null;
          if (base !== null) expect(step.predict!.base).toBeCloseTo(base, 1);
        }
    },
  );

  it('ask for more than a run that does nothing gives', () => {
    const idle = figuresOf(measuredRun(exampleRun({ zh: [3, 3], en: [3, 3], domain: [3, 3] }, { step: 1000 }), []));
    const opened = lessons.flatMap(({ id, steps }) =>
      steps.flatMap((step) => (step.set && step.opens.every((condition) => holds(condition, idle, {})) ? [`${id} ${step.id}`] : [])),
    );
    // At a learning rate of 0 nothing shall happen; without warmup everything may.
    expect(opened).toEqual(['learning-rate zero', 'warmup without']);
  });
});

describe('figures of a run', () => {
  const run = exampleRun({ zh: [3, 3.5, 3.2], en: [2, 2.1, 2.2], domain: [4, 3.5, 3.1] }, { step: 20, trainLoss: 3, epochs: 0.5 });

  it('are means over the channels of a role, against the base', () => {
    const curve = [0, 0.5, 1].map((factor) => ({ factor, gain: factor, retention: 1 - factor / 10 }));
    const found = figuresOf(measuredRun(run, curve));
    const exact = { steps: 20, generalLoss: 2.7, generalChange: 0.2, worstGeneralChange: 0.3, domainLoss: 3.1, domainChange: -0.9 };
    for (const [name, value] of Object.entries(exact)) expect(found[name as keyof RunFigures]).toBeCloseTo(value, 12);
    expect(found).toMatchObject({ domainTrainLoss: 3, epochs: 0.5, mergePositions: 3, halfMergeRetention: 0.95, halfMergeGain: 0.5 });
    expect(measuredLosses(run, 'general').map(({ step, loss }) => [step, Number(loss.toFixed(6))])).toEqual([
      [0, 2.5],
      [10, 2.8],
      [20, 2.7],
    ]);
  });

  it('fulfil conditions by so much, and an unknown figure fulfils none', () => {
    const now = { generalLoss: 3, retention: 0.9, domainLoss: null } as RunFigures;
    const former = { one: { generalLoss: 2.8, retention: 0.7 } as RunFigures };
    const check = (condition: Omit<Condition, 'by'> & { by?: number }) => holds({ by: 0, ...condition }, now, former);
    expect(check({ figure: 'retention', is: 'above', than: 0.85 })).toBe(true);
    expect(check({ figure: 'retention', is: 'above', than: 0.85, by: 0.06 })).toBe(false);
    expect(check({ figure: 'retention', is: 'below', than: 0.95, by: 0.04 })).toBe(true);
    expect(check({ figure: 'generalLoss', is: 'within', than: { step: 'one' }, by: 0.25 })).toBe(true);
    expect(check({ figure: 'generalLoss', is: 'within', than: { step: 'one' }, by: 0.15 })).toBe(false);
    expect(check({ figure: 'generalLoss', is: 'above', than: { step: 'one', figure: 'retention' }, by: 2 })).toBe(true);
    expect(check({ figure: 'generalLoss', is: 'above', than: { step: 'two' } })).toBe(false);
    expect(check({ figure: 'domainLoss', is: 'below', than: 9 })).toBe(false);
  });
});

describe('a prediction', () => {
  const measured = [0, 10, 20].map((step, at) => ({ step, loss: [3, 3.4, 3.2][at]! }));
  const score = (...points: [number, number][]) =>
    scoreOf({ of: 'general', points: points.map(([step, loss]) => ({ step, loss })) }, measured);

  it('is scored by its mean distance, against the largest change', () => {
    // |3.2 − 3.3| = 0.1 of a change of 0.4.
    expect(score([20, 3.3])).toEqual({ error: expect.closeTo(0.1, 12), points: 75 });
    // At step 5 the line is at 3.2, at 15 at 3.3: (0.2 + 0) / 2.
    expect(score([5, 3], [15, 3.3])).toEqual({ error: expect.closeTo(0.1, 12), points: 75 });
    expect(score([20, 3.2])!.points).toBe(100);
    expect(score([20, 9])!.points).toBe(0);
    // Not there yet.
    expect(score([30, 3])).toBeNull();
    // Where nothing happens, a tenth of a nat is the measure.
    expect(
      scoreOf(
        { of: 'general', points: [{ step: 1, loss: 3.02 }] },
        [0, 1].map((step) => ({ step, loss: 3 })),
      )!.points,
    ).toBe(80);
  });
});

// A document whose fields a test breaks.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Loose = any;

describe('a lesson that is wrong', () => {
  const words = { en: 'a', zh: '甲' };
  const good = {
    ...{ format: 'crossfade-lesson', version: 1, id: 'mine', title: words, summary: words, minutes: 3, recipe: exampleRecipe },
    steps: [
      { id: 'one', title: words, text: words, set: {} },
      {
        id: 'two',
        title: words,
        text: words,
        set: { domainShare: 0.5 },
        opens: [{ figure: 'retention', is: 'above', than: { step: 'one' } }],
      },
    ],
  };
  const refusal = (change: (lesson: Loose) => void): unknown => {
    const lesson = structuredClone(good) as Loose;
    change(lesson);
    try {
      parseLesson('mine.json', JSON.stringify(lesson));
      return null;
    } catch (error) {
      const { field, value, accepted } = (error as { values: Record<string, unknown> }).values;
      return [field, value, accepted];
    }
  };

  it('is refused by the field, the value and what is accepted', () => {
    expect(refusal(() => undefined)).toBeNull();
    expect(refusal((lesson) => delete lesson.title.zh)).toEqual(['title.zh', 'missing', 'string']);
    expect(refusal((lesson) => (lesson.steps[0].hide = ['knob']))?.toString()).toMatch(/^steps\.0\.hide\.0,"knob","preset" \| /);
    expect(refusal((lesson) => (lesson.steps[0].script = 'x'))).toEqual(['steps.0.script', '"x"', '—']);
    expect(refusal((lesson) => (lesson.steps[1].opens[0].than.step = 'two'))).toEqual(['steps.1.opens.0.than.step', 'two', 'one']);
    expect(refusal((lesson) => (lesson.steps[1].id = 'one'))).toEqual(['steps.1.id', 'one', 'id ≠ id']);
    expect(refusal((lesson) => (lesson.steps[1].set.domainShare = 2))).toEqual(['steps.1.set · domainShare', '2', '0 … 1']);
    expect(refusal((lesson) => (lesson.recipe.batchSize = 0))).toEqual(['recipe · batchSize', '0', '≥ 1']);
    expect(refusal((lesson) => delete lesson.steps[1].set)).toEqual([
      'steps.1.set',
      'missing',
      '{ field: value } (opens, predict, answer)',
    ]);
    expect(() => parseLesson('x', '{')).toThrow(expect.objectContaining({ code: 'lesson-invalid' }));
    expect(() => parseLesson('x', ' '.repeat(300_000))).toThrow(expect.objectContaining({ code: 'file-too-large' }));
  });
});
