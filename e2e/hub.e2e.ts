/** A model from the Hub or a mirror: asked for each time by the host's name, taken whole or not at all, with errors in words. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { violations } from './studio/axe';
import { HubServer } from './studio/hub-server';
import { HubPanel } from './studio/hub-panel';
import { smallModel } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { storedFiles } from './studio/storage';
import { Studio } from './studio/studio';
import { fill, like, wordsOf } from './studio/words';

test.describe.configure({ mode: 'serial' });

let server: HubServer;
let studio: Studio;
let panel: HubPanel;
let models: ModelsPage;

test.beforeAll(async ({ browser, baseURL }) => {
  server = await HubServer.start();
  const card = { name: 'README.md', mimeType: 'text/markdown', buffer: Buffer.from('# A small model\n') };
  const useless = { name: 'pytorch_model.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(100) };
  const files = [...smallModel(), card, useless];
  server.repositories.set('somebody/small', { files });
  server.repositories.set('somebody/secret', { files, token: 'token-of-somebody' });
  server.repositories.set('somebody/cut', { files, trouble: 'cut' });
  server.repositories.set('somebody/stalled', { files, trouble: 'stall' });
  server.repositories.set('somebody/login', { files, page: 'tokenizer.json' });
  server.repositories.set('somebody/wall', { files, page: 'model.safetensors' });
  server.repositories.set('somebody/text', { files: [card] });
  server.repositories.set('somebody/elsewhere', { files, next: 'http://localhost:9/api/models/somebody/elsewhere/tree/main' });
  const gguf = readFileSync(new URL('parity/fixtures/gguf/tiny-q4_1.gguf', import.meta.url));
  const quantised = ['tiny-F16.gguf', 'tiny-Q4_1.gguf'].map((name) => ({ name, mimeType: '', buffer: gguf }));
  server.repositories.set('somebody/quantised', { files: [...quantised, card] });
  server.repositories.set('somebody/broken', {
    files: smallModel({ values: (name, values) => void (name === 'lm_head.weight' && (values[7] = NaN)) }),
  });

  studio = await Studio.begin(browser, baseURL);
  panel = new HubPanel(studio);
  models = new ModelsPage(studio);
  // The only hosts that may be asked, and only where a test says so.
  for (const host of [server.host, server.storeHost]) studio.watch.expect(new RegExp(`^request to http://${host}/`));
  await studio.open({ page: 'models' });
});
test.afterEach(() => studio.watch.expectClean());
test.afterAll(async () => {
  await studio.end();
  await server.stop();
});

const foreign = () => studio.watch.requests.filter((address) => address.includes(server.host) || address.includes(server.storeHost));

test('nothing leaves before the person has said yes to the host, and nothing when they say no', async () => {
  await panel.want(server.address, 'somebody/small');
  await expect(panel.dialog).toContainText(fill(studio.words.models.hub.ask.title, { host: server.host }));
  await expect(panel.dialog).toContainText('somebody/small');
  await expect(panel.dialog).toContainText('main');
  await panel.decline();
  expect(foreign()).toEqual([]);
  expect(server.seen).toEqual([]);
});

test('the list is shown before anything is downloaded; then the model is there, byte for byte', async () => {
  const { page, words } = studio;
  const before = await storedFiles(page);
  await panel.want(server.address, 'somebody/small');
  await panel.connect(server.host);
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors', 'README.md']) await expect(panel.dialog).toContainText(file);
  await expect(panel.dialog).not.toContainText('pytorch_model.bin');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  expect(server.asked.every((path) => path === 'hub /api/models/somebody/small/tree/main')).toBe(true);
  expect(server.asked).toHaveLength(3);
  await panel.download();
  await expect(page.getByText(like(words.models.import.done, { name: 'small' }))).toBeVisible({ timeout: 30_000 });
  await expect(models.model('small')).toBeVisible();

  const added = (await storedFiles(page)).filter(({ path }) => !before.some((file) => file.path === path));
  const hashes = new Map(added.map(({ path, sha256 }) => [path.replace(/^models\/[^/]+\//, ''), sha256]));
  const expected = server.repositories
    .get('somebody/small')!
    .files.filter(({ name }) => name !== 'pytorch_model.bin')
    .map(({ name, buffer }): [string, string] => [name, createHash('sha256').update(buffer).digest('hex')]);
  expect(hashes).toEqual(new Map(expected));
  expect(server.asked).not.toContain('hub /somebody/small/resolve/main/pytorch_model.bin');
});

test('of several GGUF files one is chosen, and nothing else is downloaded', async () => {
  const { page, words } = studio;
  server.seen.length = 0;
  await panel.want(server.address, 'somebody/quantised');
  await panel.connect(server.host);
  await panel.dialog.getByLabel(words.models.hub.download.which).selectOption('tiny-Q4_1.gguf');
  await expect(panel.dialog.getByRole('row')).toHaveCount(2);
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await panel.download();
  await expect(page.getByText(like(words.models.import.done, { name: 'quantised' }))).toBeVisible({ timeout: 30_000 });
  expect(server.asked.some((path) => path.includes('tiny-F16.gguf'))).toBe(false);
  expect(server.asked.some((path) => path.includes('tiny-Q4_1.gguf'))).toBe(true);
});

test('what an import told stays with the model, which can be renamed and exported; so can the bundled base', async () => {
  const { page, words } = studio;
  await models.import(
    smallModel({ config: { architectures: ['LLaMAForCausalLM'], _model_name_or_path: 'a/b', auto_map: {} } }),
    'odd config',
  );
  const told = [
    fill(words.models.notice.architecture, { found: 'LLaMAForCausalLM', read: 'LlamaForCausalLM' }),
    fill(words.models.notice['unknown-fields'], { fields: '_model_name_or_path, auto_map' }),
  ];
  for (const sentence of told) await expect(page.getByRole('status').getByText(sentence)).toBeVisible();
  const model = models.model('odd config');
  await model.getByText(fill(words.models.notices_other, { count: '2' })).click();
  for (const sentence of told) await expect(model.getByText(sentence)).toBeVisible();
  expect(await violations(page, { within: '[data-testid=model]' })).toEqual([]);

  await model.getByRole('button', { name: fill(words.models.rename, { name: 'odd config' }) }).click();
  await page.getByLabel(words.models.name, { exact: true }).fill('of another name');
  await page.keyboard.press('Enter');
  await studio.open({ page: 'runs' });
  await studio.open({ page: 'models' });
  await expect(models.model('of another name')).toBeVisible();
  await expect(page.getByTestId('kept')).toBeVisible();

  await models
    .model('Nano')
    .or(models.models.first())
    .first()
    .getByRole('button', { name: like(words.models.export.title) })
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel(words.common.export.dtype)).toHaveValue('F16');
  expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
  await dialog.getByRole('button', { name: words.common.export.run }).click();
  await expect(dialog.getByRole('link', { name: like(words.common.export.download) })).toBeVisible({ timeout: 30_000 });
  await dialog.getByRole('button', { name: words.common.close }).click();
});

test('a mirror learns nothing but what it is asked, and its store does not see the token', async () => {
  server.seen.length = 0;
  await panel.want(server.address, 'somebody/secret', { token: 'token-of-somebody' });
  await panel.connect(server.host);
  await panel.download();
  await expect(models.model('secret')).toBeVisible({ timeout: 30_000 });
  expect(server.seen.some(({ server: which }) => which === 'store')).toBe(true);
  for (const { server: which, headers } of server.seen) {
    expect(headers.authorization).toBe(which === 'hub' ? 'Bearer token-of-somebody' : undefined);
    expect([headers.cookie, headers.referer]).toEqual([undefined, undefined]);
  }
  // It is forgotten once it has served.
  await expect(panel.token).toHaveValue('');
});

type Refusal = 'hub-missing' | 'hub-forbidden' | 'hub-incomplete' | 'hub-answer' | 'hub-web-page' | 'file-missing' | 'tensor-not-finite';
const refusals: [what: string, repository: string, code: Refusal, values: Record<string, string>, downloads: boolean][] = [
  ['a model that does not exist', 'somebody/nothing', 'hub-missing', { repository: 'somebody/nothing', revision: 'main' }, false],
  ['a model that wants a token', 'somebody/secret', 'hub-forbidden', { repository: 'somebody/secret', status: '401' }, false],
  ['a repository without a model', 'somebody/text', 'file-missing', { file: 'README.md', wanted: 'config.json' }, false],
  ['a list that goes on at another host', 'somebody/elsewhere', 'hub-answer', {}, false],
  ['a line that is cut', 'somebody/cut', 'hub-incomplete', { file: 'model.safetensors' }, true],
  ['a login page in place of the tokenizer', 'somebody/login', 'hub-web-page', { file: 'tokenizer.json' }, true],
  ['a login page in place of the weights', 'somebody/wall', 'hub-web-page', { file: 'model.safetensors' }, true],
  ['weights that are not numbers', 'somebody/broken', 'tensor-not-finite', { tensor: 'lm_head.weight' }, true],
];
for (const [what, repository, code, values, downloads] of refusals)
  test(`${what}: refused in words in both languages, and nothing is left`, async () => {
    const { page } = studio;
    studio.watch.expect(/Failed to load resource/);
    const before = await storedFiles(page);
    await panel.want(server.address, repository);
    await panel.connect(server.host, downloads);
    if (downloads) await panel.download();
    await expect(studio.alerts.filter({ hasText: like(studio.words.errors[code].what, values) })).toBeVisible({ timeout: 30_000 });
    await studio.switchLanguage('zh');
    await expect(studio.alerts.filter({ hasText: like(wordsOf('zh').errors[code].what, values) })).toBeVisible();
    await studio.switchLanguage('en');
    await studio.expectAlert(like(studio.words.errors[code].what, values));
    expect(await storedFiles(page)).toEqual(before);
  });

test('a host that nobody answers at is named', async () => {
  studio.watch.expect(/localhost:9|Failed to load resource/);
  await panel.want('http://localhost:9', 'somebody/small');
  await panel.connect('localhost:9', false);
  await studio.expectAlert(like(studio.words.errors['hub-unreachable'].what, { host: 'localhost:9' }));
});

test('an address, a name or a revision that cannot be one is marked, and no question is asked', async () => {
  const { page, words } = studio;
  for (const [address, repository, words_] of [
    ['http://huggingface.co', 'a/b', words.models.hub.wrong.address],
    ['https://huggingface.co', 'a/b/c', words.models.hub.wrong.repository],
  ] as const) {
    await panel.want(address, repository);
    await expect(page.getByText(words_, { exact: true })).toBeVisible();
    await expect(panel.dialog).toBeHidden();
  }
});

test('a download can be cancelled, and leaves nothing', async () => {
  const { page, words } = studio;
  const before = await storedFiles(page);
  await panel.want(server.address, 'somebody/stalled');
  await panel.connect(server.host);
  await panel.download();
  await expect(page.getByRole('main').getByText(fill(words.common.phase.fetch, { item: 'model.safetensors' }))).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: words.common.cancel, exact: true }).click();
  await expect(panel.look).toBeEnabled();
  await expect(studio.alerts).toHaveCount(0);
  await expect.poll(() => storedFiles(page)).toEqual(before);
});

test('the hub worker alone may reach other hosts', async ({ request }) => {
  const { page } = studio;
  await studio.open({ page: 'runs' });
  await studio.open({ page: 'models' });
  await panel.want(server.address, 'somebody/small');
  await panel.connect(server.host);
  await panel.decline();
  const policies = new Map<string, string>();
  // The engine's own threads start from blobs, under the policy of the script that starts them.
  for (const worker of page.workers().filter((one) => one.url().startsWith('http'))) {
    const headers = (await request.get(worker.url())).headers();
    const [name] = worker.url().split('/').at(-1)!.split('.');
    policies.set(
      name!,
      headers['content-security-policy']!.split('; ').find((part) => part.startsWith('connect-src'))!,
    );
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
  }
  expect(policies.get('hub')).toBe("connect-src 'self' https: http://localhost:* http://127.0.0.1:*");
  expect(policies.size).toBeGreaterThan(1);
  for (const [name, policy] of policies) if (name !== 'hub') expect(policy, name).toBe("connect-src 'self'");
});
