/** A very small job on WebGPU, by the software adapter where there is no GPU: it ends, and where wasm ends; in f16; and after a lost device. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { like } from './studio/words';

// One document a backend: compiling the shaders takes longer than all steps together.
const studio = visit();
const SMALL = { rows: 2, sequenceLength: 16, evaluation: { everySteps: 3, rowsPerChannel: 1 } };
const recipe = tinyRecipe({ ...SMALL, steps: 3, logging: { everySteps: 1 } });
const halves = tinyRecipe({ ...SMALL, name: 'halves', steps: 2 });

test('precision f16 is chosen in the drawer, and refused on wasm in words', async () => {
  const { desk, page, words } = studio;
  await studio.open({ recipe: halves, backend: 'wasm' });
  await studio.button(words.desk.transport.edit).click();
  const drawer = page.getByRole('dialog');
  const precision = drawer.getByLabel(words.recipe.precision, { exact: true });
  await expect(precision.getByRole('option')).toHaveText(['f32', 'f16']);
  await precision.selectOption('f16');
  await expect(drawer).toContainText(words.recipe.precisionHelp.f16);
  await page.keyboard.press('Escape');
  await desk.run();
  await studio.expectAlert(like(words.errors['precision-unsupported'].what, { precision: 'f16', backend: 'wasm', accepted: 'f32' }));
});

test('a run on WebGPU ends with the losses that wasm gives', async () => {
  const { desk, page, words } = studio;
  const badge = page.getByTestId('device');
  await studio.open({ recipe, backend: 'wasm' });
  await expect(badge).toContainText('wasm');
  await desk.train();
  const onWasm = await latestRun(page);

  await studio.open({ recipe, backend: 'webgpu' });
  await expect(badge).toHaveAttribute('data-state', 'open');
  // "Software GPU · SwiftShader …" names the adapter, and the project for hardware has its own.
  if (test.info().project.name === 'cpu') await expect(badge).toContainText(words.common.device.softwareGpu.split(' ·')[0]!);
  await expect(badge).toContainText(words.common.device.short.forced);
  await desk.train();
  const onGpu = await latestRun(page);
  expect(onGpu.record.device).toContain('webgpu');

  expect(onGpu.rows.map(({ step }) => step)).toEqual([1, 2, 3]);
  onGpu.rows.forEach(({ total }, at) => {
    const expected = onWasm.rows[at]!.total!;
    expect(Math.abs(total! - expected) / expected, `loss at step ${at + 1}`).toBeLessThan(1e-3);
  });
  for (const [at, { channels }] of onGpu.evaluations.entries())
    for (const [id, { loss }] of Object.entries(channels)) {
      const expected = onWasm.evaluations[at]!.channels[id]!.loss;
      expect(Math.abs(loss - expected) / expected, `held-out loss of ${id}`).toBeLessThan(1e-3);
    }
});

test('a run in f16 shows its loss scale on WebGPU', async () => {
  const { desk, page } = studio;
  await studio.open({ recipe: { ...halves, precision: 'f16' }, backend: 'webgpu' });
  await desk.train();
  await expect(page.getByTestId('loss-scaling')).toContainText('65,536');
  const { record, rows } = await latestRun(page);
  expect(record.name).toBe('halves');
  expect(rows.every(({ lossScale, skippedSteps }) => lossScale === 2 ** 16 && skippedSteps === 0)).toBe(true);
});

test('a lost device is told in words, and the run goes on from its checkpoint by itself', async ({ browser }, info) => {
  test.skip(info.project.name !== 'cpu', 'a crashed driver would take the other tests with it');
  const { desk, words } = studio;
  const endless = tinyRecipe({ ...SMALL, name: 'device', steps: 4000, saving: { everySteps: 1, keep: 2 } });
  await studio.open({ recipe: endless, backend: 'webgpu' });
  await desk.run();
  await desk.waitForState('running');
  await desk.waitForStep(2);
  const devtools = await browser.newBrowserCDPSession();
  await devtools.send('Browser.crashGpuProcess');
  await studio.expectAlert(like(words.errors['device-lost'].what, { backend: 'webgpu' }));
  await desk.waitForState('running');
  await desk.waitForStep((await desk.step()) + 1);
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
});
