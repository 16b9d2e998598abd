import { describe, expect, it } from 'vitest';
import fixture from '../../../e2e/parity/fixtures/lifelong.json';
import { exampleRecipe, recipeWith } from './example-run';
import { chainsOf, lifelongMatrix, matrixTable, stageRecipe } from './lifelong';
import type { ChainPlan, EvaluationRow, RunRecord } from './types';

const plan: ChainPlan = {
  recipe: exampleRecipe,
  stages: ['law', 'medicine', 'own'].map((id, at) => ({ domains: [{ id, corpus: id }], steps: 5 + at })),
  replay: 0.25,
  ewc: { lambda: 100, gamma: 0.9 },
  adapter: false,
};
const ids = ['zh', 'law', 'medicine', 'own'];
const row = (loss: readonly number[]): EvaluationRow => ({
  step: 5,
  channels: Object.fromEntries(ids.map((id, at) => [id, { loss: loss[at]!, tokens: 1, bytes: 1 }])),
  retention: null,
});
const run = (stage: number, state: RunRecord['state'] = 'finished', createdAt = stage): RunRecord => ({
  ...{ id: `r${createdAt}`, name: `chain ${stage + 1}`, createdAt, updatedAt: 0, state, stopReason: null, error: null },
  recipe: { ...exampleRecipe, channels: stageRecipe(plan, stage, 'nano').channels.filter(({ id }) => id !== 'en') },
  ...{ changes: [], step: 5, tokens: 0, trainTokens: {}, device: '' },
  base: row(stage === 0 ? fixture.matrix.base : fixture.matrix.loss[stage - 1]!),
  latest: row(fixture.matrix.loss[stage]!),
  chain: { id: 'c', name: 'chain', stage, plan },
});

describe('a chain of runs', () => {
  it('has every stage measure all channels, and reads its own domain beside the general text and the replay', () => {
    const shares = (stage: number) => stageRecipe(plan, stage, 'm').channels.map(({ id, share }) => [id, expect.closeTo(share, 12)]);
    expect(stageRecipe(plan, 0, 'm').channels.map(({ id, share }) => [id, share])).toEqual([
      ['zh', 0.5],
      ['en', 0.3],
      ['law', expect.closeTo(0.2, 12)],
      ['medicine', 0],
      ['own', 0],
    ]);
    expect(stageRecipe(plan, 2, 'm').channels.map(({ id, share }) => [id, share])).toEqual([
      ['zh', 0.5],
      ['en', 0.3],
      ...shares(2).slice(2),
    ]);
    expect(
      stageRecipe(plan, 2, 'm')
        .channels.slice(2)
        .map(({ share }) => share),
    ).toEqual([0.025, 0.025, 0.15].map((share) => expect.closeTo(share, 12)));
    expect([0, 1].map((stage) => stageRecipe(plan, stage, 'm').regularisation?.ewc?.online)).toEqual([undefined, { gamma: 0.9 }]);
    expect(stageRecipe(plan, 1, 'm')).toMatchObject({ base: 'm', budget: { steps: 6 } });
    const adapted = stageRecipe({ ...plan, ewc: null, adapter: true }, 1, 'm');
    expect([adapted.method?.kind, adapted.regularisation]).toEqual(['lora', undefined]);
    const soft = recipeWith({ method: { kind: 'prompt' } });
    expect(() => stageRecipe({ ...plan, recipe: soft, ewc: null }, 0, 'm')).toThrow(expect.objectContaining({ code: 'model-unmergeable' }));
  });

  it('gives the matrix and both transfers that numpy gives', () => {
    const [chain] = chainsOf([run(2), run(0), run(1)]);
    const matrix = lifelongMatrix(chain!)!;
    expect(matrix.base).toEqual(fixture.matrix.base);
    expect(matrix.stages.map(({ loss }) => loss)).toEqual(fixture.matrix.loss);
    expect(matrix.backward).toBeCloseTo(fixture.matrix.backward, 12);
    expect(matrix.forward).toBeCloseTo(fixture.matrix.forward, 12);
    const { columns, rows } = matrixTable(matrix, (id) => (id === 'own' ? 'my, own' : id));
    expect([columns, ...rows.slice(0, 2)]).toEqual([
      ['after', 'zh', 'law', 'medicine', 'my, own'],
      ['base', 3.5, 4, 3.2, 2.9],
      ['chain 1', 3.6, 2.9, 3.1, 2.95],
    ]);
  });

  it('goes on where it was left: what has not ended is not counted, a stage begun anew is counted as it was last', () => {
    const [broken] = chainsOf([run(0), run(1, 'interrupted')]);
    expect([broken!.done, broken!.runs.length, broken!.active]).toEqual([1, 2, false]);
    expect(lifelongMatrix(broken!)).toMatchObject({ backward: null, forward: null });
    const [again] = chainsOf([run(0), run(1, 'failed'), run(1, 'running', 9)]);
    expect([again!.done, again!.runs[1]!.id, again!.active]).toEqual([1, 'r9', true]);
    expect(chainsOf([{ ...run(0), chain: undefined as never }])).toEqual([]);
  });
});
