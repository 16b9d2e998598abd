/** Bad input and faults: each gets a message that says what and where, the last good checkpoint stays, the studio goes on. */
import { expect, test } from '@playwright/test';
import { latestRun } from './studio/automation';
import { CorpusPage } from './studio/corpus';
import { smallModel, type UploadedFile } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { tinyRecipe } from './studio/recipes';
import { Studio, visit } from './studio/studio';
import { fill, like } from './studio/words';

const studio = visit();
const models = new ModelsPage(studio);
const corpus = new CorpusPage(studio);

/** Runs a line of code in every worker before its own. */
function patchWorkers({ page }: Studio, code: string): Promise<unknown> {
  return page.route(/\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code}\n${await response.text()}` });
  });
}

const changed = (files: UploadedFile[], name: string, buffer: Buffer) =>
  files.map((file) => (file.name === name ? { ...file, buffer } : file));

const brokenModels: [
  what: string,
  files: () => UploadedFile[],
  code: 'safetensors-invalid' | 'family-unsupported' | 'tokenizer-mismatch' | 'tokenizer-invalid' | 'tensor-not-finite' | 'file-missing',
  values: Record<string, string>,
][] = [
  [
    'a truncated safetensors',
    () => smallModel({ weights: (whole) => whole.subarray(0, whole.length - 1000) }),
    'safetensors-invalid',
    { file: 'model.safetensors' },
  ],
  [
    'a corrupt safetensors',
    () => smallModel({ weights: (whole) => Buffer.concat([Buffer.alloc(8, 255), whole.subarray(8)]) }),
    'safetensors-invalid',
    { file: 'model.safetensors' },
  ],
  [
    'a config of an unknown architecture',
    () => smallModel({ config: { model_type: 'mamba' } }),
    'family-unsupported',
    { file: 'config.json', value: 'mamba', nearest: 'llama' },
  ],
  [
    'a tokenizer that does not fit the model',
    () => smallModel({ vocabulary: 1000 }),
    'tokenizer-mismatch',
    { tokenizerSize: '4,096', modelSize: '1,000' },
  ],
  [
    'a tokenizer that is none',
    () => changed(smallModel(), 'tokenizer.json', Buffer.from('{"model": 1}')),
    'tokenizer-invalid',
    { file: 'tokenizer.json' },
  ],
  [
    'a weight that is not a number',
    () => smallModel({ values: (name, values) => void (name === 'model.norm.weight' && (values[3] = NaN)) }),
    'tensor-not-finite',
    { file: 'model.safetensors', tensor: 'model.norm.weight' },
  ],
  [
    'a folder without weights',
    () => smallModel().filter(({ name }) => name !== 'model.safetensors'),
    'file-missing',
    { wanted: '*.safetensors' },
  ],
];

test.describe('a model', () => {
  test.beforeAll(() => studio.open({ page: 'models' }));
  for (const [what, files, code, values] of brokenModels)
    test(`${what} is refused in words`, async () => {
      await expect(models.models).toHaveCount(1);
      await models.offer(files(), 'broken');
      await studio.expectAlert(like(studio.words.errors[code].what, values));
      await expect(models.models).toHaveCount(1);
    });

  test('the same folder, sound, is taken', async () => {
    await models.import(smallModel(), 'small and sound');
    await expect(models.models).toHaveCount(2);
  });
});

test.describe('a text', () => {
  const text = (name: string, content: string): UploadedFile => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
  test.beforeAll(() => studio.open({ page: 'corpus' }));

  test('an empty one is refused', async () => {
    await corpus.offer([text('nothing.txt', '')], 'nothing');
    await studio.expectAlert(like(studio.words.errors['text-empty'].what, { file: 'nothing.txt' }));
    await corpus.offer([text('blank.txt', ' \n\n \n')], 'blank');
    await studio.expectAlert(like(studio.words.errors['text-empty'].what));
  });

  test('a file of another kind is refused', async () => {
    await corpus.offer([text('picture.png', 'PNG')], 'picture');
    await studio.expectAlert(like(studio.words.errors['file-unsupported'].what, { file: 'picture.png' }));
  });

  test('one too short for a row is told before a run, which refuses it by name; one click makes it fit', async () => {
    const { desk, page, words } = studio;
    await corpus.import([text('short.txt', Array.from({ length: 12 }, (_, at) => `Word ${at}.`).join('\n\n'))], 'Too short');
    await studio.open({ recipe: tinyRecipe({ name: 'short channel', sequenceLength: 128, steps: 2 }) });
    await studio.button(words.desk.addChannel).click();
    await page.getByRole('menuitem', { name: /Too short/ }).click();
    const notice = page.getByRole('status').filter({ hasText: like(words.before.short) });
    await expect(notice).toBeVisible();
    await desk.run();
    await studio.expectAlert(like(words.errors['channel-empty'].what));
    await expect(desk.button('run')).toBeEnabled();
    await notice.getByRole('button').click();
    await expect(notice).toHaveCount(0);
    await desk.train();
  });
});

test.describe('a run whose numbers overflow', () => {
  test('in the base itself: it fails in words, and another base trains', async () => {
    const { desk, words } = studio;
    await studio.open({ page: 'models' });
    // Finite weights whose products are not.
    const overflowing = smallModel({
      values: (name, values) => {
        if (name === 'model.norm.weight') values.fill(1e38);
        else if (name === 'lm_head.weight') values.forEach((value, at) => (values[at] = value * 1e4));
      },
    });
    await models.import(overflowing, 'overflowing');
    await models.use('overflowing');
    const base = await desk.base.inputValue();
    await studio.open({ recipe: tinyRecipe({ name: 'overflow', base, steps: 2 }) });
    await desk.run();
    expect(await desk.waitForEnd()).toBe('failed');
    await studio.expectAlert(like(words.errors['loss-not-finite'].what, { step: 0 }));
    await studio.open({ recipe: tinyRecipe({ name: 'after the overflow', steps: 2 }) });
    await desk.train();
  });

  test('while it trains: the checkpoint before it stays and can be compared', async () => {
    const { desk, page, words } = studio;
    await studio.open({ page: 'models' });
    // A huge norm before tiny gates: finite at first, but one step of the learning rate 1 makes gate × up overflow.
    const explosive = smallModel({
      values: (name, values) => {
        const scale = /gate_proj|up_proj/.test(name) ? 1e-20 : name.includes('down_proj') ? 1e-9 : 1;
        if (name.includes('post_attention_layernorm')) values.fill(1e20);
        else values.forEach((value, at) => (values[at] = value * scale));
      },
    });
    await models.import(explosive, 'explosive');
    await models.use('explosive');
    const base = await desk.base.inputValue();
    const recipe = tinyRecipe({
      name: 'explosion',
      base,
      steps: 30,
      lr: 1,
      evaluation: { everySteps: 1000, rowsPerChannel: 2 },
      saving: { everySteps: 1, keep: 3 },
    });
    await studio.open({ recipe: { ...recipe, optimizer: { ...recipe.optimizer, maxGradNorm: 0 } } });
    await desk.run();
    expect(await desk.waitForEnd()).toBe('failed');
    await studio.expectAlert(like(words.errors['loss-not-finite'].what));
    const { record, checkpoints } = await latestRun(page);
    const broken = Number(record.error!.values['step']);
    expect(broken).toBeGreaterThan(1);
    expect(checkpoints.at(-1)!.step).toBe(broken - 1);
  });
});

test('a run that trains in one tab is closed to another', async () => {
  const { desk, page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ name: 'two tabs', steps: 4000, rows: 2 }) });
  await desk.run();
  await desk.waitForState('running');
  await desk.reloadAt(8);
  const banner = (of: Studio) => of.page.getByRole('status').filter({ hasText: like(words.desk.interrupted, { name: 'two tabs' }) });
  await expect(banner(studio)).toBeVisible();
  const other = await studio.anotherTab();
  await other.open();
  await expect(banner(other)).toBeVisible();

  await banner(studio).getByRole('button', { name: words.desk.resume }).click();
  await desk.waitForState('running');
  await banner(other).getByRole('button', { name: words.desk.resume }).click();
  await other.expectAlert(like(words.errors['run-locked'].what));
  // Nor does its address offer the transport of a run that another tab trains.
  const { record } = await latestRun(page);
  await other.page.goto(`./#/desk?run=${record.id}`);
  await other.page.reload();
  await other.expectAlert(like(words.errors['run-locked'].what));
  await expect(other.desk.button('stop')).toBeDisabled();
  await other.page.close();

  const step = await desk.step();
  await desk.waitForStep(step + 1);
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a full disk pauses the run with its last checkpoint, and it goes on when there is room', async ({ baseURL }) => {
  const { desk, page, words } = studio;
  const devtools = await studio.context.newCDPSession(page);
  const origin = new URL(baseURL!).origin;
  await studio.open({ recipe: tinyRecipe({ name: 'full disk', steps: 4000, rows: 2, saving: { everySteps: 4000, keep: 3 } }) });
  await desk.run();
  await desk.waitForState('running');
  await desk.button('save').click();
  await expect.poll(async () => (await latestRun(page)).checkpoints.length).toBe(1);
  const [kept] = (await latestRun(page)).checkpoints;

  const { usage } = await devtools.send('Storage.getUsageAndQuota', { origin });
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 200_000 });
  await desk.waitForStep((await desk.step()) + 1);
  await desk.button('save').click();
  await expect(studio.alerts.filter({ hasText: like(words.errors['quota-untold'].what) })).toBeVisible();
  const full = await latestRun(page);
  expect(full.checkpoints).toEqual([kept]);

  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  if ((await desk.state()) === 'paused') await desk.button('resume').click();
  await desk.waitForStep((await desk.step()) + 1);
  await desk.button('save').click();
  await expect.poll(async () => (await latestRun(page)).checkpoints.length).toBe(2);
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
});

