/** What a run leaves behind: the list, its export in Hugging Face layout, and the export as a base from elsewhere. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { strFromU8, unzipSync } from 'fflate';
import { parseRecipe } from '../src/core/recipe/parse';
import { latestRun, storedRuns } from './studio/automation';
import { violations } from './studio/axe';
import { CorpusPage } from './studio/corpus';
import { ModelsPage } from './studio/models';
import { EN_AND_DOMAIN, tinyRecipe } from './studio/recipes';
import { RunsPage } from './studio/runs';
import { readSafetensors } from './studio/safetensors';
import { visit } from './studio/studio';
import { fill, like } from './studio/words';

const recipe = tinyRecipe({ name: 'kept', lr: 3e-3 });

const studio = visit();
const runs = new RunsPage(studio);
const models = new ModelsPage(studio);
let zip: Record<string, Uint8Array>;

test('a finished run is listed with its state, its recipe and its losses', async () => {
  await studio.open({ page: 'runs' });
  await expect(studio.page.getByText(studio.words.runs.empty.title)).toBeVisible();
  await studio.open({ recipe, backend: 'wasm' });
  await studio.desk.train();
  const { record } = await latestRun(studio.page);
  await studio.goTo('runs');
  const item = runs.run('kept');
  await expect(item).toContainText(studio.words.common.state.finished);
  await expect(item).toContainText(fill(studio.words.runs.step, { step: 12, steps: 12 }));
  await expect(item).toContainText(record.latest!.channels['domain']!.loss.toFixed(3));
  await expect(item).toContainText(record.latest!.retention!.toFixed(3));
  await expect(item.getByRole('img', { name: like(studio.words.runs.recipe.shares) })).toHaveAccessibleName(/en 50\.0 %, domain 50\.0 %/);
});

test('a run takes another name, and keeps it', async () => {
  await runs.rename('kept', 'my first run');
  await studio.page.reload();
  await expect(runs.run('my first run')).toBeVisible();
});

test('the export is a Hugging Face folder with the recipe and the whole history', async () => {
  const { page, words } = studio;
  await runs.choose('my first run', 'export');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel(words.runs.export.checkpoint)).toHaveValue('12');
  await dialog.getByRole('button', { name: words.common.export.run }).click();
  const link = dialog.getByRole('link', { name: like(words.common.export.download) });
  await expect(link).toBeVisible({ timeout: 30_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('my-first-run-step-12.zip');
  zip = unzipSync(readFileSync(await download.path()));
  await dialog.getByRole('button', { name: words.common.close }).click();

  const text = (name: string) => strFromU8(zip[name]!);
  const config = JSON.parse(text('config.json')) as Record<string, unknown>;
  expect(config).toMatchObject({ model_type: 'llama', hidden_size: 128, vocab_size: 4096, num_hidden_layers: 4 });
  expect(config['dtype'] ?? config['torch_dtype']).toBe('float32');
  expect((JSON.parse(text('tokenizer.json')) as { model: { type: string } }).model.type).toBe('BPE');
  expect(parseRecipe(JSON.parse(text('recipe.json')))).toEqual(recipe);

  const tensors = readSafetensors(zip['model.safetensors']!);
  const base = readSafetensors(readFileSync(new URL('../public/models/nano/model.safetensors', import.meta.url)));
  expect([...tensors.keys()].sort()).toEqual([...base.keys()].sort());
  for (const [name, { dtype, shape, bytes }] of tensors) {
    expect(dtype, name).toBe('F32');
    expect(shape, name).toEqual(base.get(name)!.shape);
    expect(bytes.byteLength, name).toBe(4 * shape.reduce((product, side) => product * side, 1));
  }

  const { rows, evaluations } = await latestRun(page);
  const lines = text('metrics.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; step: number; total?: number });
  const windows = lines.filter(({ kind }) => kind === 'window');
  expect(windows.map(({ step, total }) => [step, total])).toEqual(rows.map(({ step, total }) => [step, total]));
  expect(lines.filter(({ kind }) => kind === 'evaluation').map(({ step }) => step)).toEqual(evaluations.map(({ step }) => step));
  // A line of the table for every step at which something was logged or measured.
  const [head, ...csv] = text('metrics.csv').trimEnd().split('\n');
  expect(head).toContain('step');
  const steps = new Set([...rows, ...evaluations].map(({ step }) => step));
  expect(csv.map((line) => Number(line.split(',')[0]))).toEqual([...steps].sort((a, b) => a - b));
});

test('the exported folder comes back as a base, and is exactly the tuned model', async () => {
  const { page } = studio;
  const tuned = await latestRun(page);
  await studio.goTo('models');
  const folder = Object.entries(zip).map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }));
  await models.import(folder, 'from elsewhere');
  await expect(models.model('from elsewhere')).toContainText('1,311,872');

  const before = await latestRun(page);
  await models.use('from elsewhere');
  await expect(studio.desk.base.locator('option:checked')).toHaveText('from elsewhere');
  // The same recipe on the new base; its base losses must be the end of the run that it came from.
  const base = await studio.desk.base.inputValue();
  await studio.open({ recipe: { ...recipe, name: 'second', base, budget: { steps: 3 } } });
  await studio.desk.train();
  const second = await latestRun(page);
  expect(second.record.id).not.toBe(before.record.id);
  expect(second.record.recipe.base).toBe(base);
  expect(second.evaluations[0]!.channels).toEqual(tuned.evaluations.at(-1)!.channels);
});

test('texts of one’s own become channels', async () => {
  const { page } = studio;
  const corpus = new CorpusPage(studio);
  const paragraphs = Array.from(
    { length: 60 },
    (_, at) => `Note ${at}: the pump in hall ${at % 7} was checked, and its pressure is ${at * 3} bar.`,
  );
  const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  await studio.goTo('corpus');
  await corpus.import([file('notes.txt', paragraphs.join('\n\n'))], 'Pump notes', 'domain');
  const lines = Array.from({ length: 60 }, (_, at) =>
    JSON.stringify({ text: `Entry ${at}. The weather on day ${at} was ${at % 2 ? 'dry' : 'wet'}.` }),
  );
  await corpus.import([file('log.jsonl', lines.join('\n'))], 'Weather log', 'general');
  for (const name of ['Pump notes', 'Weather log']) {
    const documents = [...(await corpus.corpus(name).innerText()).matchAll(/(\d+) documents?/g)].map((match) => Number(match[1]));
    expect(documents).toHaveLength(2);
    expect(documents[0]! + documents[1]!).toBe(60);
    // About a tenth is held out.
    expect(documents[1]).toBeGreaterThan(0);
    expect(documents[1]).toBeLessThan(20);
  }

  await studio.open({ recipe: tinyRecipe({ name: 'own texts', steps: 4, channels: EN_AND_DOMAIN }) });
  for (const name of ['Pump notes', 'Weather log']) {
    await studio.button(studio.words.desk.addChannel).click();
    await page.getByRole('menuitem', { name: new RegExp(name) }).click();
  }
  await expect(studio.desk.strips).toHaveCount(4);
  expect(Object.values(await studio.desk.shares()).reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
  await studio.desk.train();
  const { record } = await latestRun(page);
  const own = record.recipe.channels.slice(2);
  expect(own.map(({ role }) => role).sort()).toEqual(['domain', 'general']);
  for (const { id } of own) expect(record.latest!.channels[id]!.loss).toBeGreaterThan(0);
});

test('a finished run is given more steps, the learning rate drawn before', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  const item = runs.run('my first run');
  await item.getByRole('button', { name: words.runs.action.extend }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel(words.runs.extend.steps)).toHaveValue('24');
  await dialog.getByLabel(words.runs.extend.steps).fill('12');
  await expect(dialog.getByLabel(words.runs.extend.steps)).toHaveAttribute('aria-invalid', 'true');
  await dialog.getByLabel(words.runs.extend.steps).fill('18');
  await expect(dialog.getByRole('img', { name: words.runs.extend.curve })).toBeVisible();
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.runs.action.extend }).click();
  await expect.poll(() => studio.desk.step()).toBe(18);
  await expect.poll(() => studio.desk.state()).toBe('finished');
  const { rows } = (await storedRuns(page)).find(({ record }) => record.name === 'my first run')!;
  expect(rows.map(({ step }) => step)).toEqual([1, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

test('a fork decays from a checkpoint and says where it comes from; another is edited on the desk', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  await runs.choose('my first run', 'fork');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.runs.extend.from).selectOption('12');
  await dialog.getByLabel(words.runs.fork.steps).fill('3');
  await dialog.getByLabel(words.runs.fork.name).fill('branch');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.runs.fork.start }).click();
  await expect.poll(() => studio.desk.step()).toBe(15);
  await expect.poll(() => studio.desk.state()).toBe('finished');
  const { rows } = (await storedRuns(page)).find(({ record }) => record.name === 'branch')!;
  expect(rows.map(({ step }) => step)).toEqual([1, 2, 4, 6, 8, 10, 12, 14, 15]);
  expect(rows.at(-1)!.lr).toBeLessThan(rows.at(-3)!.lr);

  await studio.goTo('runs');
  await expect(runs.run('branch')).toContainText(fill(words.runs.forkedFrom, { name: 'my first run', step: 12 }));
  await runs.choose('my first run', 'fork');
  await dialog.getByLabel(words.runs.fork.kind).selectOption('desk');
  await dialog.getByRole('button', { name: words.runs.fork.edit }).click();
  await expect(page.getByTestId('fork-notice')).toContainText('my first run');
  await studio.button(words.desk.notForking).click();
  await expect(page.getByTestId('fork-notice')).toBeHidden();
});

test('a log goes out for a tracker, and comes in again as a run that says where it is from', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  await runs.choose('branch', 'export');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.common.export.kind).selectOption('wandb');
  await dialog.getByRole('button', { name: words.common.export.run }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('link', { name: like(words.common.export.download, {}) }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('branch-wandb.zip');
  const files = unzipSync(readFileSync(await download.path()));
  expect(Object.keys(files).sort()).toEqual(['branch/config.json', 'branch/upload.py', 'branch/wandb-history.jsonl']);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  await studio.button(words.runs.import.open).click();
  const input = dialog.locator('input[type=file]').first();
  await input.setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('no log') });
  await expect(dialog.getByRole('alert')).toContainText('note.txt');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  const history = Buffer.from(files['branch/wandb-history.jsonl']!);
  await input.setInputFiles({ name: 'elsewhere.jsonl', mimeType: 'application/jsonl', buffer: history });
  await expect(dialog).toBeHidden();
  await expect(runs.run('elsewhere')).toContainText('elsewhere.jsonl');
  const stored = await storedRuns(page);
  const [own, read] = ['branch', 'elsewhere'].map((name) => stored.find(({ record }) => record.name === name)!);
  expect(read!.rows.map(({ step, loss, total, lr }) => ({ step, loss, total, lr }))).toEqual(
    own!.rows.map(({ step, loss, total, lr }) => ({ step, loss, total, lr })),
  );
  expect(read!.record.latest!.retention).toBe(own!.record.latest!.retention);
  expect(read!.record.recipe.channels.map(({ id }) => id)).toEqual(own!.record.recipe.channels.map(({ id }) => id));
});

test('runs lie over each other, against one of them and as means, and go out as a picture and as figures', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  for (const name of ['my first run', 'branch', 'elsewhere'])
    await runs.run(name).getByLabel(fill(words.runs.overlay.choose, { name })).check();
  const overlay = page.getByTestId('overlay');
  const lines = overlay.locator('path[data-line="held-out"]');
  const legend = overlay.getByRole('group', { name: words.runs.overlay.runs });
  await expect(legend.getByRole('button')).toHaveCount(3);
  // Two channels of each, and the total of those that this browser trained.
  await expect(lines).toHaveCount(8);
  await legend.getByRole('button', { name: 'branch' }).dblclick();
  await expect(lines).toHaveCount(3);
  await legend.getByRole('button', { name: 'branch' }).dblclick();
  await overlay.getByLabel(words.runs.overlay.baseline).selectOption({ label: fill(words.runs.overlay.against, { name: 'branch' }) });
  await expect(lines).toHaveCount(5);
  await expect(overlay.getByTestId('config-diff')).toContainText(words.common.recipeField.steps);

  const zoom = overlay.getByTestId('chart-zoom');
  await zoom.focus();
  for (const key of ['End', 'Enter', 'ArrowLeft', 'ArrowLeft', 'Enter']) await page.keyboard.press(key);
  const pins = overlay.getByTestId('chart-pins');
  await expect(pins.getByRole('columnheader')).toHaveCount(7);
  await page.keyboard.press('Escape');
  await expect(pins.getByRole('columnheader')).toHaveCount(4);
  expect(await violations(page, { within: '[data-testid=overlay]' })).toEqual([]);

  const save = async (form: 'svg' | 'csv') => {
    await overlay.getByRole('button', { name: fill(words.common.saveChart.label, { title: words.runs.overlay.title }) }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: words.common.saveChart[form] }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8');
  };
  expect(await save('csv')).toMatch(/^line,part,step,delta\n.+held-out,0,0\n/);
  const picture = await save('svg');
  expect(picture).toContain('elsewhere');
  expect(picture).not.toContain('var(--');
  await studio.button(words.runs.overlay.clear).click();
  await expect(overlay).toBeHidden();
});

test('a note, tags and a star are kept; the list is searched, archived, and shown as a table', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  await runs.choose('branch', 'note');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.runs.mark.note).fill('decays well');
  await dialog.getByLabel(words.runs.mark.tags).fill('law, to keep');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.runs.mark.save }).click();
  await runs
    .run('branch')
    .getByRole('button', { name: fill(words.runs.mark.star, { name: 'branch' }) })
    .click();
  await runs.choose('elsewhere', 'archive');
  await expect(runs.run('elsewhere')).toBeHidden();
  const record = async (name: string) => (await storedRuns(page)).find((run) => run.record.name === name)!.record;
  await expect.poll(() => record('branch')).toMatchObject({ note: 'decays well', tags: ['law', 'to keep'], starred: true });
  expect(await record('elsewhere')).toMatchObject({ archived: true });

  await page.reload();
  await expect(runs.run('branch')).toContainText('decays well');
  const search = page.getByRole('searchbox', { name: words.runs.find.label });
  await search.fill('#law');
  await expect(runs.runs).toHaveCount(1);
  await search.fill('loss_domain>0');
  const views = page.getByRole('radiogroup', { name: words.runs.find.view });
  await views.getByText(words.runs.find.table).click();
  const table = page.getByTestId('runs-table');
  await expect(table.getByRole('row').filter({ hasText: 'branch' })).toContainText('law, to keep');
  expect(await violations(page, { within: '[data-testid=runs-table]' })).toEqual([]);
  await table.getByRole('button', { name: 'branch', exact: true }).click();
  await expect(page.getByTestId('overlay')).toBeVisible();
  await search.fill('');
  await views.getByText(words.runs.find.list).click();
  await studio.button(words.runs.overlay.clear).click();
});

test('a chain of two domains ends with the matrix of what each stage did', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  await page.getByRole('button', { name: words.runs.chain.new }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.runs.chain.name, { exact: true }).fill('two domains');
  await dialog.getByLabel(words.runs.chain.recipe).selectOption({ label: 'my first run' });
  for (const stage of [1, 2]) await dialog.getByLabel(fill(words.runs.chain.stepsOf, { stage })).fill('2');
  await dialog.getByLabel(words.runs.chain.ewc).check();
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.runs.chain.start }).click();
  const chain = page.getByTestId('chain');
  await expect(chain).toContainText(fill(words.runs.chain.done, { stages: 2 }), { timeout: 120_000 });
  await expect(chain.getByRole('row')).toHaveCount(4);
  await expect(chain).toContainText(words.runs.chain.backward);
  await chain.getByRole('button', { name: fill(words.common.saveChart.label, { title: 'two domains' }) }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: words.common.saveChart.csv }).click(),
  ]);
  expect(readFileSync(await download.path(), 'utf8').split('\n')).toHaveLength(7);
  expect(await violations(page, { within: '[data-testid=chain]' })).toEqual([]);
});

test('a pipeline of two recipes says what each stage gained and lost, and its file opens again', async () => {
  const { page, words } = studio;
  await page.getByRole('button', { name: words.runs.chain.newPipeline }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.runs.chain.name, { exact: true }).fill('two recipes');
  const stage = (at: number) => ({
    name: dialog.getByLabel(fill(words.runs.pipeline.stage, { stage: at }), { exact: true }),
    recipe: dialog.getByLabel(fill(words.runs.pipeline.recipe, { stage: at })),
    steps: dialog.getByLabel(fill(words.runs.chain.stepsOf, { stage: at })),
  });
  const removeFirst = dialog.getByRole('button', { name: fill(words.runs.chain.remove, { stage: 1 }) });
  for (const [at, name] of [
    [1, 'first'],
    [2, 'second'],
  ] as const) {
    if (!(await stage(at).name.isVisible())) await dialog.getByRole('button', { name: words.runs.chain.add }).click();
    await stage(at).name.fill(name);
    await stage(at).recipe.selectOption({ label: 'my first run' });
    await stage(at).steps.fill('2');
  }
  // A preset that ships may have more stages.
  while (await stage(3).name.isVisible()) await dialog.getByRole('button', { name: fill(words.runs.chain.remove, { stage: 3 }) }).click();
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: words.runs.pipeline.save }).click(),
  ]);
  const file = await saved.path();
  await removeFirst.click();
  await dialog.getByTestId('pipeline-file').setInputFiles(file);
  await expect(stage(2).name).toHaveValue('second');
  await dialog.getByRole('button', { name: words.runs.pipeline.start }).click();
  const pipeline = page.getByTestId('chain').filter({ hasText: 'two recipes' });
  await expect(pipeline).toContainText(fill(words.runs.chain.done, { stages: 2 }), { timeout: 120_000 });
  await expect(pipeline.locator('svg[role=img] path')).not.toHaveCount(0);
  for (const name of ['first', 'second']) await expect(pipeline.locator('dt').filter({ hasText: name })).toBeVisible();
  expect(await violations(page, { within: '[data-testid=chain]' })).toEqual([]);
});

test('deleting asks first, then takes the run and its checkpoints away', async () => {
  const { page, words } = studio;
  await studio.goTo('runs');
  const before = await storedRuns(page);
  await runs.choose('my first run', 'delete');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(fill(words.runs.delete.title, { name: 'my first run' }));
  await dialog.getByRole('button', { name: words.common.cancel }).click();
  await expect(dialog).toBeHidden();
  await expect(runs.run('my first run')).toBeVisible();

  await runs.choose('my first run', 'delete');
  await dialog.getByRole('button', { name: words.runs.delete.confirm }).click();
  await expect(runs.run('my first run')).toBeHidden();
  const after = await storedRuns(page);
  expect(after.length).toBe(before.length - 1);
  expect(after.some(({ record }) => record.name === 'my first run')).toBe(false);
});
