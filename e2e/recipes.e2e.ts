/** Recipes in and out: files, links, bad ones, and the one that is only for reading. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { parseRecipeText } from '../src/core/recipe/parse';
import { violations } from './studio/axe';
import { preset, tinyRecipe } from './studio/recipes';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit(() => studio.open());

const offer = (content: unknown) =>
  studio.page.getByTestId('recipe-file').setInputFiles({
    name: 'recipe.json',
    mimeType: 'application/json',
    buffer: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  });

test('an edited recipe is exported and imported as JSON', async () => {
  const { desk, page, words } = studio;
  await desk.fader('domain').focus();
  await desk.fader('domain').press('PageUp');
  const shares = await desk.shares();
  expect(shares['domain']).toBe(21.7);
  // Undo and redo by their keys: from the page, and not from a field that is typed in.
  await page.keyboard.press('Control+z');
  expect(await desk.share('domain')).toBe(16.7);
  await page.keyboard.press('Control+Shift+z');
  expect(await desk.share('domain')).toBe(21.7);
  await page.getByLabel(words.desk.transport.seed).focus();
  await page.keyboard.press('Control+z');
  expect(await desk.share('domain')).toBe(21.7);
  // The draft is there after a reload.
  await expect.poll(() => page.evaluate(() => localStorage.getItem('crossfade.draft') ?? '')).toContain('0.217');
  await page.reload();
  await expect(desk.strips).toHaveCount(4);
  expect(await desk.shares()).toEqual(shares);
  const download = await studio.desk.exportRecipe();
  const exported = parseRecipeText(readFileSync(await download.path(), 'utf8'));
  expect(exported.channels.find(({ id }) => id === 'domain')!.share).toBeCloseTo(0.217, 9);
  expect({ ...exported, channels: [] }).toEqual({ ...preset('golden-ratio').recipe, channels: [] });

  await desk.presets.selectOption('domain-only');
  await offer({ ...exported, name: 'from a file', seed: 99 });
  await expect(desk.presets.locator('option:checked')).toHaveText('from a file');
  await expect(page.getByLabel(words.desk.transport.seed)).toHaveValue('99');
  expect(await desk.shares()).toEqual(shares);
});

const bad = preset('golden-ratio').recipe;
const refused: [what: string, content: unknown, field: string][] = [
  ['shares that sum to zero', { ...bad, channels: bad.channels.map((channel) => ({ ...channel, share: 0 })) }, 'channels'],
  ['an unknown field', { ...bad, learningRate: 1 }, 'learningRate'],
  ['a value of the wrong kind', { ...bad, budget: { steps: 'many' } }, 'budget.steps'],
  ['a value out of range', { ...bad, schedule: { ...bad.schedule, peakLr: -1 } }, 'schedule.peakLr'],
  ['text that is no JSON', '{"version": 1,', 'recipe'],
];
for (const [what, content, field] of refused)
  test(`${what}: the message names the field, and the desk keeps its recipe`, async () => {
    const { desk, words } = studio;
    const before = await desk.shares();
    await offer(content);
    await studio.expectAlert(like(words.errors['recipe-invalid'].what, { field }));
    expect(await desk.shares()).toEqual(before);
    await expect(desk.button('run')).toBeEnabled();
  });

test('a link brings the same recipe to another tab', async () => {
  const { desk, page, words } = studio;
  const shares = await desk.shares();
  await studio.button(words.desk.transport.share).click();
  await expect(page).toHaveURL(/#\/desk\?recipe=[\w-]+$/);
  const other = await studio.anotherTab();
  await other.page.goto(page.url());
  await expect(other.desk.strips).toHaveCount(4);
  await expect(other.desk.presets.locator('option:checked')).toHaveText('from a file');
  await expect(other.page.getByLabel(words.desk.transport.seed)).toHaveValue('99');
  expect(await other.desk.shares()).toEqual(shares);

  await other.page.goto('./#/desk?recipe=not-a-recipe');
  await other.expectAlert(like(words.errors['recipe-link'].what, {}));
  await expect(other.desk.button('run')).toBeEnabled();
  await other.page.close();
});

test('every preset is on the list, and brings its paragraph on what to watch for', async () => {
  const { desk, page, words } = studio;
  await studio.page.goto('./#/models');
  await studio.open();
  for (const id of [
    'golden-ratio',
    'domain-only',
    'lr-too-hot',
    'lr-zero',
    'rewarm-replay',
    'general-then-domain',
    'annealed',
    'lora',
    'soft-prompt',
    'ewc',
    'progressive-unfreezing',
    'distilled',
    'federated',
    'reference-7b',
  ]) {
    await desk.presets.selectOption(id);
    await expect(desk.presets.locator('option:checked')).toHaveText(preset(id).title.en);
    await expect(page.getByText(words.desk.watch)).toBeVisible();
  }
});

test('the 7B reference is shown and exported, and Run says why it cannot', async () => {
  const { desk, page, words } = studio;
  await desk.presets.selectOption('reference-7b');
  await expect(page.getByText(words.desk.transport.notRunnable).first()).toBeVisible();
  await expect(desk.button('run')).toBeDisabled();
  await expect(desk.button('step')).toBeDisabled();
  expect(await desk.learningRate()).toBe(1e-5);
  const download = await studio.desk.exportRecipe();
  expect(parseRecipeText(readFileSync(await download.path(), 'utf8'))).toEqual(preset('reference-7b').recipe);
  await desk.presets.selectOption('golden-ratio');
  await expect(desk.button('run')).toBeEnabled();
});

test('a federated run with masks shows what the server sees of each client, and that the sums are the same', async () => {
  const { desk, page, words } = studio;
  const secure = {
    gradientAccumulationSteps: 2,
    federated: { participation: 1, server: { rate: 1, momentum: 0 }, secure: { dropout: 0 } },
  };
  await studio.open({ recipe: { ...tinyRecipe({ name: 'masked', steps: 2 }), ...secure } });
  await desk.train();
  const masked = page.getByTestId('masked');
  // Two clients and their sum.
  await expect(masked.getByRole('img')).toHaveCount(6);
  await expect(masked).toContainText(words.recipe.federated.sum);
  const [error, likeness] = /(\d\.\d+e-\d+).*?(\d+\.\d+)\D*$/
    .exec((await masked.locator('p').last().textContent())!)!
    .slice(1)
    .map(Number);
  expect(error).toBeLessThan(1e-6);
  expect(likeness).toBeLessThan(0.02);
  expect(await violations(page, { within: '[data-testid=masked]' })).toEqual([]);
});

test('the recipe drawer marks what is out of bounds, and takes what is not', async () => {
  const { page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ name: 'edited by hand' }) });
  await studio.button(words.desk.transport.edit).click();
  const drawer = page.getByRole('dialog');
  const steps = drawer.getByLabel(words.recipe.recipe.steps, { exact: true });
  await steps.fill('0');
  await expect(drawer).toContainText(fill(words.common.number.atLeast, { min: 1 }));
  await steps.fill('34');
  await drawer.getByLabel(words.recipe.recipe.packing, { exact: true }).selectOption('separate');
  await expect(drawer).toContainText(words.recipe.recipe.packingHelp.separate);
  // Noise in the rounds of a federated run costs so much privacy; the anchors below are for other runs.
  await drawer.getByLabel(words.recipe.federated.switch).check();
  await drawer.getByLabel(words.recipe.federated.privacy).check();
  await expect(drawer.getByTestId('privacy')).toContainText('ε = ');
  await drawer.getByLabel(words.recipe.federated.switch).uncheck();
  await expect(drawer.getByTestId('privacy')).toHaveCount(0);
  for (const anchor of ['weight', 'l2sp', 'ewc', 'decay', 'distillation'] as const)
    await drawer.getByLabel(words.recipe[anchor].switch).check();
  await drawer.getByLabel(words.recipe.ewc.lambda).fill('250');
  // The average of the run's own weights teaches from the first step on, and is kept for it.
  const average = drawer.getByRole('switch', { name: like(words.recipe.average.switch) });
  await drawer.getByLabel(words.common.recipeField.teacher, { exact: true }).selectOption('ema');
  await expect(average).toBeChecked();
  await drawer.getByLabel(words.common.recipeField.averageStart, { exact: true }).fill('3');
  await expect(drawer).toContainText('average.start');
  await average.click();
  await expect(drawer.getByLabel(words.common.recipeField.teacher, { exact: true })).toHaveValue('nano');
  await average.click();
  // An adapter's weights have no base to decay towards: the switch stands there until it is taken back.
  const method = drawer.getByLabel(words.recipe.method.kind, { exact: true });
  await method.selectOption('lora');
  await expect(drawer).toContainText('regularisation');
  await drawer.getByLabel(words.recipe.decay.switch).click();
  await expect(drawer).not.toContainText('regularisation');
  for (const anchor of ['l2sp', 'ewc', 'distillation'] as const) await drawer.getByLabel(words.recipe[anchor].switch).uncheck();
  await method.selectOption('prompt');
  const tokens = drawer.getByLabel(words.recipe.method.tokens, { exact: true });
  await tokens.fill('1000');
  await expect(drawer).toContainText('method.tokens');
  await tokens.fill('8');
  await expect(drawer).not.toContainText('method.tokens');
  await drawer.getByLabel(words.recipe.method.init, { exact: true }).selectOption('text');
  await expect(drawer.getByLabel(words.recipe.method.text, { exact: true })).toHaveValue(words.recipe.method.firstText);
  // 8 embeddings of width 128.
  await expect(drawer.getByRole('status')).toContainText('1,024');
  await method.selectOption('lora');
  const targets = drawer.getByLabel(words.recipe.method.targets, { exact: true });
  await targets.fill('q, c_attn');
  await expect(drawer).toContainText('method.targets');
  await targets.fill('q, v');
  await expect(drawer).not.toContainText('method.targets');
  // q is 128 → 128 and v 128 → 64, in four layers, at rank 8.
  await expect(drawer.getByRole('status')).toContainText('14,336');
  // A part of the weights instead: what fits no model of four layers is named; then one layer of the four, and a tenth of its rows.
  await method.selectOption('partial');
  const part = words.recipe.method;
  await drawer.getByLabel(part.preset, { exact: true }).selectOption('unfreezing');
  await drawer.getByLabel(part.unfreezing.order, { exact: true }).selectOption('named');
  const stage = drawer.getByLabel(fill(part.unfreezing.modules, { number: 1 }));
  await stage.fill('c_attn');
  await expect(drawer.getByRole('alert')).toContainText('c_attn');
  await stage.fill('layers.2.*');
  await expect(drawer.getByRole('alert')).toBeHidden();
  await drawer.getByLabel(part.unfreezing.order, { exact: true }).selectOption('none');
  // A switch's name goes on with its help.
  for (const name of ['finalNorm', 'embeddings'] as const)
    await drawer.getByRole('switch', { name: new RegExp(`^${part.parts[name]}`) }).uncheck();
  await drawer.getByLabel(part.isolation.unit, { exact: true }).selectOption('rows');
  await drawer.getByLabel(part.isolation.by, { exact: true }).selectOption('change');
  await expect(drawer.getByLabel(words.common.recipeField.isolationAgainst, { exact: true })).toHaveValue('');
  await drawer.getByLabel(part.isolation.steps, { exact: true }).fill('20');
  // q 128², k and v 64 · 128, o 128², gate, up and down 384 · 128: norms are no rows.
  await expect(drawer.getByRole('status')).toContainText('19,661');
  await drawer.getByLabel(words.recipe.recipe.layerDecay, { exact: true }).fill('0.8');
  await drawer.getByLabel(words.recipe.recipe.attentionRows, { exact: true }).fill('2');
  await method.selectOption('lora');
  await targets.fill('q, v');
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  const weight = page.getByLabel(fill(words.recipe.weight.of, { channel: 'domain' }));
  await weight.focus();
  await weight.press('End');
  await expect(weight).toHaveAttribute('aria-valuenow', '100');
  await page.setViewportSize({ width: 390, height: 900 });
  await weight.scrollIntoViewIfNeeded();
  const download = await studio.desk.exportRecipe();
  expect(parseRecipeText(readFileSync(await download.path(), 'utf8'))).toMatchObject({
    ...{ budget: { steps: 34 }, packing: 'separate' },
    average: { decay: 0.999, start: 0, every: 1 },
    method: { kind: 'lora', r: 8, alpha: 32, targets: ['q', 'v'] },
    ...{ optimizer: { layerDecay: 0.8 }, evaluation: { attentionRows: 2 } },
  });
});

test('a recipe too large for memory is named before it runs, and one press makes it fit', async () => {
  const { desk, page, words } = studio;
  await offer({ ...bad, sequenceLength: 256, batchSize: 512, gradientAccumulationSteps: 1 });
  const warning = page.getByRole('status').filter({ hasText: like(words.common.memory.total) });
  await expect(warning).toBeVisible();
  await studio.button(words.common.memory.apply).click();
  await expect(warning).toBeHidden();
  await expect(desk.button('run')).toBeEnabled();
  const download = await studio.desk.exportRecipe();
  const { batchSize, gradientAccumulationSteps, sequenceLength, activationCheckpointing } = parseRecipeText(
    readFileSync(await download.path(), 'utf8'),
  );
  expect(batchSize).toBeLessThan(512);
  expect(batchSize * gradientAccumulationSteps).toBe(512);
  expect({ sequenceLength, activationCheckpointing }).toEqual({ sequenceLength: 256, activationCheckpointing: false });

  await studio.goTo('models');
  const [rows, tokens] = [page.getByLabel(words.models.memory.rows), page.getByLabel(words.models.memory.context)];
  await expect(page.locator('[data-fits="true"]')).toBeVisible();
  await rows.fill('512');
  await tokens.fill('256');
  await tokens.press('Enter');
  await expect(page.locator('[data-fits="false"]')).toContainText(words.common.memory.remedy.rows.split('}}').at(-1)!.trim());
});