test('room for checkpoints: told before the run; when the disk is full, old ones can be removed, or weights saved alone', async ({
  browser,
  baseURL,
}) => {
  const { desk, page, words } = studio;
  const devtools = await studio.context.newCDPSession(page);
  const origin = new URL(baseURL!).origin;
  const setFree = async (bytes: number) => {
    const { usage } = await devtools.send('Storage.getUsageAndQuota', { origin });
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + bytes });
  };
  // 1,311,872 parameters · 12 bytes: 15.7 MB each, of which the browser says that it has room for two.
  const recipe = tinyRecipe({ name: 'short of room', steps: 4000, rows: 2, saving: { everySteps: 2, keep: 3 } });
  const own = await Studio.begin(browser, baseURL);
  await patchWorkers(own, 'StorageManager.prototype.estimate = async () => ({ usage: 1e6, quota: 41e6 });');
  await own.open({ recipe });
  await expect(own.page.getByText(like(words.desk.disk.before, { count: '4' }))).toBeVisible();
  await own.page.getByRole('button', { name: fill(words.desk.disk.keep_one, { count: '1' }) }).click();
  await expect(own.page.getByText(like(words.desk.disk.before))).toBeHidden();
  await own.end();

  await studio.open({ recipe });
  await desk.run();
  await expect.poll(async () => (await latestRun(page)).checkpoints.length).toBe(3);
  await setFree(200_000);
  await desk.waitForState('paused');
  const alert = studio.alerts.filter({ hasText: like(words.errors['quota-untold'].what) });
  await expect(alert).toContainText(words.desk.disk.paused);
  await setFree(8e6);
  await alert.getByRole('button', { name: words.desk.disk.weights }).click();
  await expect(alert).toBeHidden();
  const saved = (await latestRun(page)).checkpoints.at(-1)!;
  expect(saved.reason).toBe('person');
  expect(saved.bytes).toBeLessThan(6e6);

  await setFree(200_000);
  await desk.button('resume').click();
  await desk.waitForState('paused');
  await alert.getByRole('button', { name: like(words.desk.disk.free) }).click();
  await desk.waitForState('running');
  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
});

