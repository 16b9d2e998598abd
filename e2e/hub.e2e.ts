/** Models and data sets from the Hub or a mirror: asked for each time by the host's name, taken whole or not at all, with errors in words. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import type { CorpusApi, SourceRecord } from '../src/contract/corpus';
import type { DatasetOrigin } from '../src/contract/ingest';
import { violations } from './studio/axe';
import { CorpusPage } from './studio/corpus';
import { HubServer } from './studio/hub-server';
import { HubPanel } from './studio/hub-panel';
import { smallModel } from './studio/model-folders';
import { ModelsPage } from './studio/models';
import { storedFiles } from './studio/storage';
import { Studio } from './studio/studio';
import { fill, like, wordsOf } from './studio/words';

declare const window: Window & { crossfade: { lab: { corpus: CorpusApi } } };

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

// ---------------------------------------------------------------- data sets
const parquet = (name: string) => readFileSync(new URL(`./parity/fixtures/parquet/${name}.parquet`, import.meta.url));
const named = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
const lines = (count: number) =>
  Buffer.from(Array.from({ length: count }, (_, at) => `${JSON.stringify({ text: `${at}: ${'word '.repeat(40)}` })}\n`).join(''));
const rowsOf = (source: SourceRecord) =>
  studio.page.evaluate(
    async ({ id, rows }) =>
      (await window.crossfade.lab.corpus.sourceRows(id, 0, rows)).map(({ text, path }) => [Number(text.split(':')[0]), path] as const),
    source,
  );
const newest = () => studio.page.evaluate(async () => (await window.crossfade.lab.corpus.sources()).at(-1)!);

test.describe('a data set', () => {
  let corpus: CorpusPage;
  test.beforeAll(async () => {
    corpus = new CorpusPage(studio);
    const info = { sha: 'c0ffee'.repeat(6), gated: false, cardData: { license: 'odc-by' }, tags: ['license:odc-by'] };
    const train = [
      named('data/train-00000-of-00002.parquet', parquet('groups')),
      named('data/train-00001-of-00002.parquet', parquet('pages')),
    ];
    server.datasets.set('somebody/texts', {
      info,
      files: [named('README.md', Buffer.from('# Texts')), ...train, named('data/test-00000-of-00001.parquet', parquet('none'))],
    });
    const card =
      '---\nlicense: cc-by-4.0\nconfigs:\n- config_name: fr\n  data_files: fr/*\n- config_name: en\n  data_files:\n  - split: train\n    path: ["en/*.jsonl.gz"]\n  - split: dev\n    path: en/held.csv\n---\n# By its card\n';
    server.datasets.set('somebody/card', {
      files: [
        named('README.md', Buffer.from(card)),
        named('fr/a.jsonl', lines(3)),
        named('en/a.jsonl.gz', gzipSync(lines(50))),
        named('en/held.csv', Buffer.from('text\n"0: one, of\ntwo lines"\n1: two\n')),
      ],
      breaks: [1, 3],
    });
    server.datasets.set('somebody/script', {
      files: [named('script.py', Buffer.from('x')), named('refs/convert/parquet//default/partial-train/0000.parquet', parquet('indexed'))],
    });
    server.datasets.set('somebody/closed', { files: train, gated: true, info: { ...info, gated: 'auto' } });
    server.datasets.set('somebody/pictures', { files: [named('a.jpg', Buffer.from('x'))] });
    server.datasets.set('somebody/broken', { files: [named('train.jsonl', lines(8000))], breaks: [3, 4, 5, 6, 7] });
    await studio.open({ page: 'corpus' });
  });

  test('becomes a channel in three presses: within its budget, with its licence and where it came from', async () => {
    const { page, words } = studio;
    server.seen.length = 0;
    await corpus.wantDataset(server.address, 'somebody/texts');
    await expect(corpus.question).toContainText(fill(words.corpus.dataset.ask.title, { host: server.host }));
    expect(await violations(page, { within: '[role=dialog]' })).toEqual([]);
    expect(server.seen).toEqual([]);
    await corpus.connect(server.host);
    await expect(corpus.ingesting).toContainText(fill(words.corpus.dataset.licence, { licence: 'odc-by' }));
    await expect(corpus.ingesting.getByLabel(words.corpus.ingest.textField)).toHaveValue('column:text');
    await corpus.fetchAtMost(0.08);
    expect(await violations(page, { within: '[data-testid=ingest]' })).toEqual([]);
    await corpus.start();
    await expect(corpus.ingested).toBeVisible({ timeout: 30_000 });
    const source = await newest();
    expect(source).toMatchObject({
      name: 'somebody/texts@main/default/train',
      origin: {
        dataset: {
          repository: 'somebody/texts',
          revision: 'main',
          commit: 'c0ffee'.repeat(6),
          config: 'default',
          split: 'train',
          licence: 'odc-by',
          budget: 80_000,
        },
      },
    });
    const { dataset } = source.origin as { dataset: DatasetOrigin };
    expect(dataset.fetched).toBe(server.given);
    expect(dataset.fetched).toBeLessThanOrEqual(80_000);
    // The first file wholly, and of the second, which is one row group, as many pages as fit.
    const rows = await rowsOf(source);
    expect(rows.length).toBeGreaterThan(210);
    expect(rows.length).toBeLessThan(390);
    expect(rows.map(([number]) => number)).toEqual(rows.map((_, at) => at % 200));
    expect(rows[0]![1]).toBe('somebody/texts@main/default/train/data/train-00000-of-00002.parquet');
    await expect(page.getByTestId('source-dataset')).toContainText('odc-by');
    expect(server.seen.filter(({ server: which }) => which === 'store').length).toBeGreaterThan(0);
    for (const { headers } of server.seen)
      expect([headers.authorization, headers.cookie, headers.referer]).toEqual([undefined, undefined, undefined]);
  });

  test('of a mirror that knows only files is read by its card; a line that breaks off is taken up again', async () => {
    const { words } = studio;
    await corpus.wantDataset(server.address, `${server.address}/datasets/somebody/card/viewer/en/train`);
    await corpus.connect(server.host);
    await expect(corpus.ingesting.getByLabel(words.corpus.dataset.config)).toHaveValue('en');
    await expect(corpus.ingesting).toContainText(fill(words.corpus.dataset.licence, { licence: 'cc-by-4.0' }));
    await corpus.start();
    await expect(corpus.ingested).toBeVisible({ timeout: 30_000 });
    expect((await rowsOf(await newest())).map(([number]) => number)).toEqual(Array.from({ length: 50 }, (_, at) => at));

    await corpus.wantDataset(server.address, 'somebody/card');
    await corpus.connect(server.host);
    await corpus.ingesting.getByLabel(words.corpus.dataset.config).selectOption('en');
    await corpus.ingesting.getByLabel(words.corpus.dataset.split).selectOption('dev');
    await corpus.start();
    await expect(corpus.ingested).toContainText('somebody/card@main/en/dev', { timeout: 30_000 });
    expect((await rowsOf(await newest())).map(([number]) => number)).toEqual([0, 1]);
  });

  test('that a script makes is read as the Hub converted it', async () => {
    await corpus.wantDataset(server.address, 'somebody/script');
    await corpus.connect(server.host);
    await corpus.fetchAtMost(50);
    await corpus.start();
    await expect(corpus.ingested).toContainText('somebody/script@refs/convert/parquet/default/train', { timeout: 30_000 });
    expect(await rowsOf(await newest())).toHaveLength(200);
  });

  for (const [what, repository, code, values] of [
    ['does not exist', 'somebody/nothing', 'hub-forbidden', { repository: 'somebody/nothing', status: '401' }],
    ['is gated', 'somebody/closed', 'hub-forbidden', { repository: 'somebody/closed', status: '403' }],
    ['has no text', 'somebody/pictures', 'dataset-empty', { repository: 'somebody/pictures', found: '1' }],
  ] as const)
    test(`that ${what} is refused in words in both languages`, async () => {
      studio.watch.expect(/Failed to load resource/);
      await corpus.wantDataset(server.address, repository);
      await corpus.connect(server.host);
      const alert = (lang: 'en' | 'zh') => studio.page.getByText(like(wordsOf(lang).errors[code].what, values)).first();
      await expect(alert('en')).toBeVisible();
      await studio.switchLanguage('zh');
      await expect(alert('zh')).toBeVisible();
      await studio.switchLanguage('en');
      await studio.open({ page: 'runs' });
      await studio.open({ page: 'corpus' });
    });

  test('whose line breaks off for good keeps its rows, and goes on once the host is agreed to again', async () => {
    const { words } = studio;
    studio.watch.expect(/Failed to load resource/);
    await corpus.wantDataset(server.address, 'somebody/broken');
    await corpus.connect(server.host);
    await corpus.start();
    await expect(corpus.interrupted).toBeVisible({ timeout: 30_000 });
    await corpus.interrupted.getByRole('button', { name: words.corpus.interrupted.goOn }).click();
    await corpus.connect(server.host);
    await expect(corpus.ingested).toBeVisible({ timeout: 30_000 });
    expect((await rowsOf(await newest())).map(([number]) => number)).toEqual(Array.from({ length: 8000 }, (_, at) => at));
    await expect(corpus.interrupted).toHaveCount(0);
  });
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
