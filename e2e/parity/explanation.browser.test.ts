/** Attributions and the logit lens of the bundled base against PyTorch (make_explanation_fixtures.py), to 1e-4 nats on wasm and 1e-3 on WebGPU. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, openBackend, type DecoderModel } from '../../workers/engine';
import { attributions } from '../../workers/evaluate/explain';
import { readOuts } from '../../workers/evaluate/layers';
import fixtures from './fixtures/explanation.json';

const tolerances = { wasm: 1e-4, webgpu: 1e-3 } as const;
const folder = '/models/nano';
const turns = { between: () => Promise.resolve(), exclusively: <T>(work: () => Promise<T>) => work() };

describe.each(['wasm', 'webgpu'] as const)('explanations on %s', (backend) => {
  const tolerance = tolerances[backend];
  let model: DecoderModel;

  beforeAll(async () => {
    await openBackend({ backend, threads: 1, requireHardware: false });
    const bytes = new Uint8Array(await (await fetch(`${folder}/model.safetensors`)).arrayBuffer());
    const text = await (await fetch(`${folder}/config.json`)).text();
    model = await loadModel({ config: { name: 'config.json', text }, weights: [{ name: 'model.safetensors', bytes }] });
  });
  afterAll(() => model.dispose());

  const close = (found: readonly number[], expected: readonly number[]) => {
    expect(found).toHaveLength(expected.length);
    expect(Math.max(...found.map((value, at) => Math.abs(value - expected[at]!)))).toBeLessThan(tolerance);
  };

  it('attributes as PyTorch does, completely where it must be', async () => {
    const { ids, nodes } = fixtures;
    const found = await attributions(model, ids.slice(0, -1), ids.at(-1)!, ids[0]!, turns, [nodes]);
    close([found.value, found.baseline], [fixtures.value, fixtures.baseline]);
    const { integrated, gradient, occlusion, local } = found.methods;
    close(integrated.values, fixtures.integrated);
    close(gradient.values, fixtures.gradient);
    close(occlusion.values, fixtures.occlusion);
    close(local.values, fixtures.shapley);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    for (const { values, residue } of [integrated, local]) {
      expect(sum(values) + residue).toBeCloseTo(found.value - found.baseline, 6);
      expect(Math.abs(residue)).toBeLessThan(0.01 * Math.abs(found.value - found.baseline));
    }
    expect(integrated.steps).toBe(nodes);
  });

  it('reads every layer out as PyTorch does', async () => {
    const layers = await readOuts(model, fixtures.ids, model.config.vocabulary);
    expect(layers).toHaveLength(fixtures.layers.length);
    layers.forEach((cells, layer) => {
      const expected = fixtures.layers[layer]!;
      close(
        cells.map(({ probability }) => probability),
        expected.probabilities,
      );
      close(
        cells.flatMap(({ loss }) => loss ?? []),
        expected.losses,
      );
      expect(cells.map(({ id }) => id)).toEqual(expected.ids);
    });
  });
});