test('a worker that dies leaves a run that can be resumed', async () => {
  const { desk, page, words } = studio;
  await studio.open({ recipe: tinyRecipe({ name: 'crash', steps: 4000, rows: 2, saving: { everySteps: 2, keep: 3 } }) });
  await desk.run();
  await desk.waitForState('running');
  await desk.waitForStep(6);
  const trainer = page.workers().find((worker) => worker.url().includes('trainer'))!;
  await trainer.evaluate(() => {
    setTimeout(() => {
      throw new Error('struck by the test');
    });
  });
  studio.watch.expect(/struck by the test/);
  await studio.expectAlert(like(words.errors['worker-crashed'].what, { worker: 'trainer' }));
  await desk.waitForState('interrupted');
  await page.getByRole('button', { name: like(words.desk.transport.resumeRun) }).click();
  await desk.waitForState('running');
  await desk.waitForStep((await desk.step()) + 2);
  await desk.button('stop').click();
  expect(await desk.waitForEnd()).toBe('stopped');
});

test.describe('the browser keeps nothing', () => {
  test('in a private window, or where site data is blocked: the first screen says so', async ({ browser, baseURL }) => {
    const own = await Studio.begin(browser, baseURL);
    own.watch.expect(/GetDirectory/);
    const block = `StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('Security error when calling GetDirectory', 'SecurityError'));\n`;
    await own.page.addInitScript(block);
    await patchWorkers(own, block);
    for (const page of ['desk', 'models', 'runs'] as const) {
      await own.page.goto(`./#/${page}`);
      const alert = own.alerts.filter({ hasText: like(own.words.errors['storage-blocked'].what) }).first();
      await expect(alert).toContainText(own.words.errors['storage-blocked'].do);
      await expect(own.page.getByRole('heading', { level: 1 })).toBeAttached();
    }
    await own.end();
  });

  test('it removes what was kept, between visits and under a run: said in a sentence, and the studio goes on', async ({ baseURL }) => {
    const { desk, page, words } = studio;
    const devtools = await studio.context.newCDPSession(page);
    const clear = (storageTypes: string) => devtools.send('Storage.clearDataForOrigin', { origin: new URL(baseURL!).origin, storageTypes });
    await studio.open({ page: 'models' });
    await models.import(smallModel(), 'soon gone');
    await clear('indexeddb,file_systems');
    await page.reload();
    await expect(studio.alerts.filter({ hasText: words.common.storage.lost })).toBeVisible();
    await expect(models.models).toHaveCount(1);
    await page.getByRole('button', { name: words.common.dismiss }).click();
    await expect(studio.alerts).toHaveCount(0);

    await studio.open({ recipe: tinyRecipe({ name: 'under its feet', steps: 4000, rows: 2 }) });
    await desk.run();
    await desk.waitForState('running');
    await desk.waitForStep(4);
    await clear('all');
    expect(await desk.waitForEnd()).toBe('failed');
    await expect(studio.alerts.filter({ hasText: words.errors['storage-lost'].what })).toBeVisible();
    await page.reload();
    await studio.open({ recipe: tinyRecipe({ name: 'after the loss', steps: 2 }) });
    await desk.train();
    await studio.open({ page: 'runs' });
    await expect(page.getByTestId('run')).toHaveCount(1);
  });
});
